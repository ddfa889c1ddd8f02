"""How values are written in a reply."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any, Literal

__all__ = ["FORMATS", "ValueType", "written"]

ValueType = Literal["text", "number", "money", "date", "boolean"]
Format = Callable[[Any], str]

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def written(kind: ValueType, form: str, value: Any) -> str | None:
    """A value as text; None where it is missing, or not of its type.

    Args:
        kind: type of the value.
        form: one of `FORMATS` for that type.
        value: as JSON holds it.

    Example:
        >>> written("money", "", 1299.5), written("date", "long", "2026-01-31"), written("number", "", None)
        ('1,299.50', '31 January 2026', None)
    """
    held = _HELD[kind](value)
    return None if held is None else FORMATS[kind][form](held)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: Any) -> Fraction | None:
    """Exact; a float is the decimal it is written as."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None


def _date(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(float(value))


_HELD: dict[ValueType, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "money": _number,
    "date": _date,
    "boolean": _boolean,
}
# By type, the ways to write it; "" is how it is written where nothing is said.
FORMATS: dict[ValueType, dict[str, Format]] = {
    "text": {"": str, "lower": str.lower, "upper": str.upper, "words": lambda value: value.replace("_", " ")},
    "number": {"": _plain, "0": lambda value: f"{round(value):,}", "percent": lambda value: f"{_plain(value * 100)} %"},
    "money": {"": lambda value: f"{float(value):,.2f}", "0": lambda value: f"{round(value):,}"},
    "date": {"": date.isoformat, "long": lambda value: f"{value.day} {_MONTHS[value.month - 1]} {value.year}"},
    "boolean": {"": lambda value: "yes" if value else "no"},
}
