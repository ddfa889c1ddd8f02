from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from proveout.errors import DiskFull, RunNotFound
from proveout.families.modular.engine import EngineOptions, SqliteEngine, _claims
from proveout.families.modular.graph import Graph

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]


def test_higher_priorities_run_first_then_the_oldest(engine: Make, chain: Chain) -> None:
    ran: list[int] = []

    def note(value: int) -> int:
        ran.append(value)
        return value

    one = engine(chain(note))
    for value, priority in [(1, 0), (2, 5), (3, 0), (4, 5)]:
        one.start("chain", {"value": value}, priority=priority)
    assert one.work() == 4
    assert ran == [2, 4, 1, 3]


def test_a_worker_takes_from_its_queues_only(engine: Make, chain: Chain) -> None:
    def same(value: int) -> int:
        return value

    one = engine(chain(same))
    one.start("chain", {"value": 1}, queue="slow")
    one.start("chain", {"value": 1}, queue="fast")
    one.start("chain", {"value": 1}, queue="other")
    assert one.work("fast", "other") == 2
    assert one.work("nothing") == 0
    assert one.work() == 1


def test_no_more_runs_of_a_queue_are_at_work_than_it_may_have(engine: Make, chain: Chain) -> None:
    inner: list[int] = []

    def look(value: int) -> int:
        # While this one is at work, another worker finds no room in this queue, and room in others.
        inner.append(other.work("narrow"))
        return value

    def same(value: int) -> int:
        return value

    graphs = (chain(look), chain(same, name="free"))
    one, other = engine(*graphs), engine(*graphs)
    one.limit("narrow", 1)
    for _ in range(2):
        one.start("chain", {"value": 1}, queue="narrow")
    other.start("free", {"value": 1}, queue="wide")
    assert one.work() == 3
    assert inner == [0, 0]
    one.limit("narrow", 2)
    one.start("free", {"value": 1}, queue="narrow")
    one.start("chain", {"value": 1}, queue="narrow", priority=1)
    assert one.work() == 1
    assert inner == [0, 0, 1]


def test_workers_side_by_side_run_each_run_once(engine: Make, chain: Chain) -> None:
    lock = threading.Lock()
    ran: list[int] = []

    def note(value: int) -> int:
        with lock:
            ran.append(value)
        return value

    graph = chain(note)
    engines = [engine(graph), engine(graph), engine(graph)]
    for value in range(60):
        engines[0].start("chain", {"value": value})
    driven: list[int] = []
    # One engine is shared by two threads.
    threads = [threading.Thread(target=lambda one=one: driven.append(one.work())) for one in (*engines, engines[0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == list(range(60))
    assert sum(driven) == 60


def test_a_worker_goes_on_until_it_is_stopped(engine: Make, chain: Chain) -> None:
    def same(value: int) -> int:
        return value

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            one.start("chain", {"value": 2})

    one = engine(chain(same), sleep=sleep, options=EngineOptions(poll_seconds=0.7))
    one.start("chain", {"value": 1})
    assert one.work(stop=lambda: len(slept) == 2) == 2
    assert slept == [0.7, 0.7]


def test_the_runs_of_a_dead_worker_are_taken_over_and_those_of_a_living_one_are_not(
    engine: Make, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is killed gives nothing up.
    monkeypatch.setattr(_claims, "LEAVE", "SELECT ?, ?")

    class Killed(KeyboardInterrupt):
        pass

    doomed = [True]

    def fragile(value: int) -> int:
        if doomed:
            raise Killed
        return value

    graph = chain(fragile)
    one, other = engine(graph), engine(graph)
    try:
        one.run("chain", {"value": 3}, run_id="r")
    except Killed:
        doomed.clear()
    assert other.show("r").run.status == "running"
    assert other.recover() == ()
    assert other.work() == 0
    one.close()
    assert [(result.id, result.output) for result in other.recover()] == [("r", 3)]


def test_an_engine_takes_up_again_what_it_left_itself(engine: Make, chain: Chain) -> None:
    doomed = [True]

    def interrupted(value: int) -> int:
        if doomed.pop():
            raise KeyboardInterrupt
        return value

    one = engine(chain(interrupted))
    try:
        one.run("chain", {"value": 3}, run_id="r")
    except KeyboardInterrupt:
        doomed.append(False)
    assert one.work() == 1
    assert one.show("r").output == 3


def test_what_a_dead_worker_left_is_cancelled_at_once(engine: Make, chain: Chain) -> None:
    def interrupted(value: int) -> int:
        raise KeyboardInterrupt(value)

    one = engine(chain(interrupted))
    try:
        one.run("chain", {"value": 3}, run_id="r")
    except KeyboardInterrupt:
        one.close()
    assert engine(chain(interrupted)).cancel("r") == "cancelled"


def test_recover_says_what_cannot_go_on_here(engine: Make, chain: Chain) -> None:
    def interrupted(value: int) -> int:
        raise KeyboardInterrupt(value)

    one = engine(chain(interrupted))
    try:
        one.run("chain", {"value": 3}, run_id="r")
    except KeyboardInterrupt:
        one.close()
    (left,) = engine(chain(interrupted, interrupted={"given": {}, "approval": "Go?"})).recover()
    assert (left.id, left.status) == ("r", "running")
    assert left.error is not None
    assert left.error.code == "GraphVersionMissing"


def test_a_failed_claim_leaves_what_other_threads_claimed_meanwhile(
    engine: Make, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(value: int) -> int:
        return value

    one = engine(chain(same))
    transaction = one._journal.transaction

    @contextmanager
    def waited() -> Iterator[None]:
        # Another thread had the lock before, and claimed this run.
        one._claims.begin(7)
        with transaction():
            yield

    monkeypatch.setattr(one._journal, "transaction", waited)
    with pytest.raises(RunNotFound):
        one._claims.take("nobody")
    assert one._claims._active == {7}


def test_a_run_that_a_living_worker_gives_up_counts_no_crash(engine: Make, chain: Chain) -> None:
    ends = [KeyboardInterrupt] * 3

    def interrupted(value: int) -> int:
        if ends:
            raise ends.pop()
        return value

    one = engine(chain(interrupted))
    one.start("chain", {"value": 1}, run_id="r")
    while ends:
        with pytest.raises(KeyboardInterrupt):
            one.resume("r")
        one.close()
        one = engine(chain(interrupted), options=EngineOptions(most_crashes=1))
    assert one.resume("r").output == 1


def test_a_full_disk_counts_no_crash(engine: Make, chain: Chain) -> None:
    def large(value: int) -> str:
        return "x" * value

    one = engine(chain(large))
    one.start("chain", {"value": 100_000}, run_id="r")
    for _ in range(3):
        pages = one._journal.query("PRAGMA page_count")[0][0]
        one._journal.execute(f"PRAGMA max_page_count={pages + 4}")
        with pytest.raises(DiskFull):
            one.resume("r")
        one.close()
        one = engine(chain(large), options=EngineOptions(most_crashes=1))
    assert one.resume("r").output == "x" * 100_000


def test_a_clock_that_is_turned_back_keeps_no_run_waiting(engine: Make, chain: Chain, clock: Any) -> None:
    def same(value: int) -> int:
        return value

    one = engine(chain(same, same={"approval": "Go on?"}, name="asks"), chain(same))
    asks = one.run("asks", {"value": 1}).id
    clock.now += 100
    one.approve(asks, "same", yes=True, by="ada")
    one.start("chain", {"value": 1})
    clock.now -= 1_000
    assert one.work() == 2
