from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import WorkflowInvalid
from proveout.families.modular.engine import SqliteEngine, Timing
from proveout.families.modular.engine._schedule import first_after, latest_until
from proveout.families.modular.graph import Graph, StepSpec

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]
MOMENTS = st.floats(0, 2e9, allow_nan=False)


def same(value: int) -> int:
    return value


@given(moment=MOMENTS, every=st.floats(0.5, 1e6))
def test_an_interval_fires_after_a_moment_and_within_it(moment: float, every: float) -> None:
    at = first_after(Timing(every_seconds=every), moment)
    assert moment < at <= moment + every * 1.001


@given(moment=MOMENTS, later=st.floats(0, 1e6))
def test_the_latest_time_of_a_cron_expression_is_the_last_not_after_now(moment: float, later: float) -> None:
    timing = Timing(cron="*/7 3,15 * * *")
    first = first_after(timing, moment)
    now = first + later
    at = latest_until(timing, first, now)
    assert first <= at <= now
    assert first_after(timing, at) > now


def test_a_cron_expression_is_read_in_its_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 28, 12, tzinfo=zone).timestamp()
    at = first_after(Timing(cron="30 6 * * *", zone="Europe/Berlin"), before)
    # Across the change to summer time.
    assert datetime.fromtimestamp(at, tz=zone).isoformat() == "2026-03-29T06:30:00+02:00"


@pytest.mark.parametrize(
    "timing",
    [
        Timing(),
        Timing(every_seconds=-1),
        Timing(every_seconds=float("inf")),
        Timing(cron="every day"),
        Timing(cron="61 * * * *"),
        Timing(cron="0 0 30 2 *"),
        Timing(cron="0 0 * * *", zone="Mars/Olympus"),
    ],
)
def test_what_is_no_timing_is_refused(engine: Make, chain: Chain, timing: Timing) -> None:
    one = engine(chain(same))
    with pytest.raises(WorkflowInvalid, match="a schedule cannot be kept"):
        one.schedule("daily", "chain", {"value": 1}, timing)
    assert one.schedules() == []


def test_a_schedule_starts_runs_when_they_are_due(engine: Make, chain: Chain, clock: Any) -> None:
    one = engine(chain(same))
    made = one.schedule("hourly", "chain", {"value": 1}, Timing(every_seconds=3600), priority=2)
    assert one.work() == 0
    clock.now = made.next
    assert one.work() == 1
    assert one.work() == 0
    (run,) = one.runs()
    assert (run.key, run.priority) == (f"hourly@{made.next:.3f}", 2)
    (after,) = one.schedules()
    assert (after.last, after.next) == (made.next, made.next + 3600)
    assert one.unschedule("hourly")
    assert not one.unschedule("hourly")


def test_a_clock_that_jumps_forward_fires_once(engine: Make, chain: Chain, clock: Any) -> None:
    one = engine(chain(same))
    one.schedule("minutely", "chain", {"value": 1}, Timing(cron="* * * * *"))
    clock.now += 400 * 24 * 3600
    assert one.work() == 1
    clock.now += 60
    assert one.work() == 1


def test_a_clock_that_is_turned_back_fires_nothing_twice(engine: Make, chain: Chain, clock: Any) -> None:
    one = engine(chain(same))
    made = one.schedule("hourly", "chain", {"value": 1}, Timing(every_seconds=3600))
    clock.now = made.next
    assert one.work() == 1
    for back in (-7200, 3600, 3599):
        clock.now += back
        assert one.work() == 0
    clock.now = made.next + 3600
    assert one.work() == 1
    assert len({run.key for run in one.runs()}) == 2


def test_two_workers_start_a_time_once(engine: Make, chain: Chain, clock: Any) -> None:
    graph = chain(same)
    one, other = engine(graph), engine(graph)
    made = one.schedule("hourly", "chain", {"value": 1}, Timing(every_seconds=3600))
    clock.now = made.next
    assert one.work() + other.work() == 1


def test_a_schedule_of_a_graph_that_is_not_here_is_left_to_other_workers(
    engine: Make, chain: Chain, clock: Any
) -> None:
    one, other = engine(chain(same)), engine(chain(same, name="other"))
    made = one.schedule("hourly", "chain", {"value": 1}, Timing(every_seconds=3600))
    clock.now = made.next
    assert other.work() == 0
    assert one.work() == 1


def test_a_schedule_whose_inputs_fit_no_more_is_said_and_stops_nothing(engine: Make, chain: Chain, clock: Any) -> None:
    made = engine(chain(same)).schedule("hourly", "chain", {"value": 1}, Timing(every_seconds=3600))
    step = StepSpec(name="same", run=same, takes={"value": "input.number"})
    newer = engine(Graph("chain", takes={"number": int}, steps=[step], gives="same"))
    queued = newer.start("chain", {"number": 5})
    clock.now = made.next
    with pytest.raises(WorkflowInvalid, match="the input does not fit"):
        newer.work()
    assert newer.show(queued).output == 5
    assert newer.work() == 0
    assert newer.schedules()[0].next > clock.now
