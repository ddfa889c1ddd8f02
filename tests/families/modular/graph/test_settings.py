from __future__ import annotations

from typing import Any

import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import Graph, Retry, StepSpec


def shout(text: str = "") -> str:
    return text.upper()


INNER = Graph(
    "inner", takes={"text": str}, steps=[StepSpec(name="s", run=shout, takes={"text": "input.text"})], gives="s"
)


def message_of(**settings: Any) -> str:
    all_settings: dict[str, Any] = {"name": "a", "run": shout} | settings
    spec = StepSpec(**all_settings)
    with pytest.raises(WorkflowInvalid) as caught:
        Graph("g", takes={"text": str, "texts": list[str]}, steps=[spec], gives="a")
    return str(caught.value)


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "a/b", "a\n", "ä", "-a", None, 3])
def test_a_name_that_no_reference_can_hold(name: Any) -> None:
    shown = f"a step is called {name!r}. Next: use letters, digits, - and _, beginning with a letter or _."
    assert message_of(name=name) == f"g: a name cannot be used: {shown}"


def test_a_graph_has_such_a_name_too() -> None:
    with pytest.raises(WorkflowInvalid, match="a graph is called 'my graph'"):
        Graph("my graph", takes={}, steps=[StepSpec(name="a", run=shout)], gives="a")


def test_the_name_of_the_input_is_taken() -> None:
    assert "a step's name is taken: input is the run's own input" in message_of(name="input")


def test_a_name_stands_once() -> None:
    steps = [StepSpec(name="a", run=shout), StepSpec(name="a", run=shout)]
    with pytest.raises(WorkflowInvalid, match="a step's name is taken: a stands more than once"):
        Graph("g", takes={}, steps=steps, gives="a")


def test_a_graph_has_a_step() -> None:
    with pytest.raises(WorkflowInvalid, match="nothing to run: the graph has no step"):
        Graph("g", takes={"x": int}, steps=[], gives="input.x")


@pytest.mark.parametrize("field", ["", " a", "a.b", "a|b"])
def test_a_field_that_no_reference_can_hold(field: str) -> None:
    with pytest.raises(WorkflowInvalid, match="a field cannot be referred to"):
        Graph("g", takes={field: str}, steps=[StepSpec(name="a", run=shout)], gives="a")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timeout_seconds": -1}, "wrong value for 'timeout_seconds': expected `float` > 0.0, and it is -1"),
        ({"timeout_seconds": float("nan")}, "and it is nan"),
        ({"timeout_seconds": float("inf")}, "and it is inf"),
        ({"timeout_seconds": True}, "expected `float | null`, got `bool`, and it is True"),
        ({"retry": Retry(attempts=0)}, "wrong value for 'retry.attempts': expected `int` >= 1, and it is 0"),
        ({"retry": Retry(backoff_seconds=-1)}, "wrong value for 'retry.backoff_seconds'"),
        ({"retry": Retry(factor=0.5)}, "wrong value for 'retry.factor': expected `float` >= 1.0, and it is 0.5"),
        ({"retry": 3}, "wrong value for 'retry': expected `object`, got `int`, and it is 3"),
        ({"isolated": True, "memory_mb": 0}, "wrong value for 'memory_mb': expected `int` >= 1, and it is 0"),
        ({"when": {"input.text": ()}}, "expected `array` of length >= 1"),
        ({"when": {"input.text": "yes"}}, "expected `array`, got `str`"),
        ({"takes": {"text": 3}}, "expected `str`, got `int`"),
        ({"approval": None}, "wrong value for 'approval'"),
        ({"run": "shout"}, "nothing to call: run is 'shout'"),
        ({"undo": "shout"}, "nothing to call: undo is 'shout'"),
    ],
)
def test_a_setting_out_of_its_range(settings: dict[str, Any], message: str) -> None:
    found = message_of(**settings)
    assert found.startswith("g: a: ")
    assert message in found


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"memory_mb": 10}, "memory_mb has no effect: the step is not isolated. Next: set isolated as well"),
        (
            {"takes": {"text": "input.text"}, "given": {"text": "x"}},
            "a parameter is given twice: it stands in both takes and given. Next: leave it in one of them",
        ),
        (
            {"keyed": True, "given": {"key": "x"}},
            "the key is given twice: the step is keyed, and key stands in takes or given. Next: leave key out",
        ),
        (
            {"run": INNER, "keyed": True, "takes": {"text": "input.text"}},
            "a graph has no key: keyed is set on a graph. Next: set keyed on the steps in it",
        ),
        ({"approval": "  "}, "nothing to ask: the question of approval is blank. Next: write what the person is asked"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, Any], message: str) -> None:
    assert f"g: a: {message}" in message_of(**settings)
