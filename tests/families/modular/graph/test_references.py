from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._references import PartMissing, parse_reference, value_at


class Slots(msgspec.Struct):
    city: str


@dataclasses.dataclass
class Order:
    slots: Slots


class Pair(NamedTuple):
    first: Any


@pytest.mark.parametrize("text", ["", "|", "a |", "a..b", "a.", ".a", "1a", "a b", "a/b", "a[0]", "é"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        parse_reference(text, "desk")
    assert str(caught.value) == (
        f"desk: no reference: {text!r} does not name a step or an input field. "
        "Next: write input.FIELD, STEP, STEP.FIELD, or several of them with | between."
    )


def test_a_field_of_json_may_hold_spaces_and_other_letters() -> None:
    assert parse_reference(" input.customer text | a-1.größe.x", "g") == (
        ("input", ("customer text",)),
        ("a-1", ("größe", "x")),
    )


@given(st.text())
def test_any_text_is_a_reference_or_an_error_of_ours(text: str) -> None:
    try:
        found = parse_reference(text, "g")
    except WorkflowInvalid:
        return
    assert parse_reference(" | ".join(map(str, found)), "g") == found


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        (Order(Slots(city="Oslo")), ("slots", "city"), "Oslo"),
        (Pair({"a": 1}), ("first", "a"), 1),
        ({"a": None}, ("a", "b", "c"), None),
        (None, ("a",), None),
        (3, (), 3),
    ],
)
def test_a_part_of_a_value(value: Any, path: tuple[str, ...], expected: Any) -> None:
    assert value_at(value, path) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "str has no field title"),
        (Slots(city="x"), "Slots has no field title"),
        ([1], "list has no field title"),
    ],
)
def test_methods_and_unknown_fields_are_no_parts(value: Any, message: str) -> None:
    with pytest.raises(PartMissing, match=message):
        value_at(value, ("title",))
