from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import DeterminismBroken, StepFailed
from proveout.families.modular.engine._faults import error_to_json
from proveout.families.modular.engine._model import StepRecord
from proveout.families.modular.engine._progress import Ask, Do, End, Progress, Undo, Wait, input_hash, replayed
from proveout.families.modular.graph import Graph, Retry, StepSpec, invoke, kept, run_graph


def add(values: list[int], extra: int) -> int:
    return sum(values) + extra


def half(value: int) -> int:
    return value // 2


def spread(value: int) -> list[int]:
    return list(range(value % 5))


def unhalf(value: int, output: int) -> None:
    del value, output


def graph(**of_half: Any) -> Graph:
    steps = [
        StepSpec(name="spread", run=spread, takes={"value": "input.value"}),
        StepSpec(name="half", run=half, takes={"value": "spread"}, each="value", **of_half),
        StepSpec(name="add", run=add, takes={"values": "half", "extra": "input.value"}),
    ]
    return Graph("g", takes={"value": int}, steps=steps, gives="add")


def done(action: Do) -> tuple[StepRecord, Any]:
    call = action.call
    output, content = kept(call.node, invoke(call))
    return record(call.node.name, call.item, "done", content, input_hash(call)), output


def record(
    step: str, item: int, outcome: Any, content: bytes = b"null", digest: bytes = b"", **more: Any
) -> StepRecord:
    plain = {"attempt": 1, "started": 0.0, **more}
    return StepRecord(step=step, item=item, outcome=outcome, hash=digest, content=content, **plain)


def to_the_end(progress: Progress) -> list[StepRecord]:
    written = []
    while isinstance(action := progress.decide(0.0), Do):
        one, output = done(action)
        progress.apply(one, output)
        written.append(one)
    assert action == End("done", None)
    return written


@given(value=st.integers(0, 50), cut=st.integers(0, 6))
def test_a_run_cut_anywhere_goes_on_to_the_same_output_and_repeats_nothing(value: int, cut: int) -> None:
    whole = Progress(graph(), {"value": value}, "r")
    written = to_the_end(whole)
    resumed = replayed(graph(), {"value": value}, written[:cut], "r")
    assert to_the_end(resumed) == written[cut:]
    assert resumed.execution.output == whole.execution.output == run_graph(graph(), {"value": value}).output


def test_other_arguments_break_determinism() -> None:
    written = to_the_end(Progress(graph(), {"value": 3}, "r"))
    with pytest.raises(DeterminismBroken, match="r: spread: a step is asked for with other arguments"):
        replayed(graph(), {"value": 4}, written, "r")


def test_a_journalled_step_that_is_not_asked_for_breaks_determinism() -> None:
    written = to_the_end(Progress(graph(), {"value": 3}, "r"))
    stray = msgspec.structs.replace(written[1], step="gone")
    with pytest.raises(DeterminismBroken, match=r"r: gone\[0\]: a journalled step is not asked for") as raised:
        replayed(graph(), {"value": 3}, [written[0], stray], "r")
    assert "half[0], half[1], half[2]" in raised.value.why
    with pytest.raises(DeterminismBroken, match="is not asked for"):
        replayed(graph(), {"value": 3}, [record("add", -1, "refused")], "r")


def test_an_output_of_another_type_breaks_determinism() -> None:
    written = to_the_end(Progress(graph(), {"value": 3}, "r"))
    odd = msgspec.structs.replace(written[0], content=b'"three"')
    with pytest.raises(DeterminismBroken, match="of another type"):
        replayed(graph(), {"value": 3}, [odd], "r")


def test_arguments_hash_alike_whatever_the_order_of_a_set() -> None:
    def count(words: set[str]) -> int:
        return len(words)

    steps = [StepSpec(name="count", run=count, takes={"words": "input.words"})]
    made = Graph("g", takes={"words": set[str]}, steps=steps, gives="count")
    hashes = set()
    for words in ({"a", "b", "c", "d"}, {"d", "c", "b", "a"}):
        action = Progress(made, {"words": words}, "r").decide(0.0)
        assert isinstance(action, Do)
        hashes.add(input_hash(action.call))
    assert len(hashes) == 1


def failed(name: str, item: int, attempt: int, due: float | None) -> StepRecord:
    content = error_to_json(StepFailed("it broke", why="w", fix="f", about=name))
    return record(name, item, "failed", content, attempt=attempt, due=due)


def test_a_step_that_failed_waits_while_others_go_on() -> None:
    progress = Progress(graph(retry=Retry(attempts=3, backoff_seconds=5)), {"value": 2}, "r")
    first = progress.decide(0.0)
    assert isinstance(first, Do)
    progress.apply(*done(first))
    progress.apply(failed("half", 0, 1, 5.0))
    second = progress.decide(1.0)
    assert isinstance(second, Do)
    assert second.call.name == "half[1]"
    progress.apply(*done(second))
    assert progress.decide(1.0) == Wait(5.0, 5.0)
    again = progress.decide(5.0)
    assert isinstance(again, Do)
    assert (again.call.name, again.attempt) == ("half[0]", 2)


def test_after_a_failure_what_ran_is_undone_the_last_first() -> None:
    progress = Progress(graph(undo=unhalf), {"value": 3}, "r")
    for _ in range(3):
        action = progress.decide(0.0)
        assert isinstance(action, Do)
        progress.apply(*done(action))
    progress.apply(failed("half", 2, 1, None))
    names = []
    while isinstance(undo := progress.decide(0.0), Undo):
        names.append(undo.call.name)
        progress.apply(record(undo.call.node.name, undo.call.item, "undone"))
    assert names == ["half[1]", "half[0]"]
    assert isinstance(undo, End)
    assert undo.status == "failed"
    assert undo.error is not None
    assert undo.error.what == "it broke"


def test_what_cannot_be_undone_is_said_and_the_rest_is_undone() -> None:
    progress = Progress(graph(undo=unhalf), {"value": 2}, "r")
    for _ in range(3):
        action = progress.decide(0.0)
        assert isinstance(action, Do)
        progress.apply(*done(action))
    progress.apply(failed("add", -1, 1, None))
    trouble = error_to_json(StepFailed("x", why="no connection", fix="f", about="half"))
    progress.apply(record("half", 1, "undo_failed", trouble))
    undo = progress.decide(0.0)
    assert isinstance(undo, Undo)
    assert undo.call.name == "half[0]"
    progress.apply(record("half", 0, "undone"))
    end = progress.decide(0.0)
    assert isinstance(end, End)
    assert end.error is not None
    assert end.error.why == "w; half[1] could not be undone: no connection"


def test_a_person_is_asked_once_nothing_else_can_be_done() -> None:
    progress = Progress(graph(approval="Halve them?"), {"value": 2}, "r")
    action = progress.decide(0.0)
    assert isinstance(action, Do)
    progress.apply(*done(action))
    ask = progress.decide(0.0)
    assert isinstance(ask, Ask)
    assert [call.node.name for call in ask.calls] == ["half"]
    progress.apply(record("half", -1, "asked"))
    assert progress.decide(0.0) == Ask(())
    progress.apply(record("half", -1, "refused"))
    assert progress.decide(0.0) == End("done", None)
    assert progress.execution.output is None
