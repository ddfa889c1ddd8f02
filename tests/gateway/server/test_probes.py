"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from proveout.gateway.server._probes import Probes


class Asked:
    """An application behind probes, and what was sent to the client."""

    def __init__(self, *, room: bool = True, metrics: bytes | None = b"up 1\n") -> None:
        async def scrape() -> bytes | None:
            return metrics

        self.probes = Probes(3, lambda _size: room, scrape)
        self.probes.digest = "abc"
        self.behind: list[str] = []
        self.front = self.probes.before(self.app)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.behind.append(scope["path"])

    def get(self, path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def main() -> None:
            await self.front({"type": "http", "path": path, "method": method}, None, send)  # type: ignore[arg-type]

        asyncio.run(main())
        return (sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]) if sent else (0, {}, b"")


def test_other_paths_go_to_the_application() -> None:
    asked = Asked()
    for path in ("/v1/models", "/healthz/", "/", "//healthz"):
        assert asked.get(path)[0] == 0
    assert asked.behind == ["/v1/models", "/healthz/", "/", "//healthz"]


def test_a_worker_is_ready_until_it_drains_or_the_ledger_is_behind() -> None:
    asked = Asked()
    status, headers, body = asked.get("/readyz")
    assert status == 200
    assert headers[b"cache-control"] == b"no-store"
    assert json.loads(body) == {"status": "ready", "why": [], "configuration": "abc", "worker": 3}
    asked.probes.draining = True
    status, _, body = asked.get("/readyz")
    assert (status, json.loads(body)["why"]) == (503, ["draining"])
    assert asked.get("/healthz")[0] == 200
    full = Asked(room=False)
    status, _, body = full.get("/readyz")
    assert (status, json.loads(body)["why"]) == (503, ["the ledger is behind"])
    assert full.get("/healthz")[0] == 200


def test_metrics_are_those_of_the_supervisor() -> None:
    status, headers, body = Asked().get("/metrics")
    assert (status, body) == (200, b"up 1\n")
    assert headers[b"content-type"].startswith(b"text/plain; version=0.0.4")
    assert Asked(metrics=None).get("/metrics")[0] == 503


def test_only_get_and_head_are_taken() -> None:
    status, headers, body = Asked().get("/readyz", "POST")
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert Asked().get("/healthz", "HEAD")[0] == 200
