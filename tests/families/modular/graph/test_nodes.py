from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import msgspec
import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import Execution, Graph, StepSpec


class Label(Enum):
    YES = "yes"
    NO = "no"


class Intent(msgspec.Struct):
    label: Literal["refund", "cancel"]
    sure: float = 1.0


class Odd:
    pass


def classify(text: str) -> Intent:
    return Intent(label="refund")


def label(text: str) -> Label:
    return Label.YES


def count(n: int, more: int | None = 3) -> int:
    return n


def items(xs: list[int]) -> list[int]:
    return xs


def odd(n: int) -> Odd:
    return Odd()


def keyed(n: int, key: str) -> int:
    return n


def keyed_by_number(n: int, key: int) -> int:
    return n


def any_of(**parts: Any) -> Any:
    return parts


CLASSIFY = StepSpec(name="intent", run=classify, takes={"text": "input.text"})


def graph_of(*specs: StepSpec, gives: str = "") -> Graph:
    takes = {"text": str, "n": int, "ns": list[int], "maybe": int | None}
    return Graph("g", takes=takes, steps=specs, gives=gives or specs[-1].name)


def message_of(*specs: StepSpec, gives: str = "") -> str:
    with pytest.raises(WorkflowInvalid) as caught:
        graph_of(*specs, gives=gives)
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"takes": {"n": "input.text"}},
            "g: a: a type does not fit: n takes int and input.text gives str. Next: refer to",
        ),
        ({"takes": {"n": "input.maybe"}}, "n takes int and input.maybe gives int | None"),
        ({"takes": {"n": "input.n | input.text"}}, "n takes int and input.text gives str"),
        ({"takes": {"n": "input"}}, "n takes int and input gives dict[str, Any]"),
        ({"takes": {"n": "intent.sure"}}, "n takes int and intent.sure gives float"),
        ({"run": items, "takes": {"xs": "input.n"}, "each": "xs"}, "nothing to map: input.n gives int"),
        (
            {"run": items, "takes": {"xs": "input.ns"}, "each": "xs"},
            "xs takes list[int] and an item of input.ns gives int",
        ),
        ({"given": {"n": "3"}}, "n cannot be '3': Expected `int`, got `str`. Next: give a value of that type"),
        ({"given": {"n": [1, "2"]}, "each": "n"}, "n cannot be [1, '2']: Expected `int`, got `str`"),
        ({"takes": {"n": "input.m"}}, "g: a reference leads nowhere: input.m: the input has text, n, ns, maybe"),
        ({"takes": {"n": "intent.labl"}}, "a reference leads nowhere: intent.labl: intent gives Intent"),
        ({"run": odd, "takes": {"n": "input.n"}}, "what a gives cannot be kept: Odd holds Odd, which JSON cannot"),
        (
            {"takes": {"n": "input.n"}, "keyed": True},
            "nothing takes the key: the step is keyed. Next: give the function",
        ),
        ({"run": keyed_by_number, "takes": {"n": "input.n"}, "keyed": True}, "key takes int and the engine gives str"),
        (
            {"takes": {"n": "input.n"}, "when": {"intent.label": ("refnd",)}},
            "a condition cannot hold: intent.label is Literal['refund', 'cancel'], never 'refnd'",
        ),
        ({"takes": {"n": "input.n"}, "when": {"input.n": ("1",)}}, "input.n is int, never '1'"),
        ({"takes": {"n": "input.n"}, "when": {"intent.lable": ("refund",)}}, "a reference leads nowhere: intent.lable"),
    ],
)
def test_what_does_not_fit(settings: dict[str, Any], message: str) -> None:
    all_settings: dict[str, Any] = {"name": "a", "run": count} | settings
    assert message in message_of(CLASSIFY, StepSpec(**all_settings))


def test_what_the_graph_gives_is_checked() -> None:
    assert "a reference leads nowhere: intent.foo" in message_of(CLASSIFY, gives="intent.foo")


