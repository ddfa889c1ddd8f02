from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import BuildFailed, RunNotReady, StepFailed, StepTimedOut
from proveout.families.modular.engine import SqliteEngine
from proveout.families.modular.graph import Graph, Retry, StepSpec

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]


def double(value: int) -> int:
    return 2 * value


def outcomes(engine: SqliteEngine, run_id: str) -> list[tuple[str, int, str]]:
    return [(step.name, step.attempt, step.outcome) for step in engine.show(run_id).steps]


class Flaky:
    """A step that raises so many times before it works."""

    __name__ = "flaky"
    version = "flaky@1"

    def __init__(self, times: int) -> None:
        self.left = times
        self.keys: list[str] = []

    def __call__(self, value: int, key: str = "") -> int:
        self.keys.append(key)
        self.left -= 1
        if self.left >= 0:
            raise ConnectionError("down")
        return value + 1


def test_a_step_is_tried_again_with_longer_waits(engine: Make, chain: Chain, clock: Any) -> None:
    one = engine(chain(Flaky(2), flaky={"retry": Retry(attempts=3, backoff_seconds=0.25)}))
    result = one.run("chain", {"value": 1}, run_id="r")
    assert result.output == 2
    assert clock.slept == [0.25, 0.5]
    assert outcomes(one, "r") == [("flaky", 1, "failed"), ("flaky", 2, "failed"), ("flaky", 3, "done")]


def test_after_the_last_attempt_the_run_fails(engine: Make, chain: Chain) -> None:
    one = engine(chain(Flaky(9), flaky={"retry": Retry(attempts=2)}))
    result = one.run("chain", {"value": 1}, run_id="r")
    assert result.status == "failed"
    assert isinstance(result.error, StepFailed)
    assert str(result.error) == "flaky: a step raised: ConnectionError: down. Next: correct the step or its input."
    assert str(one.resume("r").error) == str(result.error)
    detail = one.show("r")
    assert detail.error is not None
    assert detail.error["code"] == "StepFailed"


def test_a_wait_survives_a_restart(engine: Make, chain: Chain, clock: Any) -> None:
    flaky = Flaky(1)
    graph = chain(flaky, flaky={"retry": Retry(attempts=2, backoff_seconds=30)})
    one = engine(graph)
    one.start("chain", {"value": 1}, run_id="r")
    assert one.work() == 1
    assert one.show("r").run.status == "queued"
    one.close()
    other = engine(graph)
    assert other.work() == 0
    clock.now += 29
    assert other.work() == 0
    clock.now += 1
    assert other.work() == 1
    assert other.show("r").output == 2


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_a_clock_that_jumps_makes_no_wait_longer(engine: Make, chain: Chain, clock: Any, jump: float) -> None:
    def sleep(seconds: float) -> None:
        clock.slept.append(seconds)
        clock.now += jump

    one = engine(chain(Flaky(1), flaky={"retry": Retry(attempts=2, backoff_seconds=2)}), sleep=sleep)
    assert one.run("chain", {"value": 1}).output == 2
    assert sum(clock.slept) <= 2


def test_a_keyed_step_gets_the_same_key_each_time_and_another_in_each_run(engine: Make, chain: Chain) -> None:
    flaky = Flaky(2)
    one = engine(chain(flaky, flaky={"retry": Retry(attempts=3), "keyed": True}))
    one.run("chain", {"value": 1}, run_id="r")
    one.run("chain", {"value": 1}, run_id="s")
    assert flaky.keys == ["r:flaky", "r:flaky", "r:flaky", "s:flaky"]


def test_items_of_a_mapped_step_have_keys_of_their_own(engine: Make) -> None:
    keys: list[str] = []

    def pay(amount: int, key: str) -> int:
        keys.append(key)
        return amount

    steps = [StepSpec(name="pay", run=pay, takes={"amount": "input.amounts"}, each="amount", keyed=True)]
    one = engine(Graph("g", takes={"amounts": list[int]}, steps=steps, gives="pay"))
    assert one.run("g", {"amounts": [5, 6]}, run_id="r").output == [5, 6]
    assert keys == ["r:pay[0]", "r:pay[1]"]
    assert outcomes(one, "r") == [("pay[0]", 1, "done"), ("pay[1]", 1, "done")]


