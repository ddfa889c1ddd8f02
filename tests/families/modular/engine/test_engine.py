from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from proveout.errors import (
    DeterminismBroken,
    GraphVersionMissing,
    JournalCorrupt,
    RunNotFound,
    RunNotReady,
    StepOutputInvalid,
    WorkflowInvalid,
)
from proveout.families.modular.engine import Engine, EngineOptions, SqliteEngine
from proveout.families.modular.graph import Graph, StepSpec

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]


class Place(msgspec.Struct):
    city: str


def double(value: int) -> int:
    return 2 * value


def minus(value: int) -> int:
    return -value


def test_it_is_an_engine(engine: Make) -> None:
    assert isinstance(engine(), Engine)


def test_a_run_gives_its_output_and_its_journal(engine: Make, chain: Chain) -> None:
    one = engine(chain(double, minus))
    result = one.run("chain", {"value": 4})
    assert (result.status, result.output, result.error) == ("done", -8, None)
    detail = one.show(result.id)
    assert detail.inputs == {"value": 4}
    assert detail.output == -8
    assert [(step.name, step.attempt, step.outcome, step.content) for step in detail.steps] == [
        ("double", 1, "done", 8),
        ("minus", 1, "done", -8),
    ]
    assert one.resume(result.id) == result
    assert [run.id for run in one.runs(status="done", graph="chain")] == [result.id]
    assert one.runs(status="failed") == []


def test_outputs_are_typed_also_when_read_back(engine: Make) -> None:
    def find(text: str) -> Place:
        return Place(city=text)

    def name(place: Place) -> str:
        return place.city

    steps = [
        StepSpec(name="find", run=find, takes={"text": "input.text"}),
        StepSpec(name="name", run=name, takes={"place": "find"}),
    ]
    one = engine(Graph("g", takes={"text": str}, steps=steps, gives="find"))
    result = one.run("g", {"text": "Oslo"})
    assert result.output == one.resume(result.id).output == Place(city="Oslo")


def test_a_key_gives_the_same_run(engine: Make, chain: Chain) -> None:
    calls: list[int] = []

    def note(value: int) -> int:
        calls.append(value)
        return value

    one = engine(chain(note))
    first = one.run("chain", {"value": 1}, key="order-7")
    assert one.run("chain", {"value": 1}, key="order-7") == first
    assert one.start("chain", {"value": 1}, key="order-7") == first.id
    assert calls == [1]
    with pytest.raises(WorkflowInvalid, match=r"key order-7 belongs to run .* with other inputs"):
        one.run("chain", {"value": 2}, key="order-7")
    with pytest.raises(WorkflowInvalid, match=f"id {first.id} belongs"):
        one.start("chain", {"value": 1}, run_id=first.id)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "the input does not fit"),
        ({"value": 1, "more": 2}, "the input does not fit"),
        ({"value": "one"}, "the input does not fit"),
        ({"value": object()}, "the input cannot be kept"),
    ],
)
def test_inputs_that_do_not_fit_start_nothing(engine: Make, chain: Chain, inputs: dict[str, Any], said: str) -> None:
    one = engine(chain(double))
    with pytest.raises(WorkflowInvalid, match=said):
        one.run("chain", inputs)
    with pytest.raises(WorkflowInvalid, match="no such graph"):
        one.start("rope", {"value": 1})
    assert one.runs() == []


def test_no_such_run(engine: Make) -> None:
    one = engine()
    for call in (one.show, one.resume, one.cancel):
        with pytest.raises(RunNotFound, match="nothing: no such run"):
            call("nothing")


def test_a_step_that_gives_another_type_fails_the_run(engine: Make, chain: Chain) -> None:
    def odd(value: int) -> int:
        return f"{value}"  # type: ignore[return-value]

    result = engine(chain(odd)).run("chain", {"value": 1})
    assert result.status == "failed"
    assert isinstance(result.error, StepOutputInvalid)


def test_a_run_finishes_on_the_version_it_began_on(engine: Make, chain: Chain) -> None:
    old, new = chain(double), chain(double, minus)
    first = engine(old)
    run_id = first.start("chain", {"value": 3})
    first.close()
    newer = engine(new)
    with pytest.raises(GraphVersionMissing, match=old.fingerprint):
        newer.resume(run_id)
    assert newer.work() == 0
    assert newer.show(run_id).run.status == "queued"
    assert newer.show(run_id).steps == ()
    newer.close()
    both = engine(old, new)
    assert both.resume(run_id).output == 6
    assert both.run("chain", {"value": 3}).output == -6


def test_the_output_of_a_run_whose_version_is_gone_can_still_be_read(engine: Make, chain: Chain) -> None:
    run_id = engine(chain(double)).run("chain", {"value": 3}).id
    assert engine(chain(minus)).resume(run_id).output == 6


def changed_unseen(chain: Chain, before: Graph, *runs: Callable[..., Any]) -> Graph:
    """A graph that claims to be the version it was, as when a hash does not see a change."""
    graph = chain(*runs)
    graph.__dict__["fingerprint"] = before.fingerprint
    return graph


