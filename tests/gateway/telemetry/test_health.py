"""Health: ready only where a request would be taken, and nothing secret said."""

from __future__ import annotations

import msgspec
import pytest

from proveout.gateway.telemetry import Health, liveness, readiness

GOOD = Health(
    configuration="abc123",
    ring_free=4096,
    ring_needed=1024,
    tasks=("shop", "desk"),
    tasks_wanted=("desk", "shop"),
    breakers={"main": "closed"},
)


def test_ready() -> None:
    status, body = readiness(GOOD)
    assert status == 200
    assert msgspec.json.decode(body) == {
        "status": "ok",
        "why": [],
        "configuration": "abc123",
        "draining": False,
        "ring_free_bytes": 4096,
        "ledger_writable": True,
        "tasks": ["desk", "shop"],
        "breakers": {"main": "closed"},
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"draining": True}, "draining"),
        ({"ring_free": 1023}, "the ring is full"),
        ({"ledger_writable": False}, "the ledger cannot be written"),
        ({"tasks": ("desk",)}, "not loaded yet: shop"),
    ],
)
def test_not_ready(change: dict[str, object], why: str) -> None:
    changed = msgspec.structs.replace(GOOD, **change)
    status, body = readiness(changed)
    assert status == 503
    assert msgspec.json.decode(body)["why"] == [why]
    assert liveness(changed)[0] == 200


def test_all_reasons_are_given() -> None:
    body = msgspec.json.decode(readiness(msgspec.structs.replace(GOOD, draining=True, ring_free=0))[1])
    assert body["why"] == ["draining", "the ring is full"]


def test_a_provider_that_is_down_takes_no_worker_out() -> None:
    status, body = readiness(msgspec.structs.replace(GOOD, breakers={"main": "open"}))
    assert status == 200
    assert msgspec.json.decode(body)["breakers"] == {"main": "open"}
