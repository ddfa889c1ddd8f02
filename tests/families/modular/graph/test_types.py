from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

import msgspec
import pytest

from proveout.families.modular.graph._types import NO_FIELD, bare_types, fits, item_type, part_type, shown, union_of

T = TypeVar("T")


class Slots(msgspec.Struct):
    city: str


class Boxed(msgspec.Struct, Generic[T]):
    value: T
    many: list[T]


@dataclasses.dataclass
class Order:
    slots: Slots | None


class Pair(NamedTuple):
    first: int


class Row(TypedDict):
    text: str
    note: NotRequired[int]


class Loose:
    pass


class Node(msgspec.Struct):
    children: list[Node]


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (int, int, True),
        (int, float, True),
        (float, int, False),
        (bool, int, True),
        (int, str, False),
        (Any, int, True),
        (int, Any, True),
        (int | Any, str, True),
        (int, object, True),
        (object, int, False),
        (list[int], list[float], True),
        (list[int], Sequence[float], True),
        (list, list[int], True),
        (list[int], list, True),
        (dict, dict[str, int], True),
        (dict[str, int], Mapping[str, float], True),
        (tuple[int, ...], Sequence[int], True),
        (tuple[int, ...], Sequence[str], False),
        (int | None, int, False),
        (int, int | None, True),
        (int | None, float | None, True),
        (int | str, int, False),
        (Literal["a"], str, True),
        (str, Literal["a"], False),
        (Literal["a"], Literal["a", "b"], True),
        (Annotated[str, msgspec.Meta(min_length=1)], str, True),
        (Row, dict[str, Any], True),
        (Row, Row, True),
        (list[Row], Sequence[Row], True),
        (dict[str, Any], Row, False),
        (int, Any | str, True),
        (Slots, Slots, True),
        (Slots, Order, False),
    ],
)
def test_what_fits(given: Any, wanted: Any, expected: bool) -> None:  # noqa: FBT001  a table of cases
    assert fits(given, wanted) is expected


@pytest.mark.parametrize(
    ("of", "path", "expected"),
    [
        (Slots, ["city"], str),
        (Slots, ["town"], NO_FIELD),
        (Slots, ["upper"], NO_FIELD),
        (Order, ["slots", "city"], str | None),
        (Order | None, ["slots"], Slots | None),
        (Pair, ["first"], int),
        (Row, ["text"], str),
        (Row, ["note"], int | None),
        (Row, ["other"], NO_FIELD),
        (dict[str, list[int]], ["any"], list[int] | None),
        (dict, ["any", "more"], Any),
        (Mapping[str, Any], ["x"], Any),
        (Any, ["x", "y"], Any),
        (Boxed[int], ["value"], int),
        (Boxed[int], ["many"], Any),
        (Slots | Order, ["city"], NO_FIELD),
        (str, ["title"], NO_FIELD),
        (list[int], ["0"], NO_FIELD),
    ],
)
def test_the_type_of_a_part(of: Any, path: list[str], expected: Any) -> None:
    assert part_type(of, path) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (list[int], int),
        (list, Any),
        (Any, Any),
        (Sequence[str], str),
        (tuple[int, ...], int),
        (tuple[int, str], int | str),
        (list[int] | None, int),
        (list[int] | tuple[str, ...], int | str),
        (str, NO_FIELD),
        (dict[str, int], NO_FIELD),
        (set[int], NO_FIELD),
        (list[int] | int, NO_FIELD),
        (None, NO_FIELD),
    ],
)
def test_the_type_of_an_item(of: Any, expected: Any) -> None:
    assert item_type(of) == expected


def test_classes_that_json_cannot_hold() -> None:
    assert bare_types(list[Loose | None]) == ["Loose"]
    assert bare_types(dict[str, Slots]) == bare_types(list[object]) == []
    assert bare_types(Node) == [], "a type may hold itself"
    with pytest.raises(TypeError):
        bare_types(3)


def test_types_are_shown_as_people_write_them() -> None:
    assert [shown(of) for of in (int, list[int], int | None, Any)] == ["int", "list[int]", "int | None", "Any"]
    assert shown(union_of([list[int], None])) == "list[int] | None"
