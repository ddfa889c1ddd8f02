from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.facts import _grammars
from proveout.families.symbolic.facts._grammars import GRAMMAR_WORDS, Amount, amounts
from proveout.families.symbolic.facts._numbers import number_at
from proveout.families.symbolic.facts._words import words_of


def only(text: str) -> Amount:
    (one,) = amounts(words_of(text))
    return one


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$24.99", Fraction(2499, 100), "USD"),
        ("24.99 USD", Fraction(2499, 100), "USD"),
        ("USD 24.99", Fraction(2499, 100), "USD"),
        ("24.99$", Fraction(2499, 100), "USD"),
        ("twenty dollars", Fraction(20), "USD"),
        ("one hundred and nineteen bucks", Fraction(119), "USD"),
        ("1.299,00 €", Fraction(1299), "EUR"),
        ("€ 5", Fraction(5), "EUR"),
        ("£1,000", Fraction(1000), "GBP"),
        ("five dollars and ten cents", Fraction(51, 10), "USD"),
        ("1.299 €", Fraction(1299), "EUR"),
    ],
)
def test_money(text: str, value: Fraction, unit: str) -> None:
    one = only(text)
    assert (one.kind, one.value, one.unit, one.doubtful) == ("money", value, unit, False)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("three weeks", 21),
        ("a week", 7),
        ("30 days", 30),
        ("a day", 1),
        ("a week and a half", Fraction(21, 2)),
        ("two and a half weeks", Fraction(35, 2)),
        ("half a day", Fraction(1, 2)),
        ("a fortnight", 14),
        ("sixty-five days", 65),
    ],
)
def test_durations(text: str, days: Fraction) -> None:
    one = only(text)
    assert (one.kind, one.value, one.doubtful) == ("duration", days, False)


@pytest.mark.parametrize(
    "text",
    ["about 30 days", "around $50", "maybe a week", "30 days or so", "more than 30 days", "up to $20", "a month",
     "a month and a half", "at least two weeks", "nearly 3 weeks", "3/4/2025", "$1.299"],
)  # fmt: skip
def test_what_is_hedged_or_inexact_is_doubtful(text: str) -> None:
    assert only(text).doubtful


@pytest.mark.parametrize("text", ["a few days", "several weeks", "a couple of days", "some months"])
def test_nobody_knows_how_many(text: str) -> None:
    one = only(text)
    assert (one.kind, one.value, one.doubtful) == ("duration", None, True)


def test_a_unit_in_the_next_clause_is_of_another_amount() -> None:
    phone, price = amounts(words_of("it ends in 24, usd 203.90"))
    assert phone.kind == "number"
    assert phone.value == 24
    assert price.kind == "money"
    assert price.value == Fraction(2039, 10)


@pytest.mark.parametrize("text", ["order #92793", "the 9th floor", "no amount here"])
def test_names_and_ordinals_are_no_amounts(text: str) -> None:
    assert amounts(words_of(text)) == []


PIECES = ["a", "about", "$", "5", "days", "dollars", "and", "half", "3", "May", ",", ".", "hundred"]


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_amounts_follow_each_other_in_any_text(text: str) -> None:
    words = words_of(text)
    found = amounts(words)
    assert all(0 <= one.first < one.stop <= len(words) for one in found)
    assert all(one.stop <= other.first for one, other in pairwise(found))
    assert found == amounts(words)


STARTS = [
    *PIECES,
    *sorted(GRAMMAR_WORDS),
    "the",
    "last",
    "this",
    "on",
    "day",
    "before",
    "yesterday",
    "a",
    "an",
    "some",
    "12",
]


@given(st.lists(st.sampled_from(STARTS), max_size=8).map(" ".join))
def test_no_amount_begins_where_none_is_looked_for(text: str) -> None:
    words = words_of(text)
    for at in range(len(words)):
        number = number_at(words, at)
        tried = [one for read in _grammars._ALL if (one := read(words, at, number)) is not None]
        assert _grammars._amount(words, at) == (tried[0] if tried else None)


def test_a_date_after_a_slash_begins_with_its_digits() -> None:
    one = amounts(words_of("order /2025-01-06"))[0]
    assert (one.kind, one.first, one.stop) == ("date", 2, 5)
