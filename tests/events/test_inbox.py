from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from proveout.errors import BusyError, DiskFull, EventInvalid, SetupError, StoreCorrupt
from proveout.events import Accepted, Finished, Inbox, ManualClock, Trigger
from proveout.events._database import Database
from proveout.events._tables import SCHEMA, SCHEMA_VERSION

from .conftest import START, at, make_event, trigger


def opened(path: Path, *triggers: Trigger) -> tuple[Inbox, ManualClock]:
    clock = ManualClock(wall=START)
    return Inbox.open(path / "inbox.sqlite", triggers or (trigger(),), clock), clock


def finish(inbox: Inbox) -> list[str]:
    taken = inbox.take(100)
    inbox.finish([Finished(delivery=one, outcome="handled") for one in taken], counts={})
    return [one.event.id for one in taken]


def test_duplicates_are_dropped_and_counted_across_restarts(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path)
    assert inbox.accept([make_event(1), make_event(1), make_event(2)], via="test") == Accepted(accepted=2, duplicates=1)
    inbox.close()
    inbox = Inbox.open(tmp_path / "inbox.sqlite", [trigger()], clock)
    assert inbox.accept([make_event(2, {"other": "data"})], via="test") == Accepted(duplicates=1)
    assert inbox.accept([make_event(2, source="/elsewhere")], via="test") == Accepted(accepted=1)
    assert inbox.states() == {"waiting": 3, "duplicates": 2}
    inbox.close()


def test_an_event_that_nobody_waits_for_is_kept_and_not_delivered(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path)
    assert inbox.accept([make_event(1, type="other")], via="test") == Accepted(accepted=1, unmatched=1)
    assert inbox.take(10) == []
    assert len(inbox.received_after(0, 10)) == 1
    inbox.close()


def test_an_event_goes_to_every_trigger_that_matches(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path, trigger(), trigger(name="all", types=("*",)), trigger(name="far", sources=("/x*",)))
    inbox.accept([make_event(1)], via="test")
    taken = inbox.take(10)
    assert sorted(one.trigger for one in taken) == ["all", "rain"]
    assert len({one.idempotency_key for one in taken}) == 2
    inbox.close()


def test_an_event_at_most_as_late_as_declared_is_put_where_it_belongs(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path, trigger(order="time", lateness_seconds=10))
    inbox.accept([make_event("second", time=at(2))], via="test")
    clock.advance(seconds=9)
    inbox.accept([make_event("first", time=at(1)), make_event("third", time=at(3))], via="test")
    assert finish(inbox) == []
    clock.advance(seconds=1)
    assert finish(inbox) == ["first", "second"]
    inbox.accept([make_event("too late", time=at(1.5))], via="test")
    clock.advance(seconds=10)
    taken = inbox.take(10)
    assert [(one.event.id, inbox.is_late(one)) for one in taken] == [("too late", True), ("third", False)]
    inbox.close()


def test_keys_do_not_wait_for_each_other(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path, trigger(order="sequence"))
    numbered = [("a", "9"), ("b", "1"), ("a", "10"), ("b", "0")]
    inbox.accept([make_event(f"{key}{n}", subject=key, extensions={"sequence": n}) for key, n in numbered], via="test")
    found = finish(inbox)
    assert [one for one in found if one[0] == "a"] == ["a9", "a10"]
    assert [one for one in found if one[0] == "b"] == ["b0", "b1"]
    del clock
    inbox.close()


def test_a_stamp_from_the_far_future_does_not_make_all_others_late(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path, trigger(order="time"))
    inbox.accept([make_event("mad", time=at(10**8))], via="test")
    assert finish(inbox) == ["mad"]
    clock.advance(seconds=5)
    inbox.accept([make_event("sane", time=at(4))], via="test")
    (taken,) = inbox.take(10)
    assert not inbox.is_late(taken)
    inbox.close()


def test_debounce_waits_for_quiet_and_not_for_ever(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path, trigger(debounce_seconds=10, max_wait_seconds=25))
    times = []
    for number in range(6):
        inbox.accept([make_event(number)], via="test")
        times.append(len(finish(inbox)))
        clock.advance(seconds=9)
    assert times == [0, 0, 0, 4, 0, 0]
    clock.advance(seconds=1)
    assert finish(inbox) == ["4", "5"]
    inbox.close()


