"""A graph within a graph means what a call of it would mean; see also the property in test_execution."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from proveout.families.modular.graph import SKIPPED, Execution, Graph, StepSpec, invoke, run_graph
from proveout.families.modular.graph._bindings import NOTHING, Binding
from proveout.families.modular.graph._references import PartMissing, Reference


def say(**parts: Any) -> dict[str, Any]:
    return parts


def within(inner: Graph, *others: StepSpec, takes: Any = None, given: Any = None, gives: str = "sub") -> Graph:
    sub = StepSpec(name="sub", run=inner, takes=takes or {}, given=given or {})
    return Graph("outer", takes={"x": Any}, steps=[sub, *others], gives=gives)


def test_the_whole_input_of_a_graph_within_a_graph() -> None:
    inner = Graph(
        "inner", takes={"a": Any, "b": Any}, steps=[StepSpec(name="s", run=say, takes={"all": "input"})], gives="s"
    )
    found = run_graph(within(inner, takes={"a": "input.x"}, given={"b": 2}), {"x": 1})
    assert found.output == {"all": {"a": 1, "b": 2}}


def test_the_whole_input_through_two_graphs() -> None:
    step = StepSpec(name="s", run=say, takes={"all": "input"})
    low = Graph("low", takes={"a": Any}, steps=[step], gives="s")
    passing = StepSpec(name="low", run=low, takes={"a": "input"})
    high = Graph("high", takes={"b": Any}, steps=[passing], gives="low")
    first = StepSpec(name="first", run=Graph("one", takes={"c": Any}, steps=[step], gives="s"), takes={"c": "input.x"})
    found = run_graph(within(high, first, takes={"b": "first.all.c"}), {"x": 1})
    assert found.output == {"all": {"a": {"b": 1}}}


def test_a_graph_that_gives_its_own_input() -> None:
    first = StepSpec(name="s", run=say, takes={"v": "input.a"})
    same = Graph("inner", takes={"a": Any}, steps=[first], gives="input.a")
    whole = Graph("inner", takes={"a": Any}, steps=[first], gives="input")
    behind = StepSpec(name="behind", run=say, takes={"got": "sub"})
    assert run_graph(within(same, behind, takes={"a": "input.x"}, gives="behind"), {"x": 1}).output == {"got": 1}
    assert run_graph(within(same, given={"a": 5}), {"x": 1}).output == 5
    assert run_graph(within(whole, takes={"a": "input.x"}, gives="sub.a"), {"x": 1}).output == 1
    assert run_graph(within(whole, given={"a": {"b": 6}}, gives="sub.a.b"), {"x": 1}).output == 6


def test_a_constant_holds_a_condition_and_is_the_last_alternative() -> None:
    inner = Graph(
        "inner",
        takes={"kind": str, "a": Any},
        steps=[
            StepSpec(name="never", run=say, takes={"v": "input.a"}, when={"input.kind": ("other",)}),
            StepSpec(
                name="first", run=say, takes={"v": "never | input.kind | input.a"}, when={"input.kind": ("this",)}
            ),
        ],
        gives="first",
    )
    found = run_graph(within(inner, takes={"a": "input.x"}, given={"kind": "this"}), {"x": 1})
    assert found.output == {"v": "this"}
    assert list(found.outputs) == ["sub/first"]


def test_a_condition_on_a_constant_that_a_graph_gives() -> None:
    same = Graph("inner", takes={"a": Any}, steps=[StepSpec(name="s", run=say)], gives="input.a")
    behind = StepSpec(name="behind", run=say, when={"sub": ("yes",)})
    assert run_graph(within(same, behind, given={"a": "yes"}, gives="behind"), {"x": 1}).output == {}
    assert run_graph(within(same, behind, given={"a": "no"}, gives="behind"), {"x": 1}).output is None


def test_a_step_goes_before_a_constant_behind_it() -> None:
    steps = [
        StepSpec(name="made", run=say, takes={"v": "input.a"}),
        StepSpec(name="last", run=say, takes={"v": "made | input.kind"}),
    ]
    inner = Graph("inner", takes={"kind": str, "a": Any}, steps=steps, gives="last")
    found = run_graph(within(inner, takes={"a": "input.x"}, given={"kind": "constant"}), {"x": 1})
    assert found.output == {"v": {"v": 1}}


def test_a_graph_is_skipped_whole_where_one_of_its_arguments_was() -> None:
    steps = [
        StepSpec(name="one", run=say, takes={"v": "input.a"}),
        StepSpec(name="two", run=say, takes={"v": "input.b"}),
    ]
    inner = Graph("inner", takes={"a": Any, "b": Any}, steps=steps, gives="one")
    skipped = StepSpec(name="skipped", run=say, when={"input.x": ("never",)})
    graph = within(inner, skipped, takes={"a": "input.x", "b": "skipped"})
    assert Execution(graph, {"x": 1}).outputs["sub/one"] is SKIPPED
    assert run_graph(within(inner, skipped, takes={"a": "input.x", "b": "skipped | input.x"}), {"x": 1}).output == {
        "v": 1
    }


def test_conditions_of_a_graph_hold_for_each_step_in_it() -> None:
    inner = Graph("inner", takes={}, steps=[StepSpec(name="s", run=say)], gives="s")
    sub = StepSpec(name="sub", run=inner, when={"input.x": (1,)})
    graph = Graph("outer", takes={"x": int}, steps=[sub], gives="sub")
    assert [run_graph(graph, {"x": x}).output for x in (1, 2)] == [{}, None]


def test_graphs_three_deep_feed_each_other() -> None:
    def level(name: str, run: Any) -> Graph:
        step = StepSpec(name="s", run=run, takes={"a": "input.a"})
        return Graph(name, takes={"a": Any}, steps=[step], gives="s")

    deep = level("top", level("middle", level("bottom", say)))
    behind = StepSpec(name="again", run=deep, takes={"a": "sub.a"})
    found = run_graph(within(deep, behind, takes={"a": "input.x"}, gives="again"), {"x": 1})
    assert found.output == {"a": 1}
    assert list(found.outputs) == ["sub/s/s/s", "again/s/s/s"]


def read(day: date) -> int:
    return day.year


def test_a_constant_is_typed_at_the_border() -> None:
    inner = Graph(
        "inner", takes={"day": date}, steps=[StepSpec(name="s", run=read, takes={"day": "input.day"})], gives="s"
    )
    graph = within(inner, given={"day": "2026-05-17"})
    call = Execution(graph, {"x": 1}).ready[0]
    assert call.arguments == {"day": date(2026, 5, 17)}
    assert invoke(call) == 2026


def test_parts_of_a_binding() -> None:
    binding = Binding((Reference("a", ("b",)),), {"c": 1})
    assert binding.part(("c",)) == Binding((Reference("a", ("b", "c")),), 1)
    fields = Binding(fields=(("a", binding),))
    assert fields.part(("a", "c")) == binding.part(("c",))
    assert list(fields.all_references()) == [Reference("a", ("b",))]
    assert not Binding().closed
    assert Binding().constant is NOTHING
    with pytest.raises(PartMissing, match="the input has no field z"):
        fields.part(("z",))
