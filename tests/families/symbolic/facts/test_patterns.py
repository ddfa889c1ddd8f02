from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.facts import PatternReader
from proveout.families.symbolic.policy import Fact

FILE = b"""
today: ["today is {date}"]
elsewhere: ["my other order ... {duration} ago"]
hedges: ["if i remember ... {money}"]
facts:
  opened:
    values:
      true: [opened it, used it]
      false: [still sealed]
    ignore: [opened it by mistake]
  member:
    negation: drop
    values: {gold: [gold member], silver: [silver member]}
  price: {amount: ["{money}"]}
  days: {amount: ["arrived {duration} ago", "arrived [on] {date}"]}
"""


@pytest.fixture
def reader(shop_facts: Sequence[Fact]) -> PatternReader:
    return PatternReader(FILE, shop_facts)


def said(reader: PatternReader, text: str, name: str, today: date | None = None) -> tuple[str, tuple[object, ...]]:
    one = reader.read(text, today).get(name)
    return (one.verdict, one.values) if one else ("", ())


@pytest.mark.parametrize(
    ("text", "name", "verdict", "values"),
    [
        ("I opened it", "opened", "value", (True,)),
        ("I have not opened it", "opened", "value", (False,)),
        ("It is still sealed", "opened", "value", (False,)),
        ("I opened it. It is still sealed", "opened", "doubt", (True, False)),
        ("I opened it by mistake", "opened", "", ()),
        ("I oepned it", "opened", "value", (True,)),
        ("I'm a gold member", "member", "value", ("gold",)),
        ("I'm not a gold member", "member", "", ()),
        ("It was $24.99", "price", "value", (Fraction(2499, 100),)),
        ("It was about $24.99", "price", "doubt", (Fraction(2499, 100),)),
        ("It was, if I remember well, $20", "price", "doubt", (20,)),
        ("It was 20 euros", "price", "doubt", ()),
        ("It was $9999", "price", "doubt", ()),
        ("It was $20, no, $30", "price", "doubt", (20, 30)),
        ("It arrived three weeks ago", "days", "value", (21,)),
        ("It arrived half a day ago", "days", "doubt", ()),
        ("It arrived yesterday", "days", "value", (1,)),
        ("It arrived on 3 March and today is 9 March", "days", "value", (6,)),
        ("It arrived on 3 March", "days", "doubt", ()),
        ("My other order arrived 3 days ago", "days", "", ()),
        ("Nothing to see", "days", "", ()),
    ],
)
def test_what_a_message_states(
    reader: PatternReader, text: str, name: str, verdict: str, values: tuple[object, ...]
) -> None:
    assert said(reader, text, name) == (verdict, values)


def test_a_date_is_counted_back_from_the_day_of_the_input(reader: PatternReader) -> None:
    assert said(reader, "It arrived on 3 March", "days", date(2025, 3, 13)) == ("value", (10,))
    assert said(reader, "It arrived on Monday", "days", date(2025, 3, 12)) == ("value", (2,))


def test_the_year_of_the_input_settles_a_leap_day(reader: PatternReader) -> None:
    text = "It arrived on 20 February and today is 5 March"
    assert said(reader, text, "days") == ("doubt", (13, 14))
    assert said(reader, text, "days", date(2025, 3, 6)) == ("value", (13,))


def test_a_span_is_the_words_that_state_it(reader: PatternReader) -> None:
    text = "Well, it arrived three weeks ago."
    span = reader.read(text, None)["days"].span
    assert span is not None
    assert text[slice(*span)] == "arrived three weeks ago"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"facts: {colour: {}}", "colour"),
        (b"fact: {}", "did you mean 'facts'"),
        (b"facts: {opened: {value: {}}}", "did you mean 'values'"),
        (b"facts: {member: {values: {bronze: [x]}}}", "bronze"),
        (b"facts: {opened: {values: {maybe: [x]}}}", "maybe"),
        (b"facts: {opened: {values: [x]}}", "no mapping"),
        (b"facts: {opened: {values: {true: x}}}", "no list of phrases"),
        (b"facts: {opened: {values: {true: [1]}}}", "no list of phrases"),
        (b"facts: {opened: {values: {true: ['(a']}}}", "not closed"),
        (b"facts: {price: {amount: ['paid']}}", "no amount"),
        (b"facts: {price: {amount: ['paid {date}']}}", "fitting amount"),
        (b"facts: {opened: {amount: ['{money}']}}", "fitting amount"),
        (b"facts: {opened: {negation: turn}}", "turn"),
        (b"today: ['now']", "no date"),
        (b"version: 2", "unknown version"),
        (b"[]", "no mapping"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(shop_facts: Sequence[Fact], content: bytes, match: str) -> None:
    with pytest.raises(PolicyInvalid, match=match):
        PatternReader(content, shop_facts)


@given(text=st.text(max_size=200))
def test_any_text_is_read_the_same_twice(desk_reader: PatternReader, text: str) -> None:
    first = desk_reader.read(text, None)
    assert first == desk_reader.read(text, None)
    for one in first.values():
        assert one.span is None or 0 <= one.span[0] < one.span[1] <= len(text)
        assert one.verdict == "doubt" or len(one.values) == 1


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("The laptop is broken. I paid $500. It arrived two weeks ago. Photos are attached",
         {"category": "electronics", "reason": "damaged", "price": 500, "days_since_delivery": 14, "photo": True}),
        ("I don't need the e-book after all. I never downloaded it",
         {"category": "digital", "reason": "changed_mind", "downloaded": False}),
        ("My sister is a gold member, I'm not. My other order, a kettle for $80, arrived 9 days ago and is fine", {}),
        ("I'm not the type who threatens with lawyers. I work for a lawyer", {}),
    ],
)  # fmt: skip
def test_messages_to_the_desk(desk_reader: PatternReader, text: str, facts: dict[str, object]) -> None:
    assert {name: one.values[0] for name, one in desk_reader.read(text, None).items()} == facts