def test_what_was_tried_comes_alone_and_in_turn_with_what_is_new(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path)
    inbox.accept([make_event(number) for number in range(3)], via="test")
    assert len(inbox.take(10)) == 3
    inbox.put_back()
    inbox.accept([make_event(number) for number in range(3, 6)], via="test")
    assert [[one.event.id for one in inbox.take(10)] for _ in range(5)] == [["0"], ["3", "4", "5"], ["1"], ["2"], []]
    inbox.close()


def test_a_clock_that_jumps_moves_what_waits_along(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path, trigger(debounce_seconds=10))
    inbox.accept([make_event(1)], via="test")
    clock.jump(seconds=-5000)
    inbox.shift(-5000 * 10**9)
    assert inbox.take(10) == []
    clock.advance(seconds=10)
    assert len(inbox.take(10)) == 1
    inbox.close()


def test_a_clock_set_back_while_nobody_ran_stops_nothing(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path, trigger(debounce_seconds=10))
    inbox.accept([make_event(1)], via="test")
    clock.jump(seconds=-(10**7))
    inbox.put_back()
    assert len(inbox.take(10)) == 1
    inbox.close()


def test_a_full_disk_refuses_the_whole_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path)
    inbox.accept([make_event("kept")], via="test")
    connection = inbox._database._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(DiskFull, match="disk is full"):
        inbox.accept([make_event(number, {"text": "x" * 3000}) for number in range(40)], via="test")
    assert len(inbox.received_after(0, 100)) == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    assert inbox.accept([make_event(number) for number in range(40)], via="test").accepted == 40
    inbox.close()


def test_dead_letters_come_again_with_their_keys_and_handled_events_with_new_ones(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path)
    inbox.accept([make_event(1), make_event(2)], via="test")
    one, two = inbox.take(10)
    results = [Finished(delivery=one, outcome="dead", reason="why"), Finished(delivery=two, outcome="handled")]
    inbox.finish(results, counts={})
    assert [(found.event.id, reason) for found, reason in inbox.dead()] == [("1", "why")]
    assert inbox.requeue("dead", trigger="other") == 0
    assert inbox.requeue("dead", ids=["1"]) == 1
    assert inbox.requeue("done") == 1
    again = {found.event.id: found.idempotency_key for found in inbox.take(10)}
    assert again["1"] == one.idempotency_key
    assert again["2"] != two.idempotency_key
    inbox.close()


def test_what_is_no_event_is_kept_to_be_looked_at_within_bounds(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path)
    for number in range(1005):
        inbox.refuse(b"x" * (100 if number < 1004 else 100_000), f"no {number}", via="nats")
        if number > 3:
            break
    found = inbox.refused()
    assert found[0].reason == "no 4"
    assert len(found) == 5
    inbox.close()


def test_data_that_are_no_json_are_refused_before_they_are_stored(tmp_path: Path) -> None:
    inbox, _ = opened(tmp_path)
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    for data in (deep, {"x": object()}):
        with pytest.raises(EventInvalid):
            inbox.accept([make_event(1), make_event(2, data)], via="test")
    assert inbox.states() == {"duplicates": 0}
    inbox.close()


def test_pruning_drops_only_what_is_done(tmp_path: Path) -> None:
    inbox, clock = opened(tmp_path)
    inbox.accept([make_event(1), make_event(2)], via="test")
    one, _ = inbox.take(10)
    inbox.finish([Finished(delivery=one, outcome="handled")], counts={})
    clock.advance(seconds=10)
    assert inbox.prune(older_than=clock.wall()) == 0, "the ledger has not heard of them yet"
    inbox.finish([], counts={"received": 2})
    assert inbox.prune(older_than=clock.wall()) == 1
    assert inbox.accept([make_event(1), make_event(2)], via="test") == Accepted(accepted=1, duplicates=1)
    inbox.close()


def test_a_damaged_file_a_newer_one_and_a_locked_one_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreCorrupt):
        Inbox.open(tmp_path / "bad.sqlite", [], ManualClock())
    Database.open(tmp_path / "new.sqlite", schema=SCHEMA, version=SCHEMA_VERSION + 1).close()
    with pytest.raises(SetupError, match="schema is version 2"):
        Inbox.open(tmp_path / "new.sqlite", [], ManualClock())
    monkeypatch.setattr("proveout.events._database.BUSY_SECONDS", 0.01)
    inbox, _ = opened(tmp_path)
    other = sqlite3.connect(tmp_path / "inbox.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError):
        inbox.accept([make_event(1)], via="test")
    other.close()
    inbox.close()
