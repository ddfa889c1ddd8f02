"""Records as the gateway writes them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from proveout.gateway._entries import RequestServed

Make = Callable[..., RequestServed]


@pytest.fixture
def served() -> Make:
    def make(**changed: object) -> RequestServed:
        plain = {
            "id": "w1-1",
            "operation": "chat",
            "received": 1_790_000_000_000_000_000,
            "model": "gpt-5-mini",
            "status": 200,
            "route": "provider:main",
            "microseconds": 50_000,
        }
        return msgspec.convert(plain | changed, RequestServed)

    return make


@pytest.fixture
def record(served: Make) -> Callable[..., bytes]:
    return lambda **changed: msgspec.json.encode(served(**changed))
