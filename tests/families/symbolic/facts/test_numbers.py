from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.facts._numbers import digits_value, number_at
from proveout.families.symbolic.facts._words import words_of

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spelled(number: int) -> str:
    """A number in English words, as an independent reading of it."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {spelled(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    over = number % 1000
    joined = "" if not over else f" and {spelled(over)}" if over < 100 else f" {spelled(over)}"
    return f"{spelled(number // 1000)} thousand{joined}"


@given(st.integers(0, 99_999))
def test_a_number_in_words_is_read_back(number: int) -> None:
    words = words_of(f"{spelled(number)} dollars")
    found = number_at(words, 0)
    assert found is not None
    assert found.value == number
    assert words[found.stop].text == "dollars"


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_every_notation_of_an_amount_is_one_value(whole: int, cents: int) -> None:
    exact = Fraction(whole * 100 + cents, 100)
    english, german = f"{whole:,}.{cents:02d}", f"{whole:,}".replace(",", ".") + f",{cents:02d}"
    assert digits_value(english) == digits_value(german) == digits_value(f"{whole}.{cents:02d}") == (exact, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,299", (Fraction(1299), False)),
        ("1.299", (Fraction(1299, 1000), True)),
        ("1,2,3", None),
        ("1.299,00", (Fraction(1299), False)),
        ("1,299,000", (Fraction(1_299_000), False)),
        ("1.2,3.4", None),
        ("9" * 25, None),
        ("abc", None),
    ],
)
def test_notations(text: str, value: tuple[Fraction, bool] | None) -> None:
    assert digits_value(text) == value


@pytest.mark.parametrize(("text", "value", "stop"), [("two three", 2, 1), ("twenty ten", 20, 1), ("five, six", 5, 1)])
def test_two_numbers_side_by_side_are_two(text: str, value: int, stop: int) -> None:
    found = number_at(words_of(text), 0)
    assert found is not None
    assert (int(found.value), found.stop, found.doubtful) == (value, stop, False)


@pytest.mark.parametrize("text", ["hundred", "and", "thousand", "dozen", ""])
def test_no_number_begins_there(text: str) -> None:
    assert number_at(words_of(text), 0) is None


@given(st.text("0123456789.,", max_size=20))
def test_no_digits_break_the_grammar(text: str) -> None:
    found = digits_value(text)
    assert found is None or found[0] >= 0
