from __future__ import annotations

from typing import Any

import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import Graph, StepSpec, graph_stats, run_graph
from proveout.task import Step


def take(x: Any) -> Any:
    return x


GRAPH = Graph(
    "g",
    takes={"x": int, "xs": list[int]},
    steps=[
        StepSpec(name="a", run=take, takes={"x": "input.x"}),
        StepSpec(name="m", run=take, takes={"x": "input.xs"}, each="x"),
        StepSpec(name="never", run=take, takes={"x": "input.x"}, when={"input.x": (9,)}),
    ],
    gives="a",
)


def test_items_are_calls_and_shares_add_up() -> None:
    traces = [run_graph(GRAPH, {"x": 1, "xs": [1, 2]}, clock=iter(range(100)).__next__).trace for _ in range(20)]
    found = graph_stats(GRAPH, traces)
    assert (found["a"].calls, found["m"].calls, found["never"].calls) == (20, 40, 0)
    assert found["m"].share == pytest.approx(2 / 3)
    assert sum(one.share for one in found.values()) == pytest.approx(1)
    assert (found["never"].p50_seconds, found["never"].p95_seconds) == (None, None)


def test_quantiles() -> None:
    trace = [Step(name="a", output=0, wall_seconds=float(second)) for second in range(1, 101)]
    found = graph_stats(GRAPH, [trace])["a"]
    assert (found.p50_seconds, found.p95_seconds, found.total_seconds) == (50.5, 95.0, 5050.0)
    assert graph_stats(GRAPH, [trace[:1]])["a"].p95_seconds == 1.0


def test_failures_are_counted_by_step() -> None:
    found = graph_stats(GRAPH, [[Step(name="m[0]", output=0)]], ["m[1]", "m[0]", "a"])
    assert found["m"].failures == 2
    assert found["m"].failure_rate == pytest.approx(2 / 3)
    assert found["a"].failure_rate == 1
    assert found["never"].failure_rate == 0


def test_a_step_of_another_version() -> None:
    with pytest.raises(
        WorkflowInvalid, match=r"g: no such step: a run has nevr, and the steps of g are a, m, never\."
    ) as caught:
        graph_stats(GRAPH, [[Step(name="nevr", output=0)]])
    assert "did you mean 'never'? leave out runs of other versions" in str(caught.value)
