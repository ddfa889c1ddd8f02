from __future__ import annotations

from typing import Any

import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import Graph, Retry, StepSpec


def say(**parts: Any) -> Any:
    return parts


def back(output: Any, **parts: Any) -> None: ...


def one(text: str, more: str = "") -> str:
    return text + more


def inner(**settings: Any) -> Graph:
    return Graph(
        "inner", takes={"a": Any}, steps=[StepSpec(name="s", run=say, takes={"v": "input.a"}, **settings)], gives="s"
    )


def message_of(*specs: StepSpec, gives: str = "") -> str:
    with pytest.raises(WorkflowInvalid) as caught:
        Graph("g", takes={"x": str, "xs": list[str]}, steps=specs, gives=gives or specs[-1].name)
    return str(caught.value)


def test_a_reference_to_no_step() -> None:
    steps = [
        StepSpec(name="intent", run=one, takes={"text": "input.x"}),
        StepSpec(name="b", run=one, takes={"text": "intnt"}),
    ]
    why = "b refers to intnt, and the steps are intent, b"
    assert message_of(*steps) == f"g: no such step: {why}. Next: did you mean 'intent'? correct the reference."
    assert "what the graph gives refers to c" in message_of(steps[0], gives="c")


def test_steps_that_need_each_other() -> None:
    steps = [StepSpec(name=name, run=one, takes={"text": need}) for name, need in (("a", "b"), ("b", "c"), ("c", "a"))]
    turns = ["a needs b needs c needs a", "b needs c needs a needs b", "c needs a needs b needs c"]
    found = message_of(*steps)
    assert any(f"g: steps need each other: {turn}. Next: take one" in found for turn in turns)


def test_a_step_that_needs_itself() -> None:
    assert "steps need each other: a needs a. Next: take one" in message_of(
        StepSpec(name="a", run=one, takes={"text": "a"})
    )


def test_graphs_that_need_each_other() -> None:
    steps = [StepSpec(name="a", run=inner(), takes={"a": "b"}), StepSpec(name="b", run=inner(), takes={"a": "a"})]
    assert "steps need each other" in message_of(*steps)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"takes": {}}, "the step's arguments do not match: text is not given. Next: name each parameter"),
        ({"takes": {"text": "input.x", "mor": "input.x"}}, "it takes text, more, not mor. Next: did you mean 'more'?"),
        (
            {"takes": {"text": "input.xs"}, "each": "texts"},
            "nothing to map: each is 'texts'. Next: did you mean 'text'?",
        ),
        ({"takes": {"text": "input.x"}, "each": "text"}, "nothing to map: input.x gives str. Next: map a list."),
        ({"run": inner(), "takes": {}}, "a is not given"),
        ({"run": inner(), "takes": {"a": "input.x", "b": "input.x"}}, "it takes a, not b"),
    ],
)
def test_arguments_that_do_not_match(settings: dict[str, Any], message: str) -> None:
    all_settings: dict[str, Any] = {"name": "a", "run": one} | settings
    found = message_of(StepSpec(**all_settings))
    assert found.startswith("g: a: ")
    assert message in found


@pytest.mark.parametrize(
    ("settings", "lost"),
    [
        ({"retry": Retry(attempts=2)}, "retry"),
        ({"timeout_seconds": 3, "sync": True}, "timeout_seconds, sync"),
        ({"approval": "Sure?"}, "approval"),
        ({"undo": back}, "undo"),
        ({"isolated": True, "memory_mb": 5}, "isolated, memory_mb"),
    ],
)
def test_settings_of_a_graph_that_would_be_lost(settings: dict[str, Any], lost: str) -> None:
    found = message_of(StepSpec(name="a", run=inner(), takes={"a": "input.x"}, **settings))
    for name in lost.split(", "):
        assert name in found
    assert "is set on a graph, whose steps run one by one. Next: set it on the steps in it." in found


@pytest.mark.parametrize("settings", [{"retry": Retry(attempts=2)}, {"approval": "?"}, {"undo": back}, {"sync": True}])
def test_settings_in_a_mapped_graph_that_would_be_lost(settings: dict[str, Any]) -> None:
    found = message_of(StepSpec(name="a", run=inner(**settings), takes={"a": "input.xs"}, each="a"))
    assert f"g: a/s: a setting has no effect: {next(iter(settings))} is set on s, and one item" in found


def test_the_step_that_maps_a_graph_keeps_its_settings() -> None:
    spec = StepSpec(
        name="a", run=inner(keyed=False), takes={"a": "input.xs"}, each="a", retry=Retry(attempts=3), undo=back
    )
    assert Graph("g", takes={"xs": list[str]}, steps=[spec], gives="a").nodes["a"].spec.retry.attempts == 3


def test_a_constant_without_the_part_that_is_read() -> None:
    deep = Graph("inner", takes={"a": Any}, steps=[StepSpec(name="s", run=say, takes={"v": "input.a.b"})], gives="s")
    found = message_of(StepSpec(name="a", run=deep, given={"a": "text"}))
    assert found == "g: a: a reference leads nowhere: str has no field b. Next: give a constant that has it."


def test_the_whole_input_of_a_graph_is_an_object() -> None:
    def around(**settings: Any) -> StepSpec:
        given: dict[str, Any] = {"name": "s", "run": one, "takes": {"text": "input"}} | settings
        step = StepSpec(**given)
        return StepSpec(name="a", run=Graph("inner", takes={"a": Any}, steps=[step], gives="s"), takes={"a": "input.x"})

    for settings, message in (
        ({}, "text takes str and input gives dict[str, Any]"),
        ({"each": "text"}, "nothing to map"),
    ):
        with pytest.raises(WorkflowInvalid) as caught:
            around(**settings)
        assert message in str(caught.value)


def test_a_part_of_a_constant_that_a_graph_gives() -> None:
    same = Graph("inner", takes={"a": Any}, steps=[StepSpec(name="s", run=say)], gives="input.a")
    found = message_of(StepSpec(name="a", run=same, given={"a": "text"}), gives="a.b")
    assert found == "g: a reference leads nowhere: str has no field b. Next: correct what the graph gives."
