from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from proveout.errors import DiskFull, ExtraMissing, SetupError, StoreCorrupt
from proveout.events import OUTBOX_SCHEMA, SourceSpec, open_inbox, serve, write_outbox
from proveout.events._extra import need

from .conftest import make_event, needed


def note(event: Any, inputs: Any, key: str) -> Any:
    del inputs, key
    return event.id


HANDLERS = {"noted": note}


def test_with_no_source_what_waits_is_delivered(folder: Path) -> None:
    with open_inbox(folder) as inbox:
        inbox.accept([make_event(1, {"text": "a"})], via="test")
    assert serve(folder, handlers=HANDLERS) == {"handled": 1, "duplicates": 0}


def test_http_and_outbox_until_a_signal(folder: Path, tmp_path: Path) -> None:
    needed("uvicorn")
    shop = sqlite3.connect(tmp_path / "shop.sqlite")
    with shop:
        shop.execute(OUTBOX_SCHEMA)
        write_outbox(shop, make_event("from the outbox", {"text": "a"}))
    shop.close()
    replies: list[httpx.Response] = []

    def send(url: str) -> None:
        kind = {"content-type": "application/cloudevents+json"}
        replies.append(httpx.post(url, content=make_event("by http", {"text": "b"}).to_json(), headers=kind))
        with open_inbox(folder) as inbox:
            while inbox.states().get("handled", 0) < 2:
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    def notice(line: str) -> None:
        Thread(target=send, args=(line.rpartition(" ")[2],), daemon=True).start()

    sources = SourceSpec(port=0, outbox=tmp_path / "shop.sqlite")
    assert serve(folder, sources, handlers=HANDLERS, notice=notice) == {"handled": 2}
    assert replies[0].status_code == 202


SERVED = """
import sys
from pathlib import Path
from proveout.events import SourceSpec, serve
handlers = {"noted": lambda *_: 1}
serve(Path(sys.argv[1]), SourceSpec(port=0), handlers=handlers, notice=lambda line: print(line, flush=True))
"""


def test_what_was_acknowledged_outlives_a_kill(folder: Path) -> None:
    needed("uvicorn")
    server = subprocess.Popen([sys.executable, "-c", SERVED, str(folder)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    with server.stdout:
        url = server.stdout.readline().strip().rpartition(" ")[2]
        kind = {"content-type": "application/cloudevents+json"}
        with httpx.Client() as client:
            events = [make_event(number, {"text": "a"}) for number in range(20)]
            replies = [client.post(url, content=event.to_json(), headers=kind).status_code for event in events]
        server.kill()
        server.wait()
    assert set(replies) == {202}
    assert serve(folder, handlers=HANDLERS) == {"handled": 20, "duplicates": 0}


def test_a_port_that_is_taken_is_said(folder: Path) -> None:
    needed("uvicorn")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetupError, match="cannot listen"):
            serve(folder, SourceSpec(port=taken.getsockname()[1]), handlers=HANDLERS)


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(ExtraMissing, match=r"proveout\[nats\]"):
        need("no_such_library", "nats", "NATS JetStream")


def test_what_passes_by_itself_is_waited_for_and_the_rest_ends_the_service(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proveout.events._serve.AGAIN_SECONDS", 0.01)
    failures = [
        DiskFull("cannot write", why="no space", fix="free", about="disk"),
        StoreCorrupt("damaged", why="x", fix="restore", about="inbox"),
    ]

    async def run(self: Any, stop: asyncio.Event) -> None:
        del self, stop
        raise failures.pop(0)

    monkeypatch.setattr("proveout.events._outbox.OutboxSource.run", run)
    notices: list[str] = []
    with pytest.raises(StoreCorrupt):
        serve(folder, SourceSpec(outbox=tmp_path / "x"), handlers=HANDLERS, notice=notices.append)
    assert len(notices) == 1
    assert failures == []
