"""Days and months in UTC, as numbers that only grow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

__all__ = ["DAY_SECONDS", "Windows", "day_end", "month_end", "windows_at"]

DAY_SECONDS = 86_400.0
MONTHS = 12


class Windows(NamedTuple):
    """The day and the month of an instant.

    Attributes:
        day: days since the epoch.
        month: months since the year 0.
        start: of the day, seconds since the epoch.
        end: of the day, seconds since the epoch.
    """

    day: float
    month: float
    start: float
    end: float


def windows_at(wall: float) -> Windows:
    """The windows of money that an instant lies in.

    Example:
        >>> windows_at(86_400.0 * 31)
        Windows(day=31.0, month=23641.0, start=2678400.0, end=2764800.0)
    """
    day = wall // DAY_SECONDS
    date = datetime.fromtimestamp(wall, tz=UTC)
    return Windows(day, float(date.year * MONTHS + date.month - 1), day * DAY_SECONDS, (day + 1) * DAY_SECONDS)


def day_end(day: float) -> float:
    """When a day ends, seconds since the epoch."""
    return (day + 1) * DAY_SECONDS


def month_end(month: float) -> float:
    """When a month ends, seconds since the epoch.

    Example:
        >>> month_end(23640.0) / DAY_SECONDS
        31.0
    """
    year, index = divmod(int(month) + 1, MONTHS)
    return datetime(year, index + 1, 1, tzinfo=UTC).timestamp()
