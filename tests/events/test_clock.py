from __future__ import annotations

import pytest

from proveout.events import JumpWatch, ManualClock, SystemClock


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_jump_is_told_once_and_passing_time_never(seconds: int) -> None:
    clock = ManualClock(wall=10**18)
    watch = JumpWatch(clock)
    clock.advance(seconds=10_000)
    assert watch.jumped() == 0
    clock.jump(seconds=seconds)
    assert watch.jumped() == seconds * 10**9
    assert watch.jumped() == 0


def test_drift_within_the_tolerance_is_no_jump() -> None:
    clock = ManualClock()
    watch = JumpWatch(clock)
    for _ in range(10):
        clock.jump(seconds=0.5)
        assert watch.jumped() == 0


def test_time_of_a_replay_never_goes_back() -> None:
    clock = ManualClock(wall=100)
    clock.advance_to(50)
    assert clock.wall() == 100


def test_the_clocks_of_the_machine_go_on() -> None:
    clock = SystemClock()
    assert clock.wall() > 10**18
    assert clock.monotonic() <= clock.monotonic()
