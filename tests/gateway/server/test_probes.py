"""/healthz, /readyz, /metrics and /admin/status of one worker."""

from __future__ import annotations

import asyncio
import json
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

import pytest

from proveout.errors import Forbidden, Unauthenticated
from proveout.gateway._key import Key
from proveout.gateway.keys import KeyRing
from proveout.gateway.providers import ProviderState
from proveout.gateway.server._access import Access
from proveout.gateway.server._probes import Probes

SECRET = "pvo_" + "a" * 8 + "_" + "b" * 43
ADMIN = "an administrator's token"


class Gate:
    """Knows one administrator."""

    def authenticate(self, token: bytes) -> None:
        if token == b"nobody's":
            raise Forbidden("you may not", why="no role", fix="get it", about="authorization")
        if token != ADMIN.encode():
            raise Unauthenticated("no token", why="it is none", fix="get one", about="authorization")


class Asked:
    """An application behind probes, and what was sent to the client."""

    def __init__(self, *, told: bytes | None = b"up 1\n", keys: KeyRing | None = None, gate: Any = None) -> None:
        async def ask(_what: str) -> bytes | None:
            return told

        self.recorder = SimpleNamespace(room=5000, writable=True)
        self.probes = Probes(self.recorder, ask)  # type: ignore[arg-type]
        provider = ProviderState(name="open", breaker="closed", failures=0, retries_left=1.0)
        stage = SimpleNamespace(kind="certified", candidate="distilled@1", certificate="certificate@2")
        tasks = {"desk": SimpleNamespace(stages={"certified": stage})}
        state: Any = SimpleNamespace(tasks=tasks, providers=SimpleNamespace(states=lambda: (provider,)))
        self.probes.use("abc", state, ["/srv/desk"], Access(keys, gate))
        self.behind: list[str] = []
        self.front = self.probes.before(self.app)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.behind.append(scope["path"])

    def get(self, path: str, method: str = "GET", token: str = "") -> tuple[int, dict[bytes, bytes], Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def main() -> None:
            headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
            scope = {"type": "http", "path": path, "method": method, "headers": headers}
            await self.front(scope, None, send)  # type: ignore[arg-type]

        asyncio.run(main())
        if not sent:
            return 0, {}, None
        headers = dict(sent[0]["headers"])
        is_json = headers[b"content-type"] == b"application/json"
        return sent[0]["status"], headers, json.loads(sent[1]["body"]) if is_json else sent[1]["body"]


def ring_of_one_key() -> KeyRing:
    return KeyRing([Key(id="a" * 8, name="k", digest=blake2b(SECRET.encode(), digest_size=32).digest())])


def test_other_paths_go_to_the_application() -> None:
    asked = Asked()
    for path in ("/v1/models", "/healthz/", "/", "//healthz", "/admin/status"):
        assert asked.get(path)[0] == 0
    assert asked.behind == ["/v1/models", "/healthz/", "/", "//healthz", "/admin/status"]


def test_a_worker_is_ready_until_it_drains_or_its_records_have_no_way() -> None:
    asked = Asked()
    status, headers, body = asked.get("/readyz")
    assert status == 200
    assert headers[b"cache-control"] == b"no-store"
    assert body == {
        "status": "ok",
        "why": [],
        "configuration": "abc",
        "draining": False,
        "ring_free_bytes": 5000,
        "ledger_writable": True,
        "tasks": ["desk"],
        "breakers": {"open": "closed"},
    }
    asked.probes.draining, asked.recorder.room, asked.recorder.writable = True, 4095, False
    status, _, body = asked.get("/readyz")
    assert (status, body["why"]) == (503, ["draining", "the ring is full", "the ledger cannot be written"])
    assert asked.get("/healthz")[::2] == (200, {"status": "ok", "configuration": "abc"})


def test_before_anything_is_in_force_a_worker_lives() -> None:
    async def ask(_what: str) -> bytes | None:
        return None

    probes = Probes(SimpleNamespace(room=5000, writable=True), ask)  # type: ignore[arg-type]
    assert asyncio.run(probes.health(b"")).status == 200


def test_metrics_are_those_of_the_supervisor() -> None:
    status, headers, body = Asked().get("/metrics")
    assert (status, body) == (200, b"up 1\n")
    assert headers[b"content-type"].startswith(b"text/plain; version=0.0.4")
    status, _, body = Asked(told=None).get("/metrics")
    assert (status, body["error"]["code"]) == (503, "overloaded")


def test_metrics_need_a_key_where_requests_do_and_health_never_does() -> None:
    asked = Asked(keys=ring_of_one_key())
    status, headers, body = asked.get("/metrics")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    assert headers[b"www-authenticate"] == b"Bearer"
    assert asked.get("/metrics", token="wrong")[0] == 401  # noqa: S106
    assert asked.get("/metrics", token=ADMIN)[0] == 401
    assert asked.get("/metrics", token=SECRET)[0] == 200
    assert asked.get("/healthz")[0] == asked.get("/readyz")[0] == 200


def test_administrators_see_metrics_without_a_key() -> None:
    asked = Asked(keys=ring_of_one_key(), gate=Gate())
    assert asked.get("/metrics", token=ADMIN)[0] == asked.get("/metrics", token=SECRET)[0] == 200
    assert asked.get("/metrics", token="wrong")[0] == 401  # noqa: S106
    assert asked.get("/metrics")[0] == 401


def test_only_administrators_see_the_status() -> None:
    asked = Asked(told=b'{"workers":[1]}', keys=ring_of_one_key(), gate=Gate())
    assert asked.get("/admin/status")[0] == asked.get("/admin/status", token=SECRET)[0] == 401
    assert asked.get("/admin/status", token="nobody's")[0] == 403  # noqa: S106
    status, headers, body = asked.get("/admin/status", token=ADMIN)
    assert status == 200
    assert headers[b"cache-control"] == b"no-store"
    assert body["workers"] == [1]
    assert body["providers"][0]["breaker"] == "closed"
    certified = {"by": "certified", "candidate": "distilled@1", "certificate": "certificate@2"}
    assert body["tasks"] == [{"name": "desk", "answered_by": [certified]}]
    assert asked.behind == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_get_and_head_are_taken(path: str) -> None:
    status, headers, body = Asked().get(path, "POST")
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")
    assert body["error"]["type"] == "invalid_request_error"
    assert Asked().get(path, "HEAD")[0] == 200
