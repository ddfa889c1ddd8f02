"""FEEL's built-in functions on dates, times, durations and ranges (OMG DMN 1.3, 10.3.4.1, 10.3.4.6 to 10.3.4.8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from proveout.families.symbolic.dmn import _feel_times as times
from proveout.families.symbolic.dmn._feel_registry import Table, builtin, whole
from proveout.families.symbolic.dmn._feel_values import Fault, Range, compare, equal

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.families.symbolic.dmn._feel_times import Months

__all__ = ["DATES", "RANGES"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _read(reader: Callable[[str], Any], what: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = reader(text)
        if value is None:
            raise Fault(f"{text!r} is no {what}")
        return value

    return read


def _date_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _date(year: Decimal, month: Decimal, day: Decimal) -> date:
    return date(whole(year), whole(month), whole(day))


def _time_of(value: Any) -> time:
    if isinstance(value, datetime):
        return value.timetz()
    return value if isinstance(value, time) else time(tzinfo=UTC)


def _time(hour: Decimal, minute: Decimal, second: Decimal, offset: timedelta | None = None) -> time:
    zone = None if offset is None else timezone(offset) if offset else UTC
    fraction = second - second.to_integral_value(rounding="ROUND_FLOOR")
    micro = int(fraction * 1_000_000)
    return time(whole(hour), whole(minute), whole(second - fraction), micro, zone)


def _date_time(day: date, clock: time) -> datetime:
    return datetime.combine(_date_of(day), clock)


def _in_zone(moment: datetime, zone: str) -> datetime:
    if moment.utcoffset() is None:
        raise Fault("the date and time has no zone")
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (OSError, KeyError):
        raise Fault(f"{zone!r} is no time zone") from None


def _between(start: date, end: date) -> Months:
    mixed = isinstance(start, datetime) is not isinstance(end, datetime)
    return times.months_between(_date_of(start), _date_of(end)) if mixed else times.months_between(start, end)


def _is(left: Any, right: Any) -> bool:
    """Equality that also tells apart values that are equal but written with other kinds or zones."""
    if type(left) is not type(right):
        return False
    if isinstance(left, datetime | time):
        return bool(left.replace(tzinfo=None) == right.replace(tzinfo=None) and left.tzinfo == right.tzinfo)
    return equal(left, right) is True


DAY = "date|date and time"
DATES: Table = {
    "date": (
        builtin("from: string", _read(times.read_date, "date")),
        builtin("from: date|date and time", _date_of),
        builtin("year: number, month: number, day: number", _date),
    ),
    "time": (
        builtin("from: string", _read(times.read_time, "time")),
        builtin("from: time|date and time|date", _time_of),
        builtin("hour: number, minute: number, second: number, offset?: days and time duration", _time),
    ),
    "date and time": (
        builtin("from: string", _read(times.read_date_time, "date and time")),
        builtin("date: date|date and time, time: time", _date_time),
        builtin("date and time: date and time, timezone: string", _in_zone),
    ),
    "duration": (builtin("from: string", _read(times.read_duration, "duration")),),
    "years and months duration": (builtin(f"from: {DAY}, to: {DAY}", _between),),
    "day of year": (builtin(f"date: {DAY}", lambda value: Decimal(value.timetuple().tm_yday)),),
    "day of week": (builtin(f"date: {DAY}", lambda value: WEEKDAYS[value.weekday()]),),
    "month of year": (builtin(f"date: {DAY}", lambda value: MONTHS[value.month - 1]),),
    "week of year": (builtin(f"date: {DAY}", lambda value: Decimal(value.isocalendar().week)),),
    "is": (builtin("value1, value2", _is),),
}


def _order(left: Any, right: Any) -> int:
    order = compare(left, right)
    if order is None:
        raise Fault("the values have no order")
    return order


def _as_range(value: Any) -> Range:
    found = value if isinstance(value, Range) else Range(value, value, start_included=True, end_included=True)
    if found.start is None or found.end is None:
        raise Fault("a range has no end")
    return found


def _before(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    order = _order(first.end, second.start)
    return order < 0 or (order == 0 and not (first.end_included and second.start_included))


def _meets(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    return bool(first.end_included and second.start_included and _order(first.end, second.start) == 0)


def _overlaps(left: Any, right: Any) -> bool:
    return not _before(left, right) and not _before(right, left)


def _starts_no_later(first: Range, second: Range) -> bool:
    order = _order(first.start, second.start)
    return order < 0 or (order == 0 and (first.start_included or not second.start_included))


def _ends_no_later(first: Range, second: Range) -> bool:
    order = _order(first.end, second.end)
    return order < 0 or (order == 0 and (second.end_included or not first.end_included))


def _overlaps_before(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    later = not _starts_no_later(second, first) or _same_start(first, second)
    return later and _starts_no_later(first, second) and _overlaps(first, second) and _ends_no_later(first, second)


def _same_start(first: Range, second: Range) -> bool:
    return _order(first.start, second.start) == 0 and first.start_included == second.start_included


def _same_end(first: Range, second: Range) -> bool:
    return _order(first.end, second.end) == 0 and first.end_included == second.end_included


def _includes(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    return _starts_no_later(first, second) and _ends_no_later(second, first)


def _during(left: Any, right: Any) -> bool:
    return _includes(right, left)


def _finishes(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    return _same_end(first, second) and _starts_no_later(second, first)


def _starts(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    return _same_start(first, second) and _ends_no_later(first, second)


def _coincides(left: Any, right: Any) -> bool:
    first, second = _as_range(left), _as_range(right)
    return _same_start(first, second) and _same_end(first, second)


def _swapped(relation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: relation(right, left)


def _range(text: str) -> Range:
    body = text.strip()
    low, found, high = body[1:-1].partition("..")
    if body[:1] not in {"[", "(", "]"} or body[-1:] not in {"]", ")", "["} or not found:
        raise Fault(f"{text!r} is no range")
    start, end = _end(low.strip()), _end(high.strip())
    if (start is None and end is None) or (start is not None and end is not None and _order(start, end) > 0):
        raise Fault(f"{text!r} is no range")
    return Range(start, end, body[0] == "[" and start is not None, body[-1] == "]" and end is not None)


def _end(text: str) -> Any:
    if not text:
        return None
    plain = text.removeprefix("@").strip('"')
    if text[0] == '"':
        return plain
    for read in (times.read_date, times.read_date_time, times.read_time, times.read_duration):
        found = read(plain)
        if found is not None:
            return found
    number = Decimal(text)
    if not number.is_finite():
        raise Fault(f"{text!r} is no end of a range")
    return number


def _relation(first: str, second: str, relation: Callable[[Any, Any], bool]) -> tuple[Any, ...]:
    return (builtin(f"{first}, {second}", relation),)


RANGES: Table = {
    "before": _relation("point1", "point2", _before),
    "after": _relation("point1", "point2", _swapped(_before)),
    "meets": _relation("range1: range", "range2: range", _meets),
    "met by": _relation("range1: range", "range2: range", _swapped(_meets)),
    "overlaps": _relation("range1: range", "range2: range", _overlaps),
    "overlaps before": _relation("range1: range", "range2: range", _overlaps_before),
    "overlaps after": _relation("range1: range", "range2: range", _swapped(_overlaps_before)),
    "finishes": _relation("point", "range: range", _finishes),
    "finished by": _relation("range: range", "point", _swapped(_finishes)),
    "includes": _relation("range: range", "point", _includes),
    "during": _relation("point", "range: range", _during),
    "starts": _relation("point", "range: range", _starts),
    "started by": _relation("range: range", "point", _swapped(_starts)),
    "coincides": _relation("point1", "point2", _coincides),
    "range": (builtin("from: string", _range),),
}
