"""Dates, times and durations of FEEL: reading, writing and arithmetic (OMG DMN 1.3, 10.3.2.3 and 10.3.4.1)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

__all__ = [
    "Months",
    "add_months",
    "date_text",
    "duration_text",
    "instant",
    "months_between",
    "read_date",
    "read_date_time",
    "read_duration",
    "read_time",
    "shift_time",
    "time_text",
]

DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d{1,12})?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[\w+/-]{1,64})?", re.ASCII)
MONTHS = re.compile(r"(-?)P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?", re.ASCII)
DAYS = re.compile(
    r"(-?)P(?:(\d{1,9})D)?(?P<clock>T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(\.\d{1,12})?S)?)?", re.ASCII
)
# The widest offset in use is 14 hours; ISO 8601 readers commonly take 18.
WIDEST = timedelta(hours=18)
DAY = timedelta(days=1)


class Months(msgspec.Struct, frozen=True, order=True):
    """A duration of years and months, counted in months; negative for one that goes back."""

    months: int


def read_date(text: str) -> date | None:
    """The date of ``YYYY-MM-DD``; None for another form or a day that does not exist (years 1 to 9999).

    Example:
        >>> read_date("2024-02-29"), read_date("2023-02-29")
        (datetime.date(2024, 2, 29), None)
    """
    found = DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """The time of ``HH:MM:SS`` with an optional fraction and zone (``Z``, an offset, or ``@Area/City``)."""
    found = TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second, fraction, zone = found.groups()
    try:
        return time(int(hour), int(minute), int(second), _micro(fraction), _zone(zone))
    except (ValueError, OSError, KeyError):
        # An unknown zone is a KeyError or, for a name that is a folder of the zone files, an OSError.
        return None


def read_date_time(text: str) -> datetime | None:
    """The moment of a date, ``T`` and a time; a date alone is its midnight."""
    day, mark, clock = text.partition("T")
    on, at = read_date(day), read_time(clock) if mark else time()
    return datetime.combine(on, at) if on and at is not None else None


def read_duration(text: str) -> timedelta | Months | None:
    """The duration of ``P1Y2M`` or ``P1DT2H3M4.5S``, negative after a minus sign.

    Example:
        >>> read_duration("P1Y2M"), read_duration("-PT90M"), read_duration("P1M1D")
        (Months(months=14), datetime.timedelta(days=-1, seconds=81000), None)
    """
    if not text or text[-1] in "PT":
        return None
    if found := MONTHS.fullmatch(text):
        sign, years, months = found.groups()
        total = 12 * int(years or 0) + int(months or 0)
        return Months(-total if sign else total)
    found = DAYS.fullmatch(text)
    if not found:
        return None
    sign, days, _, hours, minutes, seconds, fraction = found.groups()
    parts = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
    try:
        length = timedelta(microseconds=_micro(fraction), **{name: int(part or 0) for name, part in parts.items()})
    except OverflowError:
        return None
    return -length if sign else length


def _micro(fraction: str | None) -> int:
    return int(Decimal(fraction or "0") * 1_000_000)


def _zone(text: str | None) -> tzinfo | None:
    if text is None or text == "Z":
        return UTC if text else None
    if text[0] == "@":
        return ZoneInfo(text[1:])
    hours, minutes, *seconds = map(int, text[1:].split(":"))
    if minutes > 59 or (seconds and seconds[0] > 59):  # noqa: PLR2004  minutes of an hour
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    if offset > WIDEST:
        raise ValueError(text)
    return timezone(-offset if text[0] == "-" else offset)


def instant(value: datetime | time) -> tuple[bool, datetime]:
    """Whether the value has a zone, and the moment to compare it by; a time is of one day for all."""
    moment = value if isinstance(value, datetime) else datetime.combine(date(2000, 1, 2), value)
    if moment.utcoffset() is None:
        return False, moment.replace(tzinfo=None)
    try:
        return True, moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        # Within a day of the first or the last year; ordering survives without the offset's few hours.
        return True, moment.replace(tzinfo=None)


def add_months(value: date, months: int) -> date | None:
    """The same day that many months later, or the month's last when it is shorter; None outside years 1 to 9999."""
    count = 12 * value.year + value.month - 1 + months
    year, month = divmod(count, 12)
    if not 1 <= year <= 9999:  # noqa: PLR2004  what a date can hold
        return None
    return value.replace(year=year, month=month + 1, day=min(value.day, monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> Months:
    """Whole months from one date to another, negative when the second is earlier."""
    if end < start:
        return Months(-months_between(end, start).months)
    short = (end.day, _clock(end)) < (start.day, _clock(start))
    return Months(12 * (end.year - start.year) + end.month - start.month - short)


def _clock(value: date) -> time:
    return value.time() if isinstance(value, datetime) else time()


def shift_time(value: time, by: timedelta) -> time:
    """A time of day so much later, round the clock."""
    moment = datetime.combine(date(2000, 1, 2), value.replace(tzinfo=None)) + (by % DAY)
    return moment.time().replace(tzinfo=value.tzinfo)


def date_text(value: date) -> str:
    """ISO text of a date or date and time."""
    if isinstance(value, datetime):
        return f"{value.date().isoformat()}T{time_text(value.timetz())}"
    return value.isoformat()


def time_text(value: time) -> str:
    """ISO text of a time, with its zone."""
    text = value.replace(tzinfo=None).isoformat()
    if "." in text:
        text = text.rstrip("0")
    if isinstance(value.tzinfo, ZoneInfo):
        return f"{text}@{value.tzinfo.key}"
    offset = value.utcoffset()
    if offset is None:
        return text
    return text + ("Z" if not offset else value.isoformat()[len(value.replace(tzinfo=None).isoformat()) :])


def duration_text(value: timedelta | Months) -> str:
    """ISO text of a duration in its shortest form.

    Example:
        >>> duration_text(Months(-14)), duration_text(timedelta(days=1, seconds=3600)), duration_text(timedelta())
        ('-P1Y2M', 'P1DT1H', 'PT0S')
    """
    if isinstance(value, Months):
        years, months = divmod(abs(value.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if value.months < 0 else ''}P{body}"
    size = abs(value)
    minutes, seconds = divmod(size.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    whole = f"{seconds}.{size.microseconds:06}".rstrip("0").rstrip(".") if size.microseconds else str(seconds)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{whole}S" if whole != "0" else "")
    days = f"{size.days}D" if size.days else ""
    sign = "-" if value < timedelta() else ""
    return f"{sign}P{days}" + (f"T{clock}" if clock else "" if days else "T0S")
