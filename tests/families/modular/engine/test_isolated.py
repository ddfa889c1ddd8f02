from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from proveout.errors import StepFailed, StepLost, StepOutputInvalid, StepTimedOut
from proveout.families.modular.engine import SqliteEngine, _isolated
from proveout.families.modular.graph import Graph, StepSpec

STEPS = """
import os, signal, time
held = []
def do(what: str, key: str = "") -> str:
    if what == "crash":
        os._exit(3)
    if what == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "hang":
        time.sleep(60)
    if what == "raise":
        raise ValueError("no such thing")
    if what == "leak":
        held.append(bytearray(30_000_000))
        return str(len(held))
    if what == "mute":
        os.closerange(3, 100)
        time.sleep(60)
    if what == "odd":
        return object()
    return f"{what} {os.getpid()} {key}"
"""


@pytest.fixture
def ask(engine: Callable[..., SqliteEngine], load: Callable[[str], ModuleType]) -> Callable[..., Any]:
    do = load(STEPS).do
    made: list[SqliteEngine] = []

    def graph(name: str, **settings: Any) -> Graph:
        steps = [StepSpec(name="do", run=do, takes={"what": "input.what"}, isolated=True, **settings)]
        return Graph(name, takes={"what": str}, steps=steps, gives="do")

    def run(*whats: str, **settings: Any) -> list[Any]:
        name = f"g{len(made)}"
        # These wait for real, on real processes.
        made.append(engine(graph(name, **settings), clock=time.time, sleep=time.sleep))
        return [made[-1].run(name, {"what": what}, run_id=f"{name}-{at}") for at, what in enumerate(whats)]

    run.made = made  # type: ignore[attr-defined]
    return run


def test_a_step_runs_in_a_process_that_is_used_again(ask: Callable[..., Any]) -> None:
    import os  # noqa: PLC0415

    one, two = ask("a", "b", keyed=True)
    assert one.output.split()[2] == "g0-0:do"
    assert one.output.split()[1] == two.output.split()[1] != str(os.getpid())


def test_each_way_to_break_a_process_has_its_outcome(ask: Callable[..., Any]) -> None:
    crash, signalled, raised, odd, fine = ask("crash", "signal", "raise", "odd", "fine")
    assert isinstance(crash.error, StepLost)
    assert crash.error.why == "it ended with exit code 3"
    assert isinstance(signalled.error, StepLost)
    assert signalled.error.why == "it ended by signal 11"
    assert isinstance(raised.error, StepFailed)
    assert raised.error.why == "ValueError: no such thing"
    assert isinstance(odd.error, StepOutputInvalid)
    assert fine.status == "done"


def test_a_hanging_process_is_killed(ask: Callable[..., Any]) -> None:
    began = time.monotonic()
    hang, fine = ask("hang", "fine", timeout_seconds=0.2)
    assert isinstance(hang.error, StepTimedOut)
    assert "its process was killed" in hang.error.why
    assert fine.status == "done"
    assert time.monotonic() - began < 20


def test_a_step_that_leaks_memory_is_lost_and_the_next_one_starts_afresh(ask: Callable[..., Any]) -> None:
    results = ask("leak", "leak", "leak", "leak", memory_mb=70)
    assert [result.output for result in results[:2]] == ["1", "2"]
    assert isinstance(results[2].error, StepLost)
    assert results[2].error.what == "a step ran out of memory"
    assert results[3].output == "1"


def test_cancelling_kills_it(ask: Callable[..., Any]) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(ask("hang")))
    thread.start()
    while not ask.made or not ask.made[0].runs():  # type: ignore[attr-defined]
        time.sleep(0.005)
    ask.made[0].cancel("g0-0")  # type: ignore[attr-defined]
    thread.join(20)
    assert [result.status for result in found] == ["cancelled"]


def test_one_that_closes_its_pipe_and_lives_on_is_killed(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_isolated, "END_SECONDS", 0.05)
    (result,) = ask("mute")
    assert isinstance(result.error, StepLost)
    assert "by signal 9" in result.error.why