def test_a_graph_changed_unseen_breaks_determinism_and_leaves_the_run(engine: Make, chain: Chain) -> None:
    def ask(value: int) -> int:
        return value

    before = chain(double, ask, ask={"approval": "Go on?"})
    one = engine(before)
    run_id = one.run("chain", {"value": 3}).id
    one.approve(run_id, "ask", yes=True, by="ada")
    one.close()
    for graph, said in [
        (changed_unseen(chain, before, minus, ask), "double: a journalled step is not asked for"),
        (changed_unseen(chain, before, ask, double), "double: a journalled step is not asked for"),
    ]:
        other = engine(graph)
        with pytest.raises(DeterminismBroken, match=said):
            other.resume(run_id)
        with pytest.raises(DeterminismBroken, match=said):
            other.work()
        assert other.show(run_id).run.status == "queued"
        other.close()
    assert engine(before).resume(run_id).output == 6


def test_what_cannot_go_on_does_not_stop_the_others(engine: Make, chain: Chain) -> None:
    before = chain(double, minus, minus={"approval": "Go on?"})
    one = engine(before)
    run_id = one.run("chain", {"value": 3}).id
    one.approve(run_id, "minus", yes=True, by="ada")
    one.close()
    other = engine(changed_unseen(chain, before, minus))
    good = other.start("chain", {"value": 1})
    with pytest.raises(DeterminismBroken):
        other.work()
    assert other.show(good).run.status == "done"


def test_settings_that_cannot_be_kept_are_refused(engine: Make, chain: Chain) -> None:
    def local(value: int) -> int:
        return value

    with pytest.raises(WorkflowInvalid, match="memory_mb has no effect"):
        engine(chain(double, double={"memory_mb": 10}))
    with pytest.raises(WorkflowInvalid, match="a step cannot be isolated"):
        engine(chain(local, local={"isolated": True}))
    with pytest.raises(WorkflowInvalid, match="a queue must let something run"):
        engine(chain(double)).limit("default", 0)


def test_a_run_is_driven_once_at_a_time(engine: Make, chain: Chain) -> None:
    tried: list[str] = []

    def again(value: int) -> int:
        with pytest.raises(RunNotReady, match="a living worker is at it"):
            one.resume("r")
        with pytest.raises(RunNotReady, match="a living worker is at it"):
            engine(chain(again)).resume("r")
        tried.append("r")
        return value

    one = engine(chain(again))
    assert one.run("chain", {"value": 1}, run_id="r").status == "done"
    assert tried == ["r"]


@pytest.mark.parametrize("durable", ["none", "run", "step"])
def test_each_durability_gives_the_same_journal(engine: Make, chain: Chain, durable: Any) -> None:
    one = engine(chain(double, minus, double={"sync": True}), options=EngineOptions(durable=durable))
    result = one.run("chain", {"value": 4})
    assert result.output == -8
    assert len(one.show(result.id).steps) == 2


def test_a_key_whose_run_waits_for_a_person_gives_that_run(engine: Make, chain: Chain) -> None:
    one = engine(chain(double, double={"approval": "Double?"}))
    first = one.run("chain", {"value": 4}, key="k")
    assert first.status == "waiting"
    assert one.run("chain", {"value": 4}, key="k") == first


def test_two_questions_are_answered_one_after_the_other(engine: Make) -> None:
    settings: dict[str, Any] = {"run": double, "takes": {"value": "input.value"}}
    steps = [StepSpec(name=name, approval=f"{name}?", **settings) for name in ("a", "b")]
    one = engine(Graph("two", takes={"value": int}, steps=steps, gives="b"))
    one.run("two", {"value": 4}, run_id="r")
    one.approve("r", "a", yes=True, by="ada")
    assert one.show("r").asks == {"b": "b?"}
    one.approve("r", "b", yes=True, by="ada")
    assert one.resume("r").output == 8


@pytest.mark.parametrize("column", ["input", "output", "error"])
def test_a_run_whose_row_is_damaged_is_said_to_be(engine: Make, chain: Chain, column: str) -> None:
    one = engine(chain(double))
    one.run("chain", {"value": 4}, run_id="r")
    one._journal.execute(f"UPDATE runs SET {column} = x'ff'")  # noqa: S608
    with pytest.raises(JournalCorrupt, match="run r cannot be read"):
        one.show("r")


def test_text_and_numbers_that_sqlite_cannot_hold_are_refused(engine: Make, chain: Chain) -> None:
    one = engine(chain(double))
    with pytest.raises(WorkflowInvalid, match="a value cannot be kept"):
        one.start("chain", {"value": 4}, key="\udcff")
    with pytest.raises(WorkflowInvalid, match="a value cannot be kept"):
        one.start("chain", {"value": 4}, priority=2**63)
    with pytest.raises(WorkflowInvalid, match="a value cannot be kept"):
        one.show("\udcff")
    assert one.runs() == []
