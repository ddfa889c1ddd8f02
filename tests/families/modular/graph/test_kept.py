from __future__ import annotations

import functools
from datetime import date
from typing import Any

import msgspec
import pytest

from proveout.errors import StepOutputInvalid, WorkflowInvalid
from proveout.families.modular.graph import Graph, StepSpec, kept
from proveout.families.modular.graph._kept import decoder_of, typed_constant


class Slots(msgspec.Struct):
    city: str
    days: tuple[date, ...] = ()


def give(x: Any) -> Slots:
    return Slots(city=str(x))


def nested(inner: Any, _: int) -> Any:
    return [inner]


DEEP = functools.reduce(nested, range(100_000), None)
NODE = Graph("g", takes={"x": int}, steps=[StepSpec(name="a", run=give, takes={"x": "input.x"})], gives="a").nodes["a"]


def test_an_output_is_as_it_is_when_read_back() -> None:
    assert kept(NODE, {"city": "Oslo", "days": ["2026-05-17"]}) == (
        Slots(city="Oslo", days=(date(2026, 5, 17),)),
        b'{"city":"Oslo","days":["2026-05-17"]}',
    )


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"town": 1}, "missing required field `city`"),
        (Slots(city=3), "Expected `str`, got `int`"),  # type: ignore[arg-type]
        ({"city": "\ud800"}, "surrogates not allowed"),
        ({"city": float("nan")}, "got `null`"),
        (object(), "Encoding objects of type object is unsupported"),
        (DEEP, "recursion"),
    ],
)
def test_an_output_of_another_type(output: Any, message: str) -> None:
    with pytest.raises(StepOutputInvalid) as caught:
        kept(NODE, output)
    assert str(caught.value).startswith("a: a step gave another type: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (range, "what it gives cannot be kept: range holds range, which JSON cannot. Next: use plain values"),
        (list[complex], "holds complex"),
        (3, "is not supported"),
        (Slots | dict[str, int], "Type unions may not contain more than one dict-like type"),
    ],
)
def test_a_type_that_cannot_be_kept(of: Any, message: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        decoder_of(of, "what it gives", "g: a")
    assert message in str(caught.value)


def test_a_constant_becomes_what_the_annotation_asks_for() -> None:
    assert typed_constant({"city": "Oslo"}, Slots, "slots", "g") == Slots(city="Oslo")
    assert typed_constant(date(2026, 5, 17), date, "day", "g") == date(2026, 5, 17)
    assert typed_constant({"a": 1}, range, "odd", "g") == {"a": 1}
    assert typed_constant({"a": 1}, range | int, "odd", "g") == {"a": 1}


@pytest.mark.parametrize(
    ("value", "wanted", "message"),
    [("3", int, "g: n cannot be '3': Expected `int`, got `str`"), (object(), Any, "Encoding objects of type object")],
)
def test_a_constant_of_another_type(value: Any, wanted: Any, message: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        typed_constant(value, wanted, "n", "g")
    assert message in str(caught.value)
