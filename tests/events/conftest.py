"""A task with triggers, and the parts of a delivery around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from proveout.events import Event, Inbox, ManualClock, Reaction, Trigger, Worker
from proveout.ledger import EntryBody, Ledger, LedgerReader
from proveout.store import Workspace

START = 1_700_000_000 * 10**9
TASK = """
name = "weather"
kind = "classify"
target = "rain"
[input]
type = "object"
required = ["text"]
properties = {text = {type = "string"}}
[output]
type = "object"
properties = {rain = {type = "string", enum = ["yes", "no"]}}
"""


def make_event(number: int | str, data: Any = None, **attributes: Any) -> Event:
    fields = {"source": "/station", "type": "weather.observed", "subject": "hall"} | attributes
    return Event(id=str(number), data=data, **fields)


def needed(module: str) -> Any:
    """A library of an extra: CI must have it, and elsewhere its tests are skipped without it."""
    if os.environ.get("CI"):
        return import_module(module)
    return pytest.importorskip(module, reason="pip install 'proveout[events,nats]' and the group test")


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START / 1e9 + seconds, tz=UTC)


def trigger(**fields: Any) -> Trigger:
    return Trigger(**({"name": "rain", "types": ("weather.*",)} | fields))


class Bench:
    """An inbox, a ledger and a worker whose handler remembers its calls."""

    def __init__(self, root: Path, triggers: Sequence[Trigger], handler: Callable[..., Any] | None = None) -> None:
        self.root = root
        self.triggers = list(triggers)
        self.handler = handler or self.remember
        self.calls: list[tuple[str, dict[str, Any], str]] = []
        self.clock = ManualClock(wall=START)
        self.workspace = Workspace(root)
        self.ledger = Ledger.open(self.workspace)
        self.start()

    def start(self) -> None:
        self.inbox = Inbox.open(self.root / "inbox.sqlite", self.triggers, self.clock)
        reactions = {one.name: Reaction(one, self.handler) for one in self.triggers}
        self.worker = Worker(self.inbox, self.ledger, self.workspace, reactions, self.clock)

    def restart(self) -> None:
        """As after a kill: nothing is kept but what is on disk."""
        self.inbox.close()
        self.start()

    def remember(self, event: Event, inputs: Mapping[str, Any], key: str) -> Any:
        self.calls.append((event.id, dict(inputs), key))
        return {"answered": event.id}

    def send(self, *events: Event) -> None:
        self.inbox.accept(events, via="test")

    def drain(self) -> dict[str, int]:
        return dict(self.worker.drain(lambda nanoseconds: self.clock.advance(seconds=nanoseconds / 1e9)))

    @property
    def handled(self) -> list[str]:
        return [event for event, _, _ in self.calls]

    def entries(self, kind: str) -> list[EntryBody]:
        with LedgerReader.open(self.workspace) as reader:
            return [entry.body() for entry in reader.entries(kind=kind)]

    def close(self) -> None:
        self.worker.close()
        self.inbox.close()
        self.ledger.close()


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    made: list[Bench] = []

    def make(*triggers: Trigger, handler: Callable[..., Any] | None = None) -> Bench:
        made.append(Bench(tmp_path / str(len(made)), triggers or [trigger()], handler))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task's folder with one trigger that runs the handler ``noted``."""
    (tmp_path / "task.toml").write_text(TASK, encoding="utf-8")
    write_triggers(tmp_path)
    return tmp_path


def write_triggers(root: Path, extra: str = "") -> None:
    text = f"""
[[triggers]]
name = "rain"
types = ["weather.observed"]
run = "noted"
inputs = {{text = "data.text"}}
{extra}
"""
    (root / "events.toml").write_text(text, encoding="utf-8")
