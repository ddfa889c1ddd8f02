from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from proveout.errors import UpstreamFailed
from proveout.gateway import Provider, Settings
from proveout.gateway._exchange import Exchange
from proveout.gateway.providers import Listed, Providers, list_models


class Answer:
    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.headers: list[tuple[bytes, bytes]] = []

    async def read(self, most_bytes: int = 0) -> bytes:
        return self.body

    def close(self) -> None:
        pass


class Says:
    """A client that answers one thing."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.asked: list[Any] = []

    async def send(self, call: Any) -> Any:
        self.asked.append(call)
        if not self.status:
            raise UpstreamFailed("gone", why="w", fix="f", about="a")
        return Answer(self.status, self.body)

    async def close(self) -> None:
        pass


def listed(*says: tuple[tuple[str, ...], int, bytes]) -> tuple[Listed, ...]:
    tables = {
        f"p{number}": Provider(base_url=f"http://p{number}/v1", models=one[0], usd_per_million_in=1.0)
        for number, one in enumerate(says)
    }
    clients = {f"http://p{number}/v1": Says(*one[1:]) for number, one in enumerate(says)}
    providers = Providers(
        Settings(providers=tables),
        clock=lambda: 0.0,
        environment={},
        rng=Random(0),
        open=lambda **given: clients[given["base_url"]],
    )
    return asyncio.run(list_models(providers, Exchange(id="1", operation="chat", credential=b"sk-own")))


def test_a_pattern_lists_what_its_provider_says() -> None:
    body = b'{"object":"list","data":[{"id":"gpt-4o","object":"model"},{"id":"o3"}]}'
    assert listed((("*",), 200, body)) == (Listed("gpt-4o", "p0"), Listed("o3", "p0"))


def test_names_that_go_elsewhere_are_not_listed_and_stated_ones_come_first() -> None:
    body = b'{"data":[{"id":"small"},{"id":"gpt-4o"},{"id":"other"}]}'
    found = listed((("small",), 200, b"{}"), (("gpt-*", "o*"), 200, body))
    assert found == (Listed("small", "p0"), Listed("gpt-4o", "p1"), Listed("other", "p1"))


@pytest.mark.parametrize(("status", "body"), [(0, b""), (500, b"{}"), (200, b"<html>"), (200, b'{"data":[1]}')])
def test_a_provider_that_has_no_list_is_left_out(status: int, body: bytes) -> None:
    assert listed((("*",), status, body)) == ()
