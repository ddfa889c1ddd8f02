from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.facts._dates import Day, date_at, days_before
from proveout.families.symbolic.facts._words import words_of

NOW = date(2025, 3, 12)
DATES = st.dates(date(2001, 1, 1), date(2040, 12, 31))


def found(text: str) -> Day | None:
    one = date_at(words_of(text), 0)
    return one.day if one else None


@given(DATES, st.integers(0, 2000))
def test_written_dates_are_counted_back_exactly(then: date, days: int) -> None:
    now = then + timedelta(days=days)
    texts = (
        f"{then:%B} {then.day}, {then.year}",
        f"{then.day} {then:%b} {then.year}",
        f"{then.day}th of {then:%B} {then.year}",
        then.isoformat(),
        f"{then.day}.{then.month}.{then.year}",
    )
    for text in texts:
        day = found(text)
        assert day is not None, text
        assert days_before(day, now) == (days,), text


@given(DATES, st.integers(0, 364))
def test_a_day_without_a_year_is_the_last_one(now: date, days: int) -> None:
    then = now - timedelta(days=days)
    day = found(f"{then.day} {then:%B}")
    assert day is not None
    if (then.month, then.day) != (2, 29):
        assert days_before(day, now) == (days,)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("yesterday", 1),
        ("the day before yesterday", 2),
        ("this morning", 0),
        ("last night", 1),
        ("on Monday", 2),
        ("on Wednesday", 7),
        ("on 3 March", 9),
        ("3 March", 9),
    ],
)
def test_relative_days(text: str, days: int) -> None:
    words = words_of(text)
    day = next(one.day for at in range(len(words)) if (one := date_at(words, at)) is not None)
    assert days_before(day, NOW) == (days,)


def test_a_leap_day_between_two_days_without_a_year_leaves_two_answers() -> None:
    assert days_before(Day(month=2, day=20), Day(month=3, day=5)) == (13, 14)
    assert days_before(Day(month=2, day=20), date(2025, 3, 5)) == (13,)
    assert days_before(Day(month=3, day=2), Day(month=3, day=5)) == (3,)


def test_without_a_day_of_writing_nothing_is_counted() -> None:
    assert days_before(Day(month=3, day=3), None) == ()
    assert days_before(Day(weekday=0), Day(ago=0)) == ()
    assert days_before(Day(ago=1), None) == (1,)


def test_a_date_in_the_future_has_no_days() -> None:
    assert days_before(Day(year=2026, month=1, day=1), NOW) == ()


def test_month_and_day_in_figures_are_doubtful_where_both_orders_are_dates() -> None:
    first, second, third = (date_at(words_of(text), 0) for text in ("3/4/2025", "3/25/2025", "2025-03-04"))
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.doubtful, second.doubtful, third.doubtful) == (True, False, False)


@pytest.mark.parametrize("text", ["31 February", "may i", "99/99/2025", "March", "1.2", "0 May"])
def test_what_is_no_date(text: str) -> None:
    assert found(text) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_grammar(text: str) -> None:
    words = words_of(text)
    for at in range(len(words)):
        one = date_at(words, at)
        assert one is None or at < one.stop <= len(words)
