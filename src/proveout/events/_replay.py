"""Replays: dead letters and handled events once more, or a file of events in a time of its own."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.errors import DataUnreadable, EventInvalid, WriterBusy
from proveout.events._clock import SECOND, ManualClock
from proveout.events._entries import EventsRequeued
from proveout.events._handlers import Handler, Setting
from proveout.events._inbox import Inbox
from proveout.events._open import open_inbox, opened, reactions
from proveout.events._parse import parse_event
from proveout.events._savings import Savings, savings
from proveout.events._trigger import Trigger, load_triggers
from proveout.events._worker import Worker
from proveout.ledger import Ledger
from proveout.store import Workspace
from proveout.task import load_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from proveout.events._event import Event

__all__ = ["FileReplay", "Requeued", "replay_file", "requeue"]

CHUNK = 64
REFUSED_SHOWN = 100


class Requeued(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries handed out again.

    Attributes:
        deliveries: how many.
        outcomes: how they ended; empty when a server is running, which delivers them.
        served: whether that is so.
    """

    deliveries: int
    outcomes: dict[str, int] = {}
    served: bool = False


class FileReplay(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of events.

    Attributes:
        replay: the file's BLAKE2b-256, which stands in the ledger entries of its events.
        events: read.
        refused: lines that hold no event, as ``(line, reason)``, the first hundred.
        outcomes: deliveries by how they ended.
        savings: of each trigger.
    """

    replay: str
    events: int
    refused: tuple[tuple[int, str], ...]
    outcomes: dict[str, int]
    savings: tuple[Savings, ...]


def requeue(
    folder: Path,
    state: Literal["dead", "done"],
    *,
    trigger: str = "",
    ids: Sequence[str] = (),
    handlers: Mapping[str, Handler] | None = None,
) -> Requeued:
    """Deliver again what is dead, with the same idempotency keys, or done, with new ones.

    While a server of the task runs, it is the one that delivers; otherwise they are delivered now.

    Args:
        folder: of the task.
        state: ``dead`` or ``done``.
        trigger: only of this one.
        ids: only events with one of these ids.
        handlers: by the name that triggers give under ``run``.
    """
    try:
        with opened(folder, handlers=handlers) as (inbox, worker):
            count = inbox.requeue(state, trigger=trigger, ids=ids)
            worker.note(EventsRequeued(state=state, trigger=trigger, deliveries=count))
            return Requeued(deliveries=count, outcomes=dict(worker.drain(_sleep)))
    except WriterBusy:
        with open_inbox(folder) as inbox:
            return Requeued(deliveries=inbox.requeue(state, trigger=trigger, ids=ids), served=True)


def _sleep(nanoseconds: int) -> None:
    time.sleep(min(nanoseconds / SECOND, 1.0))


def replay_file(
    folder: Path,
    file: Path,
    *,
    speed: float = 0.0,
    handlers: Mapping[str, Handler] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> FileReplay:
    """Run a file of events (CloudEvents as JSON lines) through triggers and gates, in the time of the events.

    The live inbox and its gates are left alone: a replay begins with empty gates and has idempotency keys of its own,
    the same ones each time the same file is replayed.

    Args:
        folder: of the task.
        file: one event a line.
        speed: how much faster than recorded; 0 does not wait at all.
        handlers: by the name that triggers give under ``run``.
        sleep: waits for seconds.

    Raises:
        DataUnreadable: the file cannot be read.
        WriterBusy: another process writes to the ledger.
    """
    setting = Setting(load_task(folder), Workspace(folder))
    triggers = load_triggers(folder, setting.task)
    replay = _hash(file)
    clock = ManualClock()
    refused: list[tuple[int, str]] = []
    with Ledger.open(setting.workspace) as ledger:
        inbox = Inbox.open(None, triggers, clock, salt=replay)
        inbox.finish([], counts={"ledger": len(ledger)})
        ready = reactions(triggers, setting, handlers)
        worker = Worker(inbox, ledger, setting.workspace, ready, clock, replay=replay)
        try:
            chunk = CHUNK if not speed and all(map(_at_once, triggers)) else 1
            events = _feed(_read(file, refused), inbox, worker, (clock, chunk, _pacer(speed, sleep)))
            outcomes = inbox.states()
        finally:
            worker.close()
            inbox.close()
    return FileReplay(
        replay=replay,
        events=events,
        refused=tuple(refused[:REFUSED_SHOWN]),
        outcomes=outcomes,
        savings=savings(setting.workspace, replay=replay),
    )


def _at_once(trigger: Trigger) -> bool:
    """Whether delivering in batches gives what delivering one by one does."""
    waits = trigger.coalesce or trigger.debounce_seconds or trigger.lateness_seconds
    return trigger.order == "arrival" and not waits


def _feed(
    events: Iterator[Event], inbox: Inbox, worker: Worker, pace: tuple[ManualClock, int, Callable[[float], None]]
) -> int:
    """Hand events in, each at its time, delivering what is due in between; how many there were."""
    clock, size, wait = pace
    count = 0
    while chunk := list(islice(events, size)):
        for event in chunk:
            then = round(event.time.timestamp() * 1_000_000) * 1000 if event.time else clock.wall()
            if clock.wall():
                wait(max(then - clock.wall(), 0) / SECOND)
            # What is due before this event is delivered before it comes, as it would have been.
            while size == 1 and (due := inbox.next_due()) is not None and due <= then:
                clock.advance_to(due)
                worker.drain()
            clock.advance_to(then)
            inbox.accept([event], via="replay")
            count += 1
        worker.drain()
    worker.drain(lambda nanoseconds: clock.advance(seconds=nanoseconds / SECOND))
    return count


def _pacer(speed: float, sleep: Callable[[float], None]) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        if speed and seconds:
            sleep(seconds / speed)

    return wait


def _read(file: Path, refused: list[tuple[int, str]]) -> Iterator[Event]:
    with _readable(file), file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                event = parse_event(line)
            except EventInvalid as error:
                refused.append((number, error.why))
                continue
            yield event


def _hash(file: Path) -> str:
    with _readable(file), file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fix = "name a file of CloudEvents, one JSON object a line"
        raise DataUnreadable("cannot read the events", why=str(error), fix=fix, about=str(file)) from error
