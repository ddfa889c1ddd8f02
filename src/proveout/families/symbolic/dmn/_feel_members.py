"""Properties of values, as a path reads them: entries of contexts, and parts of dates, durations and ranges."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from proveout.families.symbolic.dmn._feel_times import Months
from proveout.families.symbolic.dmn._feel_values import Fault, Range, kind

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["member"]


def _sign(value: timedelta) -> int:
    return -1 if value < timedelta() else 1


def _zone(value: datetime | time) -> str | None:
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None


DAY: dict[str, Callable[[Any], Any]] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
CLOCK: dict[str, Callable[[Any], Any]] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": lambda value: Decimal(value.second) + Decimal(value.microsecond).scaleb(-6).normalize(),
    "time offset": lambda value: value.utcoffset(),
    "timezone": _zone,
}
PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    date: DAY,
    time: CLOCK,
    datetime: {**DAY, **CLOCK},
    timedelta: {
        "days": lambda value: Decimal(_sign(value) * abs(value).days),
        "hours": lambda value: Decimal(_sign(value) * (abs(value).seconds // 3600)),
        "minutes": lambda value: Decimal(_sign(value) * (abs(value).seconds // 60 % 60)),
        "seconds": lambda value: _sign(value) * (Decimal(abs(value).seconds % 60) + _fraction(value)),
    },
    Months: {
        "years": lambda value: Decimal((-1 if value.months < 0 else 1) * (abs(value.months) // 12)),
        "months": lambda value: Decimal((-1 if value.months < 0 else 1) * (abs(value.months) % 12)),
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}


def _fraction(value: timedelta) -> Decimal:
    return Decimal(abs(value).microseconds).scaleb(-6).normalize()


def member(value: Any, name: str) -> Any:
    """An entry of a context or a property of a value; of a list, that of each item.

    Raises:
        Fault: values of this kind have no such property.

    Example:
        >>> member([{"a": Decimal(1)}, {"a": Decimal(2)}], "a"), member(date(2024, 2, 29), "weekday")
        ([Decimal('1'), Decimal('2')], Decimal('4'))
    """
    if value is None:
        return None
    if isinstance(value, dict):
        if name not in value:
            raise Fault(f"a context has no entry {name!r}")
        return value[name]
    if isinstance(value, list):
        return [member(one, name) for one in value]
    read = PROPERTIES.get(type(value), {}).get(name)
    if read is None:
        raise Fault(f"a {kind(value)} has no property {name!r}")
    return read(value)
