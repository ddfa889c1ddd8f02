from __future__ import annotations

from threading import Event as Signal
from threading import current_thread

import pytest

from proveout.errors import HandlerTimedOut
from proveout.events._calls import Caller
from proveout.task import Answer, Usage


def test_calls_share_a_thread_until_one_hangs() -> None:
    caller, release = Caller(), Signal()
    first = caller.call(lambda: current_thread().ident, seconds=5).result
    assert caller.call(lambda: current_thread().ident, seconds=5).result == first
    with pytest.raises(HandlerTimedOut):
        caller.call(lambda: release.wait(10), seconds=0.01)
    assert caller.call(lambda: current_thread().ident, seconds=5).result != first
    release.set()
    caller.close()


def test_what_is_raised_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        Caller().call(lambda: 1 / 0, seconds=5)


def test_an_answer_says_what_it_took() -> None:
    answer = Answer(output={"a": 1}, usage=Usage(usd=0.25, cpu_seconds=3.0))
    call = Caller().call(lambda: answer, seconds=5)
    assert (call.usd, call.cpu_seconds, call.result["output"]) == (0.25, 3.0, {"a": 1})


def test_processor_time_is_that_of_the_thread() -> None:
    call = Caller().call(lambda: sum(range(200_000)), seconds=5)
    assert 0 < call.cpu_seconds <= call.wall_seconds * 1.5 + 0.01
