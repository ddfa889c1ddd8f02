"""A provider that says what a test wrote down, and a request to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest

from proveout.errors import UpstreamFailed
from proveout.gateway._exchange import Exchange, Reply, Wanted
from proveout.gateway._key import ANONYMOUS, Key
from proveout.gateway._settings import Provider, Settings
from proveout.gateway.providers import ProviderAnswerer, Providers
from proveout.gateway.providers._prices import PriceList, look_up
from proveout.gateway.upstream import Call, Timeouts

KEY = "sk-upstream-0123456789"


class FakeResponse:
    """An answer in pieces; a piece that is an error is raised, one that is None never comes."""

    def __init__(self, status: int, pieces: list[Any], headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = headers
        self.pieces = pieces
        self.closed = 0
        self.ended = False

    async def read(self, most_bytes: int = 0) -> bytes:
        return b"".join([piece async for piece in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if piece is None:
                await asyncio.Event().wait()
            yield piece
        self.ended = True

    def close(self) -> None:
        self.closed += 1


class FakeClient:
    """Answers in the order they were written down; the last one again and again."""

    def __init__(self, url: str, answers: list[Any]) -> None:
        self.url = url
        self.answers = answers
        self.calls: list[Call] = []
        self.given: list[FakeResponse] = []
        self.cancelled = 0
        self.closed = False

    async def send(self, call: Call) -> FakeResponse:
        self.calls.append(call)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            while callable(answer):
                answer = await answer()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        pieces = body if isinstance(body, list) else [body]
        self.given.append(FakeResponse(status, pieces, headers))
        return self.given[-1]

    async def close(self) -> None:
        self.closed = True


class World:
    """Providers with fake clients, a clock that is turned by hand, and sleeps that turn it."""

    def __init__(self, tables: dict[str, Provider], answers: dict[str, list[Any]], environment: dict[str, str]) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.opened: list[str] = []
        self.clients: dict[str, FakeClient] = {}
        self.environment = {"UPSTREAM_KEY": KEY, **environment}
        self._answers = answers
        self._urls = {table.base_url: name for name, table in tables.items()}
        self.providers = self.made(tables)
        self.answerer = ProviderAnswerer(self.providers, sleep=self._sleep)

    def made(self, tables: dict[str, Provider], before: Providers | None = None) -> Providers:
        return Providers(
            Settings(providers=tables),
            clock=lambda: self.now,
            environment=self.environment,
            rng=Random(7),
            open=self._open,
            prices=PriceList(look_up, begin=lambda run: run()),
            before=before,
        )

    def _open(self, kind: str, base_url: str, timeouts: Timeouts, most_connections: int) -> FakeClient:
        self.opened.append(base_url)
        name = self._urls.get(base_url, base_url)
        self.clients[name] = FakeClient(base_url, list(self._answers.get(name, [(200, b"{}")])))
        return self.clients[name]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def exchange(self, body: Any, *, key: Key = ANONYMOUS, credential: bytes = b"", **more: Any) -> Exchange:
        raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        top = json.loads(raw)
        options = top.get("stream_options") or {}
        wanted = Wanted(
            model=top["model"],
            stream=top.get("stream", False),
            usage_asked=isinstance(options, dict) and bool(options.get("include_usage")),
        )
        return Exchange(
            id="r1", **({"operation": "chat"} | more), body=raw, wanted=wanted, key=key, credential=credential
        )

    def ask(self, exchange: Exchange) -> tuple[Reply, bytes]:
        """The reply, and all that its client gets."""

        async def run() -> tuple[Reply, bytes]:
            reply = await self.answerer.answer(exchange)
            if reply.chunks is None:
                return reply, reply.body
            return reply, b"".join([chunk async for chunk in reply.chunks])

        return asyncio.run(run())


def provider(**fields: Any) -> Provider:
    """A provider with a key and a price."""
    defaults: dict[str, Any] = {
        "base_url": "https://one.example/v1",
        "api_key_env": "UPSTREAM_KEY",
        "usd_per_million_in": 1.0,
        "usd_per_million_out": 2.0,
        "retry_share": 1.0,
    }
    return Provider(**(defaults | fields))


@pytest.fixture
def world() -> Callable[..., World]:
    """Makes a world: answers by provider; tables beside ``one`` by name."""

    def make(
        *answers: Any,
        tables: dict[str, dict[str, Any]] | None = None,
        environment: dict[str, str] | None = None,
        **more: Any,
    ) -> World:
        stated = {"one": {}} if tables is None else tables
        made = {
            name: provider(**({"base_url": f"https://{name}.example/v1"} | fields)) for name, fields in stated.items()
        }
        return World(made, {"one": list(answers) or [(200, b"{}")], **more}, environment or {})

    return make


@pytest.fixture
def failed() -> UpstreamFailed:
    return UpstreamFailed("no connection to the provider", why="refused", fix="try again", about="one.example")
