from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from proveout.errors import DiskFull, StoreCorrupt
from proveout.events import http_app

from .conftest import Bench, MakeBench, make_event

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


class Reply:
    def __init__(self, sent: list[Any]) -> None:
        self.sent = sent
        self.status = sent[0]["status"] if sent else 0
        self.headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]} if sent else {}
        self.json: Any = json.loads(sent[1]["body"]) if sent else None


async def ask(
    app: Any,
    body: bytes | list[bytes] = b"",
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = "/",
    gone: bool = False,
) -> Reply:
    parts = body if isinstance(body, list) else [body]
    messages = [
        {"type": "http.request", "body": part, "more_body": n < len(parts) - 1 or gone} for n, part in enumerate(parts)
    ]
    messages.append({"type": "http.disconnect"})
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or STRUCTURED).items()]
    await app({"type": "http", "method": method, "path": path, "headers": raw}, receive, send)
    return Reply(sent)


def post(bench: Bench, body: bytes | list[bytes] = b"", headers: dict[str, str] | None = None, **options: Any) -> Reply:
    app = http_app(bench.inbox, most_bytes=options.pop("most_bytes", 10_000), token=options.pop("token", ""))
    return asyncio.run(ask(app, body, headers, **options))


def test_accepted_means_stored(make_bench: MakeBench) -> None:
    bench = make_bench()
    body = make_event(1).to_json()
    assert post(bench, [body[:10], body[10:]]).status == 202
    reply = post(bench, b"[" + body + b"," + make_event(2).to_json() + b"]", BATCH)
    assert (reply.status, reply.json) == (202, {"accepted": 1, "duplicates": 1, "unmatched": 0})
    headers = {"ce-specversion": "1.0", "ce-id": "3", "ce-source": "/s", "ce-type": "x", "content-type": "text/plain"}
    assert post(bench, b"hello", headers).json == {"accepted": 1, "duplicates": 0, "unmatched": 1}
    bench.restart()
    assert len(bench.inbox.received_after(0, 10)) == 3


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"body": b"{"}),
        (400, {"body": b"[]"}),
        (413, {"body": b" " * 10_001}),
        (413, {"body": b"", "headers": STRUCTURED | {"content-length": "9" * 5000}}),
        (415, {"body": b"{}", "headers": {"content-type": "application/json"}}),
        (415, {"body": b"{}", "headers": {"host": "x"}}),
        (405, {"method": "GET"}),
        (404, {"path": "/elsewhere"}),
        (401, {"token": "secret"}),
        (401, {"token": "secret", "headers": STRUCTURED | {"authorization": "Bearer sécret"}}),
    ],
)
def test_a_refusal_says_why_and_stores_nothing(make_bench: MakeBench, status: int, request_: dict[str, Any]) -> None:
    bench = make_bench()
    reply = post(bench, **request_)
    assert reply.status == status
    assert set(reply.json) == {"error", "about", "what", "why", "fix"}
    assert bench.inbox.received_after(0, 10) == []


def test_a_batch_with_one_bad_event_is_refused_whole(make_bench: MakeBench) -> None:
    bench = make_bench()
    reply = post(bench, b"[" + make_event(1).to_json() + b",{}]", BATCH)
    assert (reply.status, reply.json["about"]) == (400, "event 1 of the batch")
    assert bench.inbox.received_after(0, 10) == []


def test_the_token_opens(make_bench: MakeBench) -> None:
    headers = STRUCTURED | {"authorization": "Bearer secret"}
    assert post(make_bench(), make_event(1).to_json(), headers, token="secret").status == 202  # noqa: S106  of a test


def test_a_full_disk_asks_to_come_again(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench()

    def full(*_: Any, **__: Any) -> Any:
        raise DiskFull("cannot write", why="no space", fix="free some", about="disk")

    with monkeypatch.context() as patched:
        patched.setattr(bench.inbox, "accept_each", full)
        reply = post(bench, make_event(1).to_json())
    assert (reply.status, reply.headers["retry-after"], reply.json["error"]) == (503, "30", "DiskFull")
    assert post(bench, make_event(1).to_json()).json["accepted"] == 1


def test_other_failures_are_told_as_such(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench()

    def broken(*_: Any, **__: Any) -> Any:
        raise StoreCorrupt("damaged", why="x", fix="restore", about="inbox")

    monkeypatch.setattr(bench.inbox, "accept_each", broken)
    assert post(bench, make_event(1).to_json()).status == 500


def test_a_client_that_goes_away_leaves_nothing(make_bench: MakeBench) -> None:
    bench = make_bench()
    assert post(bench, make_event(1).to_json(), gone=True).sent == []
    assert bench.inbox.received_after(0, 10) == []


def test_health_is_answered_and_other_protocols_are_not(make_bench: MakeBench) -> None:
    assert post(make_bench(), method="GET", path="/healthz").status == 200
    nothing: Any = None
    app: Any = http_app(make_bench().inbox)
    asyncio.run(app({"type": "lifespan"}, nothing, nothing))