def test_what_a_graph_within_a_graph_takes_is_checked_at_its_border() -> None:
    loose = Graph("inner", takes={"v": str}, steps=[StepSpec(name="s", run=any_of, takes={"v": "input.v"})], gives="s")
    assert "g: sub: a type does not fit: v takes str and input.n gives int" in message_of(
        StepSpec(name="sub", run=loose, takes={"v": "input.n"})
    )
    assert "g: sub: v cannot be 3" in message_of(StepSpec(name="sub", run=loose, given={"v": 3}))


def test_a_condition_in_a_graph_is_typed_as_declared_there() -> None:
    step = StepSpec(name="s", run=any_of, when={"input.v": (0,)})
    inner = Graph("inner", takes={"v": Any}, steps=[step], gives="s")
    graph = graph_of(StepSpec(name="sub", run=inner, takes={"v": "input.ns"}))
    assert Execution(graph, {"text": "", "n": 0, "ns": [0]}).outcome == "done"


def test_a_condition_is_compared_as_the_type_that_it_is_about() -> None:
    said = StepSpec(name="said", run=label, takes={"text": "input.text"})
    first = StepSpec(name="a", run=count, takes={"n": "input.n"}, when={"said": ("yes",)})
    second = StepSpec(name="b", run=count, takes={"n": "input.n"}, when={"said": (Label.NO,)})
    nodes = graph_of(said, first, second).nodes
    assert [nodes[name].when[0].values for name in "ab"] == [(Label.YES,), (Label.NO,)]


def test_a_mapped_constant_and_a_keyword_for_any_name() -> None:
    spec = StepSpec(name="a", run=any_of, given={"n": [1, 2]}, takes={"other": "input.text"}, each="n")
    execution = Execution(graph_of(spec), {"text": "x", "n": 1, "ns": []})
    assert [call.arguments for call in execution.ready] == [{"other": "x", "n": 1}, {"other": "x", "n": 2}]


def words(**parts: str) -> str:
    return " ".join(parts.values())


def test_keywords_for_any_name_have_their_type() -> None:
    assert "n takes str and input.n gives int" in message_of(StepSpec(name="a", run=words, takes={"n": "input.n"}))
    node = graph_of(StepSpec(name="a", run=words, takes={"n": "input.text"}, version="words@1")).nodes["a"]
    assert node.version == "words@1"


def test_what_is_mapped_is_never_optional() -> None:
    node = graph_of(StepSpec(name="a", run=count, takes={"n": "input.n", "more": "input.ns"}, each="more")).nodes["a"]
    assert node.optional == frozenset()


def undo_all(n: int, output: int) -> None: ...


def undo_less(output: int) -> None: ...


def undo_more(n: int, output: int, why: str) -> None: ...


def undo_other(n: int, output: str) -> None: ...


def undo_optional(n: int, more: int | None, output: int) -> None: ...


def undo_open(**parts: Any) -> None: ...


@pytest.mark.parametrize(
    ("undo", "takes", "message"),
    [
        (undo_less, {"n": "input.n"}, "undo cannot be called: it does not take n. Next: let undo take"),
        (undo_more, {"n": "input.n"}, "why is not among the step's arguments"),
        (undo_other, {"n": "input.n"}, "g: a: undo: a type does not fit: output takes str and the step gives int"),
        (
            undo_optional,
            {"n": "input.n", "more": "input.n"},
            "more may be left out of the step's arguments, and has no",
        ),
    ],
)
def test_an_undo_that_could_not_be_called(undo: Any, takes: dict[str, str], message: str) -> None:
    assert message in message_of(StepSpec(name="a", run=count, takes=takes, undo=undo))


def gives_more(output: int) -> int:
    return output


def test_a_step_with_a_parameter_that_undo_needs() -> None:
    found = message_of(StepSpec(name="a", run=gives_more, takes={"output": "input.n"}, undo=undo_open))
    assert "undo cannot be called: the step has a parameter output" in found


@pytest.mark.parametrize("undo", [undo_all, undo_open])
def test_an_undo_that_fits(undo: Any) -> None:
    bare = graph_of(StepSpec(name="a", run=count, takes={"n": "input.n"})).nodes["a"]
    node = graph_of(StepSpec(name="a", run=count, takes={"n": "input.n"}, undo=undo)).nodes["a"]
    assert node.version.startswith(f"{bare.version} undo ")
