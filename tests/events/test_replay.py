from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import DataUnreadable
from proveout.events import EventHandled, open_inbox, opened, replay_file, requeue, savings
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace

from .conftest import at, make_event, write_triggers

GATED = "gate.fields = [{path = 'data.text'}]"


class Notes:
    def __init__(self, *, fail: bool = False) -> None:
        self.keys: list[str] = []
        self.fail = fail

    def __call__(self, event: Any, inputs: Mapping[str, Any], key: str) -> Any:
        self.keys.append(key)
        if self.fail:
            raise ZeroDivisionError
        return {"text": inputs["text"], "id": event.id}


def stream(path: Path, *texts: str, seconds: float = 60.0) -> Path:
    lines = [make_event(n, {"text": text}, time=at(n * seconds)).to_json() for n, text in enumerate(texts)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_a_file_runs_through_gates_of_its_own(folder: Path) -> None:
    write_triggers(folder, GATED)
    file = stream(folder / "events.jsonl", "sun", "sun", "rain", "rain", "sun")
    notes = Notes()
    found = replay_file(folder, file, handlers={"noted": notes})
    assert (found.events, found.outcomes) == (5, {"handled": 3, "unchanged": 2, "duplicates": 0})
    assert found.savings[0].avoided_share == 0.4
    again = replay_file(folder, file, handlers={"noted": notes})
    assert notes.keys[:3] == notes.keys[3:], "the same file has the same keys"
    assert again.outcomes == found.outcomes
    assert savings(Workspace(folder)) == (), "live figures are left alone"
    with open_inbox(folder) as inbox:
        assert inbox.states() == {"duplicates": 0}


def test_debounce_is_in_the_time_of_the_events(folder: Path) -> None:
    write_triggers(folder, "debounce_seconds = 5\ncoalesce = true")
    file = stream(folder / "events.jsonl", *"abcdef", seconds=2.0)
    assert replay_file(folder, file, handlers={"noted": Notes()}).outcomes["handled"] == 1
    slow = stream(folder / "slow.jsonl", *"abcdef", seconds=6.0)
    assert replay_file(folder, slow, handlers={"noted": Notes()}).outcomes["handled"] == 6


def test_recorded_speed_waits_between_events(folder: Path) -> None:
    waits: list[float] = []
    file = stream(folder / "events.jsonl", "a", "b", "c", seconds=10.0)
    replay_file(folder, file, speed=5.0, handlers={"noted": Notes()}, sleep=waits.append)
    assert waits == [2.0, 2.0]


def test_lines_that_are_no_events_are_reported(folder: Path) -> None:
    file = stream(folder / "events.jsonl", "a")
    with file.open("ab") as lines:
        lines.write(b"{}\n\n\xff\n")
    found = replay_file(folder, file, handlers={"noted": Notes()})
    assert [line for line, _ in found.refused] == [2, 4]
    with pytest.raises(DataUnreadable):
        replay_file(folder, folder / "none.jsonl")


def test_dead_letters_are_delivered_again_with_their_keys(folder: Path) -> None:
    write_triggers(folder, "attempts = 1")
    failing, mended = Notes(fail=True), Notes()
    with opened(folder, handlers={"noted": failing}) as (inbox, worker):
        inbox.accept([make_event(1, {"text": "a"}), make_event(2, {"text": "b"})], via="test")
        worker.drain()
        assert len(inbox.dead()) == 2
    assert requeue(folder, "dead", ids=["1"], handlers={"noted": mended}).outcomes == {"handled": 1}
    assert mended.keys == failing.keys[:1]
    again = requeue(folder, "done", handlers={"noted": mended})
    assert (again.deliveries, again.served) == (1, False)
    assert len(set(mended.keys)) == 2
    with LedgerReader.open(Workspace(folder)) as reader:
        handled = [entry.body() for entry in reader.entries(kind=EventHandled.kind)]
        kinds = [entry.kind for entry in reader.entries()]
    assert len(handled) == 2
    assert kinds.count("events.requeued") == 2


def test_a_running_server_delivers_what_is_handed_out_again(folder: Path) -> None:
    with Ledger.open(Workspace(folder)):
        found = requeue(folder, "dead", handlers={"noted": Notes()})
    assert (found.deliveries, found.served) == (0, True)
