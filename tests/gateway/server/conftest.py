"""A real server of fake parts, in processes of its own."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from proveout.gateway._entries import RequestServed
from proveout.gateway.keys import create_key
from proveout.ledger import LedgerReader, verify_ledger
from proveout.store import Workspace, open_store

HERE = Path(__file__).parent
WAIT_SECONDS = 20.0
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}


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


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


MESSAGE = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def _read(response: Any) -> Any:
    content = response.read()
    return json.loads(content) if response.headers["content-type"] == "application/json" else content


class Gateway:
    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.command = [sys.executable, "-m", "proveout"]
        self.errors = (home.parent / "stderr").open("ab")
        self.process = subprocess.Popen(
            [*self.command, "serve", "--home", str(home), "--port", "0", *options, "--json"],
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.serving: dict[str, Any] = json.loads(line) if line else {}

    def chat(self, key: str = "") -> tuple[int, dict[str, Any]]:
        status, _, said = self.ask("/v1/chat/completions", key, MESSAGE)
        return status, said

    def ask(self, path: str, key: str = "", asked: Any = None) -> tuple[int, dict[str, str], Any]:
        """GET, or POST where anything is asked."""
        body = None if asked is None else json.dumps(asked).encode()
        request = urllib.request.Request(f"{self.serving['address'].removesuffix('/v1')}{path}", body)  # noqa: S310  of this test's own server
        if body:
            request.add_header("content-type", "application/json")
        if key:
            request.add_header("authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  as above
                return response.status, dict(response.headers), _read(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), _read(error)

    def said(self, words: str) -> bool:
        return words in (self.home.parent / "stderr").read_text(encoding="utf-8")

    def key(self, *arguments: str) -> str:
        command = [*self.command, "key", *arguments, "--home", str(self.home)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(20)

    def memory_mb(self) -> float:
        processes = [self.process.pid, *self.serving["workers"]]
        found = [re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text()) for one in processes]
        return sum(int(one[1]) for one in found if one) / 1024


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    begun: list[Gateway] = []

    def begin(*options: str) -> Gateway:
        (tmp_path / "home").mkdir(exist_ok=True)
        begun.append(Gateway(tmp_path / "home", *options))
        return begun[-1]

    yield begin
    for one in begun:
        one.process.kill()
        one.process.wait()
        one.errors.close()
        if one.process.stdout is not None:
            one.process.stdout.close()
