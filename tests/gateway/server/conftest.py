"""A real server of fake parts, in processes of its own."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from proveout.gateway._entries import RequestServed
from proveout.gateway.keys import create_key
from proveout.ledger import LedgerReader, verify_ledger
from proveout.store import Workspace, open_store

HERE = Path(__file__).parent
WAIT_SECONDS = 20.0


class Running:
    """One supervisor and its workers."""

    def __init__(self, home: Path, workers: int) -> None:
        self.home = home
        self.errors = home.with_name(f"{home.name}.stderr")
        command = [sys.executable, str(HERE / "run_server.py"), str(home), str(workers)]
        paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.serving: dict[str, Any] = json.loads(line) if line else {}
        self.port = int(self.serving["address"].split(":")[2].split("/")[0]) if line else 0

    def get(self, path: str) -> tuple[int, Any]:
        return self.call("GET", path, None)

    def post(self, **asked: Any) -> tuple[int, Any]:
        return self.call("POST", "/v1/chat/completions", json.dumps(asked))

    def call(self, method: str, path: str, body: str | None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        is_json = response.headers["content-type"] == "application/json"
        return response.status, json.loads(content) if is_json else content

    def workers(self) -> set[int]:
        """Ids of the processes that answer now."""
        return {self.post()[1]["worker"] for _ in range(30)}

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        self.signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)

    def said(self, words: str) -> bool:
        return words in self.errors.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        until(lambda: self.said(words), f"it never said {words!r}: {self.errors.read_text(encoding='utf-8')}")

    def settings(self, text: str) -> None:
        (self.home / "gateway.toml").write_text(text, encoding="utf-8")

    def create_key(self, name: str) -> None:
        with open_store(Workspace(self.home)) as store:
            create_key(store, name)

    def entries(self, kind: str) -> int:
        with LedgerReader.open(Workspace(self.home)) as reader:
            return len(list(reader.entries(kind)))

    def recorded(self) -> list[str]:
        """Ids of the requests in the ledger, which verifies."""
        workspace = Workspace(self.home)
        verify_ledger(workspace)
        with LedgerReader.open(workspace) as reader:
            return [entry.body().id for entry in reader.entries(RequestServed.kind)]  # type: ignore[attr-defined]


def until(holds: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end, why
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a server; whatever is left of it at the end is killed."""
    begun: list[Running] = []

    def begin(workers: int = 1, settings: str = "", home: Path | None = None) -> Running:
        place = home or tmp_path / "home"
        place.mkdir(exist_ok=True)
        if settings:
            (place / "gateway.toml").write_text(settings, encoding="utf-8")
        begun.append(Running(place, workers))
        return begun[-1]

    yield begin
    for one in begun:
        one.process.kill()
        one.process.wait()
        if one.process.stdout is not None:
            one.process.stdout.close()
        for worker in one.serving.get("workers", ()):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


class Load:
    """Connections that ask one request after another until told to stop, and note what came of each."""

    def __init__(self, port: int, body: bytes) -> None:
        self.port = port
        self.body = body
        self.stop = False
        self.statuses: Counter[int] = Counter()
        self.answers: list[dict[str, Any]] = []
        # A connection was refused, or ended before an answer or in the middle of one.
        self.refused = self.dropped = 0

    async def connection(self) -> None:
        while not self.stop:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionError:
                self.refused += 1
                return
            try:
                if await self._told_to_go(reader, writer):
                    return
            except (ConnectionError, asyncio.IncompleteReadError):
                self.dropped += 1
            finally:
                writer.close()

    async def _told_to_go(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {len(self.body)}\r\n\r\n".encode()
        while not self.stop:
            writer.write(head + self.body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            said = json.loads(await reader.readexactly(length))
            status = int(answer[9:12])
            self.statuses[status] += 1
            if status == 200:
                self.answers.append(said)
            if b"connection: close" in answer:
                return True
        return False


@contextmanager
def loaded(port: int, connections: int = 8, body: bytes = b"{}") -> Iterator[Load]:
    """Load from a thread of its own."""
    from threading import Thread  # noqa: PLC0415

    load = Load(port, body)

    async def main() -> None:
        await asyncio.gather(*(load.connection() for _ in range(connections)))

    thread = Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        until(lambda: sum(load.statuses.values()) > connections, "no load")
        yield load
    finally:
        load.stop = True
        thread.join(WAIT_SECONDS)


@pytest.fixture
def load() -> Callable[..., Any]:
    """See `loaded`."""
    return loaded
