"""Numbers, sums and days keep their value however they are written."""

from __future__ import annotations

import random
import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.demo._wording import ago, day_and_month, mistyped, money, number_words, span

SEEDS = st.integers(0, 1_000)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (19, "nineteen"),
        (20, "twenty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (305, "three hundred and five"),
        (1_000, "one thousand"),
        (1_053, "one thousand and fifty-three"),
    ],
)
def test_number_words(number: int, words: str) -> None:
    assert number_words(number) == words


def test_no_two_numbers_share_their_words() -> None:
    assert len({number_words(number) for number in range(5_000)}) == 5_000


def in_days(text: str) -> int:
    words = {number_words(number): number for number in range(400)} | {"a": 1}
    count, _, unit = text.rpartition(" ")
    return (int(count) if count.isdigit() else words[count]) * (7 if unit.startswith("week") else 1)


@given(st.integers(1, 365), SEEDS)
def test_span_and_ago_are_exact(days: int, seed: int) -> None:
    assert in_days(span(days, random.Random(seed))) == days
    spoken = {"yesterday": 1, "the day before yesterday": 2}
    text = ago(days, random.Random(seed))
    assert spoken.get(text, 0) == days or in_days(text.removesuffix(" ago")) == days


@given(st.integers(0, 365), SEEDS)
def test_dates_are_as_far_apart_as_they_should_be(days: int, seed: int) -> None:
    past, today = day_and_month(date(2025, 3, 20), days, random.Random(seed))
    assert (_parsed(today) - _parsed(past)).days == days


def _parsed(text: str) -> date:
    day, month = sorted(text.split(",", maxsplit=1)[0].split(), key=str.isalpha)
    year = re.search(r"\d{4}", text)
    return datetime.strptime(f"{day} {month[:3]} {year[0] if year else 2025}", "%d %b %Y").date()  # noqa: DTZ007  a date


@given(st.integers(100, 200_000), SEEDS)
def test_digits_of_a_sum_are_its_value(cents: int, seed: int) -> None:
    text = money(cents / 100, random.Random(seed))
    digits = re.sub(r"[^\d.]", "", text)
    words = text.removesuffix(" dollars")
    assert float(digits) * 100 == pytest.approx(cents) if digits else words == number_words(cents // 100)


@given(st.text("abc d1-", max_size=40), SEEDS)
def test_a_slip_changes_one_long_word_at_most(text: str, seed: int) -> None:
    before, after = text.split(" "), mistyped(text, random.Random(seed)).split(" ")
    assert len(before) == len(after)
    changed = [word for word, other in zip(before, after, strict=True) if word != other]
    assert len(changed) <= 1
    assert all(len(word) >= 5 and word.isalpha() for word in changed)