def test_a_step_that_hangs_is_given_up_and_its_thread_is_said_to_go_on(engine: Make, chain: Chain) -> None:
    release = threading.Event()

    def hang(value: int) -> int:
        release.wait(10)
        return value

    result = engine(chain(hang, hang={"timeout_seconds": 0.01})).run("chain", {"value": 1})
    release.set()
    assert isinstance(result.error, StepTimedOut)
    assert "its thread cannot be stopped and may still be at work" in result.error.why


def test_a_step_with_time_left_is_as_any_other(engine: Make, chain: Chain) -> None:
    timed = {"timeout_seconds": 10.0}
    assert engine(chain(double, double=timed)).run("chain", {"value": 1}).output == 2
    result = engine(chain(Flaky(1), name="other", flaky=timed)).run("other", {"value": 1})
    assert result.status == "failed"
    assert isinstance(result.error, StepFailed)


def test_a_step_that_exits_fails_and_does_not_end_the_engine(engine: Make, chain: Chain) -> None:
    def leave(value: int) -> int:
        raise SystemExit(value)

    result = engine(chain(leave)).run("chain", {"value": 3})
    assert isinstance(result.error, StepFailed)
    assert "SystemExit: 3" in result.error.why


class Desk:
    """Steps with effects, all of which can be undone."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.fail_undo = 0

    def graph(self, **settings: Any) -> Graph:
        def pay(value: int) -> int:
            self.log.append(f"pay {value}")
            return value

        def unpay(value: int, output: int) -> None:
            assert value == output
            if self.fail_undo:
                self.fail_undo -= 1
                raise ConnectionError("bank is closed")
            self.log.append(f"unpay {value}")

        def ship(value: int) -> int:
            self.log.append(f"ship {value}")
            raise ConnectionError("no ship")

        steps = [
            StepSpec(name="pay", run=pay, takes={"value": "input.value"}, undo=unpay, retry=Retry(attempts=2)),
            StepSpec(name="ship", run=ship, takes={"value": "pay"}, **settings),
        ]
        return Graph("desk", takes={"value": int}, steps=steps, gives="ship")


def test_a_failed_run_undoes_what_it_did(engine: Make) -> None:
    desk = Desk()
    one = engine(desk.graph())
    result = one.run("desk", {"value": 1}, run_id="r")
    assert result.status == "failed"
    assert desk.log == ["pay 1", "ship 1", "unpay 1"]
    assert outcomes(one, "r") == [("pay", 1, "done"), ("ship", 1, "failed"), ("pay", 1, "undone")]


def test_undoing_is_tried_again_and_what_cannot_be_undone_is_said(engine: Make) -> None:
    desk = Desk()
    desk.fail_undo = 1
    one = engine(desk.graph())
    one.run("desk", {"value": 1}, run_id="r")
    assert outcomes(one, "r")[2:] == [("pay", 1, "undo_failed"), ("pay", 2, "undone")]
    desk.fail_undo = 9
    error = one.run("desk", {"value": 1}).error
    assert error is not None
    assert error.why.endswith("no ship; pay could not be undone: ConnectionError: bank is closed")


def test_undoing_is_resumed_and_nothing_is_undone_twice(engine: Make, path: Path, clock: Any) -> None:
    desk = Desk()
    desk.fail_undo = 1
    one = engine(desk.graph())
    one.start("desk", {"value": 1}, run_id="r")
    assert one.work() == 1
    assert one.show("r").run.status == "queued"
    one.close()
    other = engine(desk.graph())
    clock.now += 1
    assert other.work() == 1
    assert other.show("r").run.status == "failed"
    assert desk.log == ["pay 1", "ship 1", "unpay 1"]


def test_a_run_waits_for_a_person_through_a_restart(engine: Make, chain: Chain) -> None:
    graph = chain(double, Flaky(0), flaky={"approval": "Add one?"})
    one = engine(graph)
    assert one.run("chain", {"value": 1}, run_id="r").status == "waiting"
    one.close()
    other = engine(graph)
    assert other.show("r").asks == {"flaky": "Add one?"}
    assert other.work() == 0
    with pytest.raises(RunNotReady, match="the run waits for a person"):
        other.resume("r")
    with pytest.raises(RunNotReady, match="it is waiting and waits for flaky"):
        other.approve("r", "double", yes=True, by="ada")
    other.approve("r", "flaky", yes=True, by="ada", note="fine")
    with pytest.raises(RunNotReady, match="does not wait for that step"):
        other.approve("r", "flaky", yes=True, by="ada")
    assert other.resume("r").output == 3
    assert [name for name, _, _ in outcomes(other, "r")] == ["double", "flaky", "flaky", "flaky"]
    assert other.show("r").steps[2].content == {"by": "ada", "note": "fine"}


def test_a_refused_step_is_skipped_and_what_needs_it_too(engine: Make, chain: Chain) -> None:
    flaky = Flaky(0)
    one = engine(chain(flaky, double, flaky={"approval": "Add one?"}))
    one.run("chain", {"value": 1}, run_id="r")
    one.approve("r", "flaky", yes=False, by="ada")
    result = one.resume("r")
    assert (result.status, result.output) == ("done", None)
    assert flaky.keys == []


def test_a_queued_or_waiting_run_is_cancelled_at_once(engine: Make, chain: Chain) -> None:
    one = engine(chain(double, double={"approval": "Double?"}))
    one.start("chain", {"value": 1}, run_id="queued")
    assert one.cancel("queued") == "cancelled"
    assert one.run("chain", {"value": 1}, run_id="waiting").status == "waiting"
    assert one.cancel("waiting") == "cancelled"
    assert one.work() == 0
    assert one.resume("waiting").status == "cancelled"
    with pytest.raises(RunNotReady, match="it is cancelled"):
        one.cancel("queued")


def test_a_run_at_work_is_cancelled_between_steps(engine: Make, chain: Chain) -> None:
    other: list[SqliteEngine] = []

    def stop(value: int) -> int:
        assert other[0].cancel("r") == "running"
        return value

    graph = chain(stop, double)
    one = engine(graph)
    other.append(engine(graph))
    assert one.run("chain", {"value": 1}, run_id="r").status == "cancelled"
    assert outcomes(one, "r") == [("stop", 1, "done")]
    assert one.show("r").run.status == "cancelled"


def test_a_cancel_that_comes_after_the_last_step_is_too_late(engine: Make, chain: Chain) -> None:
    def stop(value: int) -> int:
        one.cancel("r")
        return value

    one = engine(chain(stop))
    assert one.run("chain", {"value": 7}, run_id="r").output == 7
    assert one.show("r").run.status == "done"


def test_a_waiting_retry_is_cancelled(engine: Make, chain: Chain, clock: Any) -> None:
    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        one.cancel("r")

    one = engine(chain(Flaky(9), flaky={"retry": Retry(attempts=9, backoff_seconds=60)}), sleep=sleep)
    assert one.run("chain", {"value": 1}, run_id="r").status == "cancelled"
    assert sum(clock.slept) <= 1


def test_cancelling_can_undo(engine: Make) -> None:
    desk = Desk()
    one = engine(desk.graph(approval="Ship?"))
    assert one.run("desk", {"value": 1}, run_id="r").status == "waiting"
    assert one.cancel("r", undo=True) == "queued"
    assert one.work() == 1
    assert one.show("r").run.status == "cancelled"
    assert desk.log == ["pay 1", "unpay 1"]


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no message")


@pytest.mark.parametrize(
    ("raised", "why"),
    [
        (FileNotFoundError("\udcff"), r"FileNotFoundError: \udcff"),
        (Mute(), "Mute, whose message raised ValueError"),
        (asyncio.CancelledError("stop"), "CancelledError: stop"),
        (BuildFailed("no", why=3, fix="wait", about="x"), "3"),  # type: ignore[arg-type]
    ],
)
def test_whatever_a_step_raises_fails_it(engine: Make, chain: Chain, raised: BaseException, why: str) -> None:
    def bad(value: int) -> int:
        raise raised

    one = engine(chain(bad))
    assert one.run("chain", {"value": 1}, run_id="r").status == "failed"
    assert one.show("r").error == {**(one.show("r").error or {}), "why": why}
