"""`proveout serve` as a user starts it, in front of a provider: the whole gateway over sockets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from proveout.gateway import RequestServed
from proveout.ledger import LedgerReader, verify_ledger
from proveout.store import Workspace

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}


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


class Gateway:
    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.command = [sys.executable, "-m", "proveout"]
        self.errors = (home.parent / "stderr").open("ab")
        self.process = subprocess.Popen(
            [*self.command, "serve", "--home", str(home), "--port", "0", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        assert self.process.stdout is not None
        self.serving: dict[str, Any] = json.loads(self.process.stdout.readline())

    def chat(self, key: str = "") -> tuple[int, dict[str, Any]]:
        url = f"{self.serving['address']}/chat/completions"
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
        request = urllib.request.Request(url, body)  # noqa: S310  of this test's own server
        request.add_header("content-type", "application/json")
        if key:
            request.add_header("authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  as above
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

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


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_model_is_passed_through_recorded_and_asks_for_a_key_once_there_is_one(
    serve: Callable[..., Gateway], provider: str
) -> None:
    gateway = serve("--upstream", provider)
    assert gateway.serving["models"] == ["*"]
    assert gateway.chat() == (200, ANSWER)
    assert gateway.memory_mb() <= 150
    made = gateway.key("create", "--name", "first", "--json")
    secret = json.loads(made)["secret"]
    until(lambda: gateway.chat()[0] == 401)
    assert gateway.chat(secret)[0] == 200
    gateway.key("revoke", "first")
    until(lambda: gateway.chat(secret)[0] == 401)
    assert gateway.end() == 0
    workspace = Workspace(gateway.home)
    verify_ledger(workspace)
    with LedgerReader.open(workspace) as reader:
        kinds = Counter(entry.kind for entry in reader.entries())
    assert kinds[RequestServed.kind] >= 2
    assert kinds["key.created"] == kinds["key.revoked"] == 1


def test_workers_share_a_limit(serve: Callable[..., Gateway], provider: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    limits = "[tiers.standard.limits]\nrequests_per_minute = 600\nburst_seconds = 2\n"
    (tmp_path / "home" / "gateway.toml").write_text(limits)
    gateway = serve("--upstream", provider, "--workers", "2")
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(status for status, _ in pool.map(lambda _number: gateway.chat(), range(80)))
    allowed = 600 / 60 * (2 + time.monotonic() - begun)
    assert set(statuses) == {200, 429}
    assert 19 <= statuses[200] <= allowed + 1
    assert gateway.end() == 0
