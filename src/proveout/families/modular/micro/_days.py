"""Days and times of day that a text names, read by dateparser against a reference day."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any, Literal, NamedTuple

from proveout.errors import ExtraMissing

__all__ = ["DayReader", "Moment"]

Prefer = Literal["future", "past"]
Order = Literal["MDY", "DMY", "YMD"]

# Two days that share neither day, month, year nor weekday: what is read alike from both is read from the text alone.
REFERENCES = (date(2024, 2, 21), date(2027, 10, 5))
# A number says no day, unless it is a year.
BARE = re.compile(r"\d{1,3}|\d{5,}")
TWOFOLD = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-]\d{2,4})?")
MONTHS_A_YEAR = 12


class Moment(NamedTuple):
    """What was read: the moment, its grain (``time``, ``day``, ``week``, ``month``, ``year``), and if doubtful."""

    at: datetime
    grain: str
    doubtful: bool


class DayReader:
    """Reads days and times.

    Args:
        languages: ISO codes of the languages to read.
        prefer: which one is meant where a text names a day that comes round, as a weekday does.
        order: of the numbers in ``4/3/2026``.

    Raises:
        ExtraMissing: dateparser is not installed.
    """

    def __init__(self, languages: tuple[str, ...], prefer: Prefer, order: Order) -> None:
        try:
            from dateparser.date import DateDataParser  # noqa: PLC0415  an extra
        except ImportError as error:
            fix = 'pip install "proveout[dates]"; or normalise money, numbers and durations alone'
            raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="dates") from error
        self._parser: Any = DateDataParser
        self._languages = list(languages)
        self._settings = {
            "PREFER_DATES_FROM": prefer,
            "DATE_ORDER": order,
            # The zone of the machine would make answers differ between machines.
            "TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": False,
            "RETURN_TIME_AS_PERIOD": True,
        }

    def read(self, text: str, today: date | None) -> Moment | None:
        """What a text names; None where it names no day or time, or one that no reference day is known for.

        Args:
            text: a slot's value.
            today: the reference day; None where it is not known.
        """
        if BARE.fullmatch(text.strip()):
            return None
        if today is not None:
            return self._read(text, today)
        one, other = (self._read(text, day) for day in REFERENCES)
        if one is None or other is None or one.grain != other.grain:
            return None
        if one.grain == "time":
            # A time of day needs no day, and its date is nobody's.
            is_alike = one.at.time() == other.at.time()
            return one._replace(at=datetime.combine(date.min, one.at.time())) if is_alike else None
        return one if _cut(one) == _cut(other) else None

    def _read(self, text: str, today: date) -> Moment | None:
        settings = self._settings | {"RELATIVE_BASE": datetime.combine(today, time())}
        found = self._parser(languages=self._languages, settings=settings).get_date_data(text)
        if found.date_obj is None:
            return None
        numbers = TWOFOLD.search(text)
        parts = [int(part) for part in numbers.groups()] if numbers else []
        doubtful = bool(parts) and max(parts) <= MONTHS_A_YEAR and parts[0] != parts[1]
        return Moment(found.date_obj, found.period, doubtful)


def _cut(moment: Moment) -> tuple[int, ...]:
    """As much of a moment as its grain says."""
    at = moment.at
    return {"year": (at.year,), "month": (at.year, at.month)}.get(moment.grain, (at.year, at.month, at.day))
