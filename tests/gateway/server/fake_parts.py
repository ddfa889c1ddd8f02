"""Parts that stand in for the request path, the keys and the metrics: the server runs them in its real processes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from proveout.errors import SettingsInvalid
from proveout.gateway._configuration import Configuration
from proveout.gateway._entries import RequestServed
from proveout.gateway._key import Key

REFUSED_TIER = "unusable"
KEYS = "test.keys"


def read_keys(home: Path) -> tuple[Key, ...]:
    """Those that a test has put into the store."""
    from proveout.store import Workspace, open_store  # noqa: PLC0415  as the real part

    with open_store(Workspace(home)) as store:
        names = json.loads(store.get(KEYS) or "[]")
    return tuple(Key(id=name, name=name, digest=name.encode()) for name in names)


class Fold:
    """Counts records."""

    def __init__(self) -> None:
        self.count = 0

    def observe(self, records: Iterable[bytes]) -> None:
        self.count += len(list(records))

    def render(self, now: float) -> bytes:
        return f"requests {self.count}\n".encode()


make_fold = Fold


def build_state(configuration: Configuration) -> Configuration:
    """The configuration itself; a tier of a certain name cannot be used, in the second worker at least."""
    if REFUSED_TIER in configuration.settings.tiers:
        raise SettingsInvalid("no such tier", why="it is unusable", fix="leave it out", about="gateway.toml")
    return configuration


class Gateway:
    """Answers with what is in force, and leaves a record; ``seconds`` in the body makes it take so long."""

    def __init__(self, state: Configuration, recorder: Any) -> None:
        self.state = state
        self.digest = state.digest
        self.recorder = recorder
        self.draining = False
        self.under_way = 0

    def swap(self, state: Configuration) -> None:
        self.state = state
        self.digest = state.digest

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
        said = {"id": id_, "digest": digest, "worker": os.getpid(), "keys": [key.name for key in self.state.keys]}
        await _answer(send, 200, said)


def make_gateway(state: Configuration, recorder: Any) -> Gateway:
    return Gateway(state, recorder)


async def _answer(send: Any, status: int, said: dict[str, Any]) -> None:
    body = json.dumps(said).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
