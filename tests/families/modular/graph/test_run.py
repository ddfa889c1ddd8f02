from __future__ import annotations

import threading
from typing import Any

import pytest

from proveout.errors import DataEmpty, RunNotReady, StepFailed, StepOutputInvalid, WorkflowInvalid
from proveout.families.modular.graph import Graph, StepSpec, run_graph


def double(x: int) -> int:
    return 2 * x


def fail(x: int) -> int:
    raise KeyError(x)


def leave(x: int) -> int:
    raise SystemExit(3)


def ours(x: int) -> int:
    raise DataEmpty("no rows", why="it is empty", fix="add one", about="file")


def wrong(x: int) -> int:
    return str(x)  # type: ignore[return-value]


def key_of(key: str, x: int = 0) -> str:
    return key


def loose(x: int) -> Any:
    return "text"


def graph_of(run: Any, **settings: Any) -> Graph:
    all_settings: dict[str, Any] = {"name": "a", "run": run, "takes": {"x": "input.x"}} | settings
    spec = StepSpec(**all_settings)
    return Graph("g", takes={"x": int, "xs": list[int]}, steps=[spec], gives="a")


INPUT = {"x": 1, "xs": [1, 2]}


@pytest.mark.parametrize(
    ("run", "kind", "message"),
    [
        (fail, StepFailed, "a: a step raised: KeyError: 1. Next: correct the step or its input."),
        (leave, StepFailed, "a: a step raised: SystemExit: 3"),
        (ours, DataEmpty, "file: no rows: it is empty. Next: add one."),
        (wrong, StepOutputInvalid, "a: a step gave another type: Expected `int`, got `str`"),
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_step_that_fails(run: Any, kind: type[Exception], message: str, threads: int) -> None:
    with pytest.raises(kind) as caught:
        run_graph(graph_of(run), INPUT, threads=threads)
    assert message in str(caught.value)


def test_an_item_that_fails_is_named() -> None:
    with pytest.raises(StepFailed, match=r"a\[0\]: a step raised"):
        run_graph(graph_of(fail, takes={"x": "input.xs"}, each="x"), INPUT)


def test_a_step_that_waits_for_a_person() -> None:
    with pytest.raises(RunNotReady, match="a: a step waits for a person: Pay it"):
        run_graph(graph_of(double, approval="Pay it?"), INPUT)


def test_a_part_that_is_missing_ends_the_run() -> None:
    steps = [
        StepSpec(name="a", run=loose, takes={"x": "input.x"}),
        StepSpec(name="b", run=loose, takes={"x": "a.label"}),
    ]
    with pytest.raises(StepOutputInvalid, match="a part is missing: str has no field label"):
        run_graph(Graph("g", takes={"x": int}, steps=steps, gives="b"), {"x": 1})


def test_the_trace_holds_plain_outputs_and_seconds() -> None:
    times = iter(range(100))
    found = run_graph(graph_of(double, takes={"x": "input.xs"}, each="x"), INPUT, clock=lambda: float(next(times)))
    assert [(step.name, step.output, step.wall_seconds) for step in found.trace] == [("a[0]", 2, 1.0), ("a[1]", 4, 1.0)]
    assert found.outputs == {"a": [2, 4]}


def test_an_output_is_replaced_and_checked() -> None:
    assert run_graph(graph_of(double), INPUT, replace={"a": lambda own: own + 1}).output == 3
    with pytest.raises(StepOutputInvalid, match="Expected `int`, got `str`"):
        run_graph(graph_of(double), INPUT, replace={"a": str})
    with pytest.raises(WorkflowInvalid, match=r"no such step: aa, and the steps are a\. Next: did you mean 'a'"):
        run_graph(graph_of(double), INPUT, replace={"aa": str})


def test_keys_name_the_run_and_the_call() -> None:
    graph = graph_of(key_of, takes={"x": "input.xs"}, each="x", keyed=True)
    assert run_graph(graph, INPUT, key="run-1").output == ["run-1/a[0]", "run-1/a[1]"]
    first, second = (run_graph(graph, INPUT).output for _ in range(2))
    assert set(first).isdisjoint(second)


def test_keys_in_a_mapped_graph_name_the_item() -> None:
    step = StepSpec(name="pay", run=key_of, takes={"x": "input.x"}, keyed=True)
    inner = Graph("inner", takes={"x": int}, steps=[step], gives="pay")
    found = run_graph(graph_of(inner, takes={"x": "input.xs"}, each="x"), INPUT, key="run-1")
    assert found.output == ["run-1/a[0]/pay", "run-1/a[1]/pay"]


def test_threads_run_items_at_once() -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(x: int) -> int:
        both.wait()
        return x

    assert run_graph(graph_of(meet, takes={"x": "input.xs"}, each="x"), INPUT, threads=2).output == [1, 2]


def test_after_a_failure_no_call_is_begun() -> None:
    begun: list[int] = []

    def first_fails(x: int) -> int:
        begun.append(x)
        raise ValueError(x)

    graph = graph_of(first_fails, takes={"x": "input.xs"}, each="x")
    with pytest.raises(StepFailed):
        run_graph(graph, {"x": 0, "xs": list(range(100))}, threads=2)
    assert len(begun) <= 4
