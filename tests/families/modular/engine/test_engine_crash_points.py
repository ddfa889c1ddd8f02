"""A worker dies before and after each single thing it tells the journal; the next one takes over."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.families.modular.engine import EngineOptions, SqliteEngine
from proveout.families.modular.engine._journal import Journal
from proveout.families.modular.graph import Graph, Retry, StepSpec

TOLD = ("append", "append_synced", "execute", "insert")


class Killed(BaseException):
    pass


class World:
    """Effects of steps, and what of them the journal has said it holds."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.failed: set[str] = set()

    def graph(self, *, fails: bool) -> Graph:
        def begin(value: int, key: str) -> list[int]:
            self.effects.append(key)
            return [value, value + 1]

        def each(item: int, key: str) -> int:
            self.effects.append(key)
            return 2 * item

        def flaky(items: list[int], key: str) -> int:
            if key not in self.failed:
                self.failed.add(key)
                raise ConnectionError("down")
            self.effects.append(key)
            return sum(items)

        def end(value: int, key: str) -> int:
            if fails:
                raise ConnectionError("down for good")
            self.effects.append(key)
            return value

        def unbegin(value: int, output: list[int]) -> None:
            self.effects.append(f"undo begin {value} {output}")

        def uneach(item: int, output: int) -> None:
            del output
            self.effects.append(f"undo each {item}")

        steps = [
            StepSpec(name="begin", run=begin, takes={"value": "input.value"}, keyed=True, undo=unbegin),
            StepSpec(name="each", run=each, takes={"item": "begin"}, each="item", keyed=True, sync=True, undo=uneach),
            StepSpec(name="flaky", run=flaky, takes={"items": "each"}, keyed=True, retry=Retry(attempts=2)),
            StepSpec(name="end", run=end, takes={"value": "flaky"}, keyed=True, approval="End?"),
        ]
        return Graph("g", takes={"value": int}, steps=steps, gives="end")


class Death:
    """Dies before or after the so-many-th thing told to a journal."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.left = at
        self.after = after

    def wrapped(self, told: Callable[..., Any]) -> Callable[..., Any]:
        def tell(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            now = self.left == 0
            if now and not self.after:
                raise Killed
            found = told(*arguments, **named)
            if now:
                raise Killed
            return found

        return tell


def live(path: Path, world: World, death: Death | None, clock: Any, *, fails: bool) -> str:
    """One worker's life: whatever is to be done to bring the run to its end."""
    with pytest.MonkeyPatch.context() as patch:
        if death is not None:
            for name in TOLD:
                patch.setattr(Journal, name, death.wrapped(getattr(Journal, name)))
        options = EngineOptions(most_crashes=99)
        engine = SqliteEngine(path, {"g": world.graph(fails=fails)}, clock=clock, sleep=clock.sleep, options=options)
        try:
            engine.recover()
            result = engine.run("g", {"value": 1}, run_id="r", key="k") if not waiting(engine) else None
            if result is None or result.status == "waiting":
                engine.approve("r", "end", yes=True, by="ada")
                result = engine.resume("r")
        except Killed:
            return "killed"
        finally:
            engine.close()
    return result.status


def waiting(engine: SqliteEngine) -> bool:
    return [run.status for run in engine.runs()] == ["waiting"]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_anywhere_repeats_at_most_what_it_was_at(
    tmp_path: Path, clock: Any, *, fails: bool, after: bool
) -> None:
    undisturbed = World()
    wanted = "failed" if fails else "done"
    assert live(tmp_path / "calm.sqlite", undisturbed, None, clock, fails=fails) == wanted
    for at in itertools.count(1):
        path, world = tmp_path / f"{at}.sqlite", World()
        first = live(path, world, Death(at, after=after), clock, fails=fails)
        if first != "killed":
            break
        held, before = committed(path), len(world.effects)
        assert live(path, world, None, clock, fails=fails) == wanted
        assert held.isdisjoint(world.effects[before:])
        # What was at work when it died may be done twice; no more than that, and in no other order.
        assert [count for count in Counter(world.effects).values() if count > 1] in ([], [2])
        assert list(dict.fromkeys(world.effects)) == undisturbed.effects
        with SqliteEngine(path, {}) as engine:
            detail = engine.show("r")
        assert (detail.run.status, detail.output) == (wanted, None if fails else 6)
        lines = [(step.name, step.attempt, step.outcome) for step in detail.steps]
        assert len(lines) == len(set(lines))
    assert at > 15


def committed(path: Path) -> set[str]:
    """Keys of steps that the journal holds as done."""
    with SqliteEngine(path, {}) as engine:
        steps = [step for run in engine.runs() for step in engine.show(run.id).steps]
    return {f"r:{step.name}" for step in steps if step.outcome == "done"}
