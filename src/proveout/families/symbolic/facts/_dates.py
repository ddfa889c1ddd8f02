"""Days that a text names, and how long before another day they were."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.facts._words import Word

__all__ = ["DATE_STARTS", "DAY_WORDS", "Day", "FoundDay", "date_at", "days_before"]

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTHS = {name: at for at, name in enumerate(_MONTHS, start=1)} | {
    name[:3]: at for at, name in enumerate(_MONTHS, start=1)
} | {"sept": 9}  # fmt: skip
WEEKDAYS = {
    name: at for at, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
}
# Days before the day of writing.
RELATIVE: dict[tuple[str, ...], int] = {
    ("the", "day", "before", "yesterday"): 2,
    ("yesterday",): 1,
    ("last", "night"): 1,
    ("today",): 0,
    ("tonight",): 0,
    ("this", "morning"): 0,
    ("this", "afternoon"): 0,
    ("this", "evening"): 0,
}
DAY_WORDS = frozenset({*MONTHS, *WEEKDAYS, "yesterday", "today", "tonight", "morning", "afternoon"}) - {"may", "mar"}
# Words before a weekday, of which the first and last leave open which week is meant.
BEFORE_WEEKDAYS = frozenset({"last", "on", "this"})
# Words that a date may begin with; others begin with digits.
_RELATIVE_STARTS = frozenset(said[0] for said in RELATIVE)
DATE_STARTS = frozenset({*MONTHS, *WEEKDAYS, *BEFORE_WEEKDAYS, *_RELATIVE_STARTS})
ORDINALS = frozenset({"st", "nd", "rd", "th"})
WHOLE = re.compile(r"\d{1,2}")
YEAR = re.compile(r"(?:19|20)\d\d")
LAST_DAY, MONTHS_A_YEAR = 31, 12
WEEK = 7
YEARS_TRIED = 5


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day as far as it is named.

    Attributes:
        year: None where it is not said.
        month: None for a relative day or a weekday.
        day: of the month.
        ago: days before the day of writing; None for another day.
        weekday: 0 for Monday; the last such day is meant.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    ago: int | None = None
    weekday: int | None = None


class FoundDay(NamedTuple):
    """A day, the index of the word after it, and whether it has another reading."""

    day: Day
    stop: int
    doubtful: bool = False


def date_at(words: Sequence[Word], at: int) -> FoundDay | None:
    """The day that is named from a word on.

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> date_at(words_of("8 November, 2024"), 0).day
        Day(year=2024, month=11, day=8, ago=None, weekday=None)
    """
    sentence = words[at].sentence
    texts = [word.text for word in words[at : at + 6] if word.sentence == sentence]
    return next((found for read in _READERS if (found := read(texts, at)) is not None), None)


def _relative(texts: Sequence[str], at: int) -> FoundDay | None:
    if texts[0] in _RELATIVE_STARTS:
        for said, ago in RELATIVE.items():
            if tuple(texts[: len(said)]) == said:
                return FoundDay(Day(ago=ago), at + len(said))
    return None


def _weekday(texts: Sequence[str], at: int) -> FoundDay | None:
    skipped = texts[0] in BEFORE_WEEKDAYS
    name = texts[skipped] if len(texts) > skipped else ""
    if name not in WEEKDAYS:
        return None
    return FoundDay(Day(weekday=WEEKDAYS[name]), at + 1 + skipped, doubtful=texts[0] in {"last", "this"})


def _month_first(texts: Sequence[str], at: int) -> FoundDay | None:
    if texts[0] not in MONTHS or len(texts) < 2:  # noqa: PLR2004  month and day
        return None
    return _named(texts, at, month=0, day=1)


def _day_first(texts: Sequence[str], at: int) -> FoundDay | None:
    month = 1
    while month < len(texts) and texts[month] in ORDINALS | {"of"}:
        month += 1
    if month >= len(texts) or texts[month] not in MONTHS:
        return None
    return _named(texts, at, month=month, day=0)


def _named(texts: Sequence[str], at: int, *, month: int, day: int) -> FoundDay | None:
    number = int(texts[day]) if WHOLE.fullmatch(texts[day]) else 0
    if not 1 <= number <= LAST_DAY:
        return None
    stop = max(month, day) + 1
    stop += stop < len(texts) and texts[stop] in ORDINALS
    year = texts[stop] if stop < len(texts) and YEAR.fullmatch(texts[stop]) else None
    found = Day(year=int(year) if year else None, month=MONTHS[texts[month]], day=number)
    return FoundDay(found, at + stop + (year is not None)) if _is_real(found) else None


def _is_real(day: Day) -> bool:
    return _date(day.year or 2024, day.month or 1, day.day or 1) is not None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _figures(texts: Sequence[str], at: int) -> FoundDay | None:
    """``2025-01-06``, whose hyphens are gone by now, ``1/6/2025`` and ``6.1.2025``."""
    parts = texts[0].split(".") if texts[0].count(".") == 2 else [text for text in texts[:5] if text != "/"][:3]  # noqa: PLR2004
    taken = 1 if len(parts) == 3 and texts[0].count(".") == 2 else 3 + 2 * (list(texts[1:4:2]) == ["/", "/"])  # noqa: PLR2004
    if len(parts) < 3 or not all(part.isdigit() and part.isascii() for part in parts):  # noqa: PLR2004  year, month, day
        return None
    if YEAR.fullmatch(parts[0]) and WHOLE.fullmatch(parts[1]) and WHOLE.fullmatch(parts[2]):
        return _checked(int(parts[0]), int(parts[1]), int(parts[2]), at + taken, doubtful=False)
    if YEAR.fullmatch(parts[2]) and WHOLE.fullmatch(parts[0]) and WHOLE.fullmatch(parts[1]) and taken != 3:  # noqa: PLR2004
        first, second = int(parts[0]), int(parts[1])
        day_first = "." in texts[0] or first > MONTHS_A_YEAR
        month, day = (second, first) if day_first else (first, second)
        twofold = "." not in texts[0] and max(first, second) <= MONTHS_A_YEAR and first != second
        return _checked(int(parts[2]), month, day, at + taken, doubtful=twofold)
    return None


def _checked(year: int, month: int, day: int, stop: int, *, doubtful: bool) -> FoundDay | None:
    if _date(year, month, day) is None:
        return None
    return FoundDay(Day(year=year, month=month, day=day), stop, doubtful)


_READERS = (_relative, _month_first, _day_first, _weekday, _figures)


def days_before(day: Day, now: Day | date | None) -> tuple[int, ...]:
    """Days from ``day`` to ``now``: one number where that is known, several where a year is not said, none otherwise.

    Args:
        day: that the text names.
        now: the day of writing: as the text names it, as the input carries it, or None.

    Example:
        >>> days_before(Day(month=12, day=30), date(2025, 1, 6)), days_before(Day(ago=2), None)
        ((7,), (2,))
        >>> days_before(Day(month=2, day=28), Day(month=3, day=1)), days_before(Day(weekday=0), None)
        ((1, 2), ())
    """
    if day.ago is not None:
        return (day.ago,)
    if now is None or (isinstance(now, Day) and now.month is None):
        return ()
    nows = _possible(now) if isinstance(now, Day) else [now]
    if day.weekday is not None:
        return tuple(sorted({(one.weekday() - day.weekday) % WEEK or WEEK for one in nows}))
    return tuple(sorted({(one - then).days for one in nows if (then := _latest(day, one)) is not None}))


def _possible(now: Day) -> list[date]:
    """The days that a day without a year may be: one of a common year and one of each place a leap day can have."""
    years = range(2023, 2026) if now.year is None else [now.year]
    return [one for year in years if (one := _date(year, now.month or 1, now.day or 1)) is not None]


def _latest(day: Day, now: date) -> date | None:
    """The last such day that is not after ``now``; None for one in the future."""
    years = [day.year] if day.year else [now.year - back for back in range(YEARS_TRIED)]
    dates = (_date(year, day.month or 1, day.day or 1) for year in years)
    return next((one for one in dates if one is not None and one <= now), None) if day.day else None
