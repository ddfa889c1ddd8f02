from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.patterns import Matcher, Pattern, PatternList, words_of
from proveout.families.symbolic.patterns._match import LONGEST, edges, names_in

COMMON = ("a", "to", "in", "on", "from", "fly")
CLASSES = {"month": ("may", "june"), "number": ("two",)}
LISTS = {"city": ("york", "new york", "bonn"), "state": ("ohio",)}


def found(text: str, *patterns: dict[str, Any], single: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    made = tuple(Pattern(**{"id": f"p{at}", "field": "city", **one}) for at, one in enumerate(patterns))
    listed = PatternList(common=COMMON, classes=CLASSES, lists=LISTS, patterns=made)
    words = words_of(text)
    matches = Matcher(listed, single).found(words)
    return [(made[one.at].field, " ".join(words.words[one.first : one.stop])) for one in matches]


@pytest.mark.parametrize(
    ("text", "pattern", "values"),
    [
        ("fly to New York", {"before": "to", "value": "<words>", "after": "<end>"}, ["new york"]),
        ("fly to New York on May 2", {"before": "to", "value": "<words>", "after": "on <month>"}, ["new york"]),
        ("to a to b to", {"before": "to", "value": "<words>", "after": "to"}, ["a", "b"]),
        ("fly to New York", {"value": "{city}"}, ["new york"]),
        ("york in new york", {"value": "{city}"}, ["new york", "york"]),
        ("york in new york", {"value": "{city}", "before": "<start>"}, ["york"]),
        ("fly to san jose on may", {"value": "<name>", "before": "to"}, ["san jose"]),
        ("fly to san jose on may", {"value": "<name>", "before": "in"}, []),
        ("on May 12", {"value": "<month> <number>"}, ["may 12"]),
        ("two or 1,299.00", {"value": "<number>"}, ["two", "1,299.00"]),
        ("bonn please", {"value": "{city}", "also": ("please",)}, ["bonn"]),
        ("bonn", {"value": "{city}", "also": ("please",)}, []),
        ("in bonn ohio", {"value": "{city}", "after": "{state}"}, ["bonn"]),
        ("in bonn", {"value": "{city}", "after": "{state}"}, []),
        ("", {"value": "{city}"}, []),
    ],
)
def test_what_a_pattern_finds(text: str, pattern: dict[str, Any], values: list[str]) -> None:
    assert sorted(value for _, value in found(text, pattern)) == sorted(values)


def test_an_earlier_pattern_has_the_words() -> None:
    first = {"before": "to", "value": "<words>", "after": "<end>", "field": "goal"}
    assert found("to new york", first, {"value": "{city}"}) == [("goal", "new york")]
    assert found("to new york", {"value": "{city}"}, first) == [("city", "new york")]


def test_of_one_pattern_the_longest_has_the_words() -> None:
    one = {"before": "to", "value": "<words>", "after": "<end>"}
    assert found("to a to b", one) == [("city", "a to b")]


def test_a_context_may_be_a_value_that_was_found_before() -> None:
    state = {"value": "{state}", "field": "state"}
    city = {"before": "in", "value": "<words>", "after": "[state]"}
    assert found("in san jose ohio", state, city) == [("state", "ohio"), ("city", "san jose")]
    assert found("in san jose ohio", city, state) == [("state", "ohio")]


def test_a_field_found_before_may_be_a_condition() -> None:
    state = {"value": "{state}", "field": "state"}
    city = {"value": "{city}", "also": ("[state]",)}
    assert found("bonn and ohio", state, city) == [("state", "ohio"), ("city", "bonn")]
    assert found("bonn and iowa", state, city) == []


def test_a_name_ends_at_a_value_that_was_found_before() -> None:
    state = {"value": "{state}", "field": "state"}
    assert found("in san jose ohio", state, {"before": "in", "value": "<name>"})[1] == ("city", "san jose")


def test_a_field_of_one_value_has_one() -> None:
    assert found("bonn york", {"value": "{city}"}, single=("city",)) == [("city", "bonn")]


def test_a_value_of_any_words_is_not_endless() -> None:
    one = {"before": "to", "value": "<words>", "after": "<end>"}
    assert found(f"to {'x ' * LONGEST}", one)
    assert not found(f"to {'x ' * (LONGEST + 1)}", one)


def test_long_texts_take_no_long_time() -> None:
    one = {"before": "to", "value": "<words>", "after": "to"}
    assert len(found("york to " * 5000, {"value": "{city}"}, one)) == 5000


def test_a_value_inside_a_longer_one_of_its_list_is_none() -> None:
    starts, ends = edges({(0, 2, "a"), (1, 2, "a"), (1, 2, "b"), (1, 3, "a")})
    assert starts == {0: [("a", 2)], 1: [("a", 3), ("b", 2)]}
    assert ends == {2: [("a", 0), ("b", 1)], 3: [("a", 1)]}


def test_names_are_words_that_stand_together() -> None:
    assert names_in(["to", "san", "jose", ",", "ohio", "5"], {"to"}, [False] * 6) == {1: 3, 4: 5}
    assert names_in(["a", "b"], set(), [True, False]) == {1: 2}


TEXTS = st.lists(
    st.sampled_from(["to", "in", "new", "york", "bonn", "ohio", "may", "5", "x", ",", "[", "{"]), max_size=12
).map(" ".join)


@given(TEXTS)
def test_values_never_overlap(text: str) -> None:
    patterns = [
        Pattern(id="a", field="state", value="{state}"),
        Pattern(id="b", field="city", value="{city}"),
        Pattern(id="c", field="any", before="to", value="<words>", after="<end>"),
        Pattern(id="d", field="name", value="<name>", after="[any]"),
        Pattern(id="e", field="x", before="[", value="<words>", after="{"),
    ]
    listed = PatternList(common=COMMON, classes=CLASSES, lists=LISTS, patterns=tuple(patterns))
    places = [at for one in Matcher(listed).found(words_of(text)) for at in range(one.first, one.stop)]
    assert len(places) == len(set(places))
