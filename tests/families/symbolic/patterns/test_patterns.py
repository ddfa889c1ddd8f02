from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.patterns import Pattern, PatternList, read_patterns, written_patterns
from proveout.families.symbolic.patterns._patterns import Counts, elements_of

ONE = Pattern(id="p1", field="city", before="<start> fly to", value="<words>", after="on <month>", also=("please",))
LIST = PatternList(
    common=("to", "on"),
    classes={"month": ("may", "june")},
    lists={"city": ("bonn", "new york"), "home town": ("ulm",)},
    patterns=(
        ONE,
        Pattern(id="p2", field="city", value="{city}", after="[home town]", train=Counts(3, 4)),
        Pattern(id="p3", field="home town", value="{home town} <number>", also=("[city]",), select=Counts(1, 1)),
        Pattern(id="p4", field="city", before="in", value="<name>"),
    ),
)


def document(**changed: object) -> bytes:
    plain = yaml.safe_load(written_patterns(LIST))
    plain["patterns"][0].update(changed)
    return yaml.safe_dump(plain).encode()


def test_what_is_written_is_read_back() -> None:
    assert read_patterns(written_patterns(LIST), ["city", "home town"]) == LIST
    assert written_patterns(read_patterns(written_patterns(LIST))) == written_patterns(LIST)


def test_a_person_reads_a_pattern_on_a_few_lines() -> None:
    assert "before: <start> fly to\n  value: <words>\n  after: on <month>\n" in written_patterns(LIST).decode()


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("to {home town} <month>", ("to", "{home town}", "<month>")),
        ("[home town] ,", ("[home town]", ",")),
        ("[ x ]", ("[", "x", "]")),
        ("{ } {", ("{", "}", "{")),
        ("", ()),
    ],
)
def test_elements(text: str, elements: tuple[str, ...]) -> None:
    assert elements_of(text) == elements


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "p2"}, "two patterns have one id"),
        ({"field": "room"}, "none that is read from the text"),
        ({"value": ""}, "neither what the value is"),
        ({"after": ""}, "on both sides"),
        ({"after": "<weekday>"}, "<weekday>"),
        ({"before": "Fly to"}, "Fly"),
        ({"before": "to <start>"}, "<start>"),
        ({"after": "<end> on"}, "<end>"),
        ({"value": "{town}"}, "town"),
        ({"value": "[city]"}, "city"),
        ({"with": ["two words"]}, "two words"),
        ({"befor": "to"}, "befor"),
        ({"with": "please"}, "form"),
    ],
)
def test_an_edit_that_cannot_be_meant_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(PolicyInvalid, match=said):
        read_patterns(document(**changed), ["city", "home town"])


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"version: 2\npatterns: []", b"version: 1\nlists: {city: [Bonn]}", b"version: 1\ncommon: [a  b]"],
)
def test_a_file_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(PolicyInvalid):
        read_patterns(content)


@settings(max_examples=200)
@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        assert isinstance(read_patterns(content), PatternList)
    except PolicyInvalid as error:
        assert error.fix


WORDS = st.text(alphabet="abc{}[]<>'\":#- ", max_size=12)


@settings(max_examples=200)
@given(WORDS, WORDS, WORDS)
def test_any_pattern_that_is_read_is_written_back(before: str, value: str, after: str) -> None:
    one = Pattern(id="p1", field="f", before=before, value=value, after=after)
    made = PatternList(lists={"a": ("a",)}, patterns=(one,))
    try:
        found = read_patterns(written_patterns(made))
    except PolicyInvalid:
        return
    assert found == made
