"""What stands in for the request path: the server runs it in its real processes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from proveout.errors import SettingsInvalid
from proveout.gateway._configuration import Configuration
from proveout.gateway._entries import RequestServed
from proveout.gateway.keys import KeyRing

REFUSED_TIER = "unusable"


class Providers:
    """There are none."""

    def states(self) -> tuple[()]:
        return ()


class State(NamedTuple):
    """The configuration itself."""

    configuration: Configuration
    keys: KeyRing | None = None
    tasks: Any = MappingProxyType({})
    providers: Any = Providers()

    async def close(self, after: Any = None) -> None:
        """Nothing is held."""


def build_state(configuration: Configuration, _before: State | None) -> State:
    """A tier of a certain name cannot be used."""
    if REFUSED_TIER in configuration.settings.tiers:
        raise SettingsInvalid("no such tier", why="it is unusable", fix="leave it out", about="gateway.toml")
    return State(configuration, KeyRing(configuration.keys) if configuration.keys else None)


class Gateway:
    """Answers with what is in force, and leaves a record; ``seconds`` in the body makes it take so long."""

    def __init__(self, state: State, recorder: Any) -> None:
        self.swap(state)
        self.recorder = recorder
        self.draining = False
        self.under_way = 0

    def swap(self, state: State) -> State:
        before = getattr(self, "state", state)
        self.state = state
        self.digest = state.configuration.digest
        return before

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        if self.draining:
            await _answer(send, 503, {"error": "draining"})
            return
        self.under_way += 1
        try:
            await self._serve(json.loads(body or b"{}"), send)
        finally:
            self.under_way -= 1

    async def _serve(self, asked: dict[str, Any], send: Any) -> None:
        digest = self.digest
        id_ = self.recorder.next_id()
        await asyncio.sleep(asked.get("seconds", 0))
        if asked.get("die"):
            os._exit(9)
        served = RequestServed(id=id_, operation="chat", received=time.time_ns(), model="m", status=200)
        self.recorder.put(msgspec.json.encode(served))
        keys = [key.name for key in self.state.configuration.keys]
        said = {"id": id_, "digest": digest, "worker": os.getpid(), "keys": keys}
        await _answer(send, 200, said)


def make_gateway(state: State, recorder: Any, _slots: Path, _number: int) -> Gateway:
    return Gateway(state, recorder)


async def _answer(send: Any, status: int, said: dict[str, Any]) -> None:
    body = json.dumps(said).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
