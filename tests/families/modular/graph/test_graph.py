from __future__ import annotations

from typing import Any

import pytest

from proveout.families.modular.graph import Graph, StepSpec


def one(x: int) -> int:
    return x


def other(x: int) -> int:
    return x + 1


def back(x: int, output: int) -> None: ...


def graph_of(*specs: StepSpec, **settings: Any) -> Graph:
    given: dict[str, Any] = {"name": "g", "takes": {"x": int}, "steps": specs, "gives": specs[-1].name} | settings
    return Graph(**given)


FIRST = StepSpec(name="a", run=one, takes={"x": "input.x"})
SECOND = StepSpec(name="b", run=one, takes={"x": "a"}, when={"a": (1, 2)})
BASE = graph_of(FIRST, SECOND)


def changed(**settings: Any) -> Graph:
    given: dict[str, Any] = {"name": "b", "run": one, "takes": {"x": "a"}, "when": {"a": (1, 2)}} | settings
    return graph_of(FIRST, StepSpec(**given))


@pytest.mark.parametrize(
    "graph",
    [
        graph_of(SECOND, FIRST, gives="b"),
        changed(timeout_seconds=3.0),
        changed(isolated=True),
        changed(sync=True),
    ],
)
def test_the_fingerprint_does_not_change_with_what_changes_no_output(graph: Graph) -> None:
    assert graph.fingerprint == BASE.fingerprint


@pytest.mark.parametrize(
    "graph",
    [
        graph_of(FIRST, SECOND, name="h"),
        graph_of(FIRST, SECOND, takes={"x": int, "y": int}),
        graph_of(FIRST, SECOND, takes={"x": bool}),
        graph_of(FIRST, SECOND, gives="a"),
        changed(run=other),
        changed(takes={"x": "input.x"}),
        changed(takes={}, given={"x": 3}),
        changed(when={"a": (1,)}),
        changed(when={}),
        changed(approval="Sure?"),
        changed(undo=back),
        changed(version="one@2"),
    ],
)
def test_the_fingerprint_changes_with_what_changes_a_run(graph: Graph) -> None:
    assert graph.fingerprint != BASE.fingerprint


def test_a_graph_of_graphs_has_a_fingerprint_of_all_that_is_in_them() -> None:
    def outer(run: Any, each: str) -> str:
        inner = graph_of(StepSpec(name="a", run=run, takes={"x": "input.x"}))
        spec = StepSpec(name="sub", run=inner, takes={"x": "input.xs" if each else "input.x"}, each=each)
        return graph_of(spec, takes={"x": int, "xs": list[int]}).fingerprint

    assert len({outer(run, each) for run in (one, other) for each in ("", "x")}) == 4


def test_nodes_stand_behind_those_they_need() -> None:
    assert list(graph_of(SECOND, FIRST, gives="b").nodes) == ["a", "b"]
    assert BASE.nodes["b"].needs == ("a",)
    assert BASE.output_type is int
