"""Values of FEEL: kinds, equality, order, arithmetic, and their JSON form (OMG DMN 1.3, 10.3.2 and 10.3.4)."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from proveout.families.symbolic.dmn import _feel_times as times
from proveout.families.symbolic.dmn._feel_times import Months

__all__ = [
    "CONTEXT",
    "Fault",
    "Function",
    "Range",
    "Undeclared",
    "add",
    "aligned",
    "bounded",
    "compare",
    "divide",
    "equal",
    "exact",
    "from_json_value",
    "inside",
    "kind",
    "multiply",
    "negate",
    "number_text",
    "power",
    "read_as",
    "string",
    "subtract",
    "to_json",
]

# IEEE 754-2008 decimal128, as the specification asks; a result outside of it is an error, never an infinity.
CONTEXT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
# Beyond this many digits before the point an integer is written as a float.
DIGITS = 34
DEEPEST = 100
LONGEST = 1_000_000


class Fault(Exception):
    """Why an expression has no value; it becomes null and an entry in the trace."""


class Undeclared(str):
    """A string whose type nobody declared: beside a date, time or duration it is read as one."""

    __slots__ = ()


class Range(msgspec.Struct, frozen=True):
    """Values between two ends; an end that is None is open to infinity."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool


class Function(msgspec.Struct, frozen=True, eq=False):
    """A function of FEEL: names of its parameters, and what runs it on positional values."""

    parameters: tuple[str, ...]
    call: Callable[..., Any]


KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    Undeclared: "string",
    list: "list",
    dict: "context",
    Range: "range",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    Months: "years and months duration",
    Function: "function",
}
READERS: dict[str, Callable[[str], Any]] = {
    "date": times.read_date,
    "time": times.read_time,
    "date and time": times.read_date_time,
    "days and time duration": times.read_duration,
    "years and months duration": times.read_duration,
}
ORDERED = {"number", "string", "date", "days and time duration", "years and months duration"}
ZONED = {"time", "date and time"}


def kind(value: Any) -> str:
    """The name of a value's FEEL type."""
    return KINDS.get(type(value), "any")


def read_as(text: str, wanted: str) -> Any:
    """A text as the date, time or duration that is wanted; None when it is none."""
    value = READERS[wanted](text)
    return value if kind(value) == wanted else None


def aligned(left: Any, right: Any) -> tuple[Any, Any]:
    """Two values, an undeclared one read as the other's kind where that is a date, time or duration."""
    if type(left) is Undeclared and kind(right) in READERS:
        return read_as(left, kind(right)), right
    if type(right) is Undeclared and kind(left) in READERS:
        return left, read_as(right, kind(left))
    return left, right


def equal(left: Any, right: Any) -> bool | None:
    """Equality of FEEL: null equals null alone, and values of different kinds do not compare.

    Example:
        >>> equal(Decimal("1.0"), Decimal(1)), equal(None, "a"), equal("1", Decimal(1))
        (True, False, None)
    """
    if type(left) is not type(right):
        left, right = aligned(left, right)
    if left is None or right is None:
        return left is right
    what = kind(left)
    if what != kind(right):
        return None
    same = SAMES.get(what)
    return same(left, right) if same else bool(left == right)


def _same_lists(left: list[Any], right: list[Any]) -> bool:
    return len(left) == len(right) and _all(equal(a, b) for a, b in zip(left, right, strict=True))


def _same_contexts(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.keys() == right.keys() and _all(equal(left[name], right[name]) for name in left)


def _same_ranges(left: Range, right: Range) -> bool:
    closed = (left.start_included, left.end_included) == (right.start_included, right.end_included)
    return closed and _all([equal(left.start, right.start), equal(left.end, right.end)])


def _same_moments(left: datetime | time, right: datetime | time) -> bool:
    return times.instant(left) == times.instant(right)


SAMES: dict[str, Callable[[Any, Any], bool]] = {
    "list": _same_lists,
    "context": _same_contexts,
    "range": _same_ranges,
    "time": _same_moments,
    "date and time": _same_moments,
}


def _all(parts: Any) -> bool:
    return all(part is True for part in parts)


def compare(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 as the left comes before, with or after the right; None where the kinds have no order.

    Example:
        >>> compare(Decimal(1), Decimal(2)), compare("b", "a"), compare(None, Decimal(1))
        (-1, 1, None)
    """
    left, right = aligned(left, right)
    what = kind(left)
    if what != kind(right):
        return None
    if what in ZONED:
        (zoned, left), (other, right) = times.instant(left), times.instant(right)
        if zoned is not other:
            return None
    elif what not in ORDERED:
        return None
    return int(left > right) - int(left < right)


def inside(value: Any, found: Range) -> bool | None:
    """Whether a value lies in a range; null where it cannot be compared with an end."""
    low = 1 if found.start is None else compare(value, found.start)
    high = -1 if found.end is None else compare(value, found.end)
    if low is not None and (low < 0 or (low == 0 and not found.start_included)):
        return False
    if high is not None and (high > 0 or (high == 0 and not found.end_included)):
        return False
    return None if value is None or low is None or high is None else True


def _bounded(value: Any) -> Any:
    if value is None:
        raise Fault("a date outside of the years 1 to 9999")
    return value


def _moment(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)


def _gap(left: date, right: date) -> timedelta:
    first, second = _moment(left), _moment(right)
    if (first.utcoffset() is None) is not (second.utcoffset() is None):
        raise Fault("one has a time zone and the other has none")
    return first - second


def _time_gap(left: time, right: time) -> timedelta:
    (zoned, first), (other, second) = times.instant(left), times.instant(right)
    if zoned is not other:
        raise Fault("one has a time zone and the other has none")
    return first - second


def _shifted(left: date, by: timedelta) -> date:
    if isinstance(left, datetime):
        return left + by
    return (datetime.combine(left, time()) + by).date()


def _glued(left: str, right: str) -> str:
    if len(left) + len(right) > LONGEST:
        raise Fault(f"a string has more than {LONGEST} characters")
    return str(left) + str(right)


def _months(count: Decimal) -> Months:
    return Months(int(count))


def _scaled(length: timedelta, by: Decimal) -> timedelta:
    return timedelta(microseconds=int(CONTEXT.multiply(Decimal(length // timedelta(microseconds=1)), by)))


def _micros(length: timedelta) -> Decimal:
    return Decimal(length // timedelta(microseconds=1))


NUMBER, TEXT, DAYS, YEARS = "number", "string", "days and time duration", "years and months duration"
ADD: dict[tuple[str, str], Callable[[Any, Any], Any]] = {
    (NUMBER, NUMBER): CONTEXT.add,
    (TEXT, TEXT): _glued,
    (DAYS, DAYS): lambda a, b: a + b,
    (YEARS, YEARS): lambda a, b: Months(a.months + b.months),
    ("date", DAYS): _shifted,
    (DAYS, "date"): lambda a, b: _shifted(b, a),
    ("date and time", DAYS): _shifted,
    (DAYS, "date and time"): lambda a, b: _shifted(b, a),
    ("time", DAYS): times.shift_time,
    (DAYS, "time"): lambda a, b: times.shift_time(b, a),
    ("date", YEARS): lambda a, b: _bounded(times.add_months(a, b.months)),
    (YEARS, "date"): lambda a, b: _bounded(times.add_months(b, a.months)),
    ("date and time", YEARS): lambda a, b: _bounded(times.add_months(a, b.months)),
    (YEARS, "date and time"): lambda a, b: _bounded(times.add_months(b, a.months)),
}
SUBTRACT: dict[tuple[str, str], Callable[[Any, Any], Any]] = {
    (NUMBER, NUMBER): CONTEXT.subtract,
    (DAYS, DAYS): lambda a, b: a - b,
    (YEARS, YEARS): lambda a, b: Months(a.months - b.months),
    ("date", "date"): lambda a, b: a - b,
    ("date", "date and time"): _gap,
    ("date and time", "date"): _gap,
    ("date and time", "date and time"): _gap,
    ("time", "time"): _time_gap,
    ("date", DAYS): lambda a, b: _shifted(a, -b),
    ("date and time", DAYS): lambda a, b: _shifted(a, -b),
    ("time", DAYS): lambda a, b: times.shift_time(a, -b),
    ("date", YEARS): lambda a, b: _bounded(times.add_months(a, -b.months)),
    ("date and time", YEARS): lambda a, b: _bounded(times.add_months(a, -b.months)),
}
MULTIPLY: dict[tuple[str, str], Callable[[Any, Any], Any]] = {
    (NUMBER, NUMBER): CONTEXT.multiply,
    (YEARS, NUMBER): lambda a, b: _months(CONTEXT.multiply(Decimal(a.months), b)),
    (NUMBER, YEARS): lambda a, b: _months(CONTEXT.multiply(Decimal(b.months), a)),
    (DAYS, NUMBER): _scaled,
    (NUMBER, DAYS): lambda a, b: _scaled(b, a),
}
DIVIDE: dict[tuple[str, str], Callable[[Any, Any], Any]] = {
    (NUMBER, NUMBER): CONTEXT.divide,
    (YEARS, NUMBER): lambda a, b: _months(CONTEXT.divide(Decimal(a.months), b)),
    (YEARS, YEARS): lambda a, b: CONTEXT.divide(Decimal(a.months), Decimal(b.months)),
    (DAYS, NUMBER): lambda a, b: timedelta(microseconds=int(CONTEXT.divide(_micros(a), b))),
    (DAYS, DAYS): lambda a, b: CONTEXT.divide(_micros(a), _micros(b)),
}
POWER: dict[tuple[str, str], Callable[[Any, Any], Any]] = {(NUMBER, NUMBER): CONTEXT.power}


def _applied(name: str, table: dict[tuple[str, str], Callable[[Any, Any], Any]], left: Any, right: Any) -> Any:
    rule = table.get((kind(left), kind(right)))
    if rule is None:
        if left is None or right is None:
            return None
        left, right = _guessed(left), _guessed(right)
        rule = table.get((kind(left), kind(right)))
        if rule is None:
            raise Fault(f"{kind(left)} {name} {kind(right)} is not defined")
    try:
        value = rule(left, right)
    except (decimal.DecimalException, OverflowError, ValueError) as error:
        raise Fault(f"{name}: the result is not a number or is too large ({type(error).__name__})") from None
    if isinstance(value, Decimal) and not value.is_finite():
        raise Fault(f"{name}: the result is not finite")
    return value


def _guessed(value: Any) -> Any:
    """An undeclared string as the date, time or duration that it spells, where a string has no such operation."""
    if type(value) is not Undeclared:
        return value
    readers = (times.read_date, times.read_time, times.read_date_time, times.read_duration)
    return next((found for read in readers if (found := read(value)) is not None), value)


def add(left: Any, right: Any) -> Any:
    """The sum of numbers, strings, or dates, times and durations; months are added to the same or the last day.

    Example:
        >>> add(date(2024, 1, 31), Months(1)), add("a", "b"), add(None, Decimal(1))
        (datetime.date(2024, 2, 29), 'ab', None)
    """
    return _applied("+", ADD, left, right)


def subtract(left: Any, right: Any) -> Any:
    """The difference of numbers, dates, times or durations."""
    return _applied("-", SUBTRACT, left, right)


def multiply(left: Any, right: Any) -> Any:
    """The product of numbers, or of a duration and a number."""
    return _applied("*", MULTIPLY, left, right)


def divide(left: Any, right: Any) -> Any:
    """The quotient of numbers or durations; division by zero is a fault."""
    return _applied("/", DIVIDE, left, right)


def power(left: Any, right: Any) -> Any:
    """One number to the power of another, to 34 digits."""
    return _applied("**", POWER, left, right)


def negate(value: Any) -> Any:
    """A number or duration with the other sign."""
    if isinstance(value, Months):
        return Months(-value.months)
    if isinstance(value, timedelta):
        return -value
    if isinstance(value, Decimal):
        return CONTEXT.minus(value)
    if value is None:
        return None
    raise Fault(f"- {kind(value)} is not defined")


def number_text(value: Decimal) -> str:
    """A number in plain notation without trailing zeros, so that equal numbers have equal texts."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def string(value: Any) -> str:
    """A value as the built-in ``string`` writes it; strings within lists and contexts are quoted."""
    writer = WRITERS.get(type(value))
    return writer(value) if writer else str(to_json(value))


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return string(value)


def _range_text(value: Range) -> str:
    low = "" if value.start is None else _quoted(value.start)
    high = "" if value.end is None else _quoted(value.end)
    return f"{'[' if value.start_included else '('}{low}..{high}{']' if value.end_included else ')'}"


WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    str: str,
    Undeclared: str,
    Decimal: number_text,
    date: times.date_text,
    datetime: times.date_text,
    time: times.time_text,
    timedelta: times.duration_text,
    Months: times.duration_text,
    list: lambda value: "[" + ", ".join(map(_quoted, value)) + "]",
    dict: lambda value: "{" + ", ".join(f"{name}: {_quoted(part)}" for name, part in value.items()) + "}",
    Range: _range_text,
    Function: lambda value: f"function({', '.join(value.parameters)})",
}


def to_json(value: Any) -> Any:
    """A value as JSON has it: a number as int or float, dates, durations, ranges and functions as text.

    Example:
        >>> to_json([Decimal("1.50"), Decimal("2E2"), date(2024, 2, 29), Range(Decimal(1), Decimal(5), False, True)])
        [1.5, 200, '2024-02-29', '(1..5]']
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, list):
        return [to_json(part) for part in value]
    if isinstance(value, dict):
        return {name: to_json(part) for name, part in value.items()}
    return string(value)


def _number(value: Decimal) -> int | float | str:
    if value == value.to_integral_value() and value.adjusted() < DIGITS:
        return int(value)
    near = float(value)
    # No float holds what lies beyond 1.8e308, and JSON has no infinity.
    return near if abs(near) != float("inf") else str(value)


def exact(value: Any) -> Any:
    """A value for a proof: as `to_json`, with a tag wherever that would lose digits or the kind.

    Example:
        >>> exact(CONTEXT.divide(Decimal(1), Decimal(3))), exact(date(2024, 2, 29)), exact({"a": Decimal(1)})
        ({'number': '0.3333333333333333333333333333333333'}, {'date': '2024-02-29'}, {'a': 1})
    """
    what = kind(value)
    if what == "number":
        near = _number(value)
        same = not isinstance(near, str) and Decimal(repr(near)) == value
        return near if same else {"number": str(value)}
    if what == "list":
        return [exact(part) for part in value]
    if what == "context":
        parts = {name: exact(part) for name, part in value.items()}
        # A context whose only entry is named as a tag is would be read as one.
        return {"context": parts} if len(parts) == 1 and not parts.keys().isdisjoint(KINDS.values()) else parts
    if what in {"null", "boolean", "string"}:
        return to_json(value)
    return {what: string(value)}


def bounded(value: Any) -> None:
    """Refuse a value of more than a million parts, or nested more than 100 deep, before it is written out.

    Raises:
        Fault: it is that large.
    """
    parts, waiting = 0, [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        parts += 1
        if depth > DEEPEST or parts > LONGEST:
            raise Fault(f"a value has more than {LONGEST} parts or is nested more than {DEEPEST} deep")
        if isinstance(one, list | dict):
            waiting.extend((part, depth + 1) for part in (one.values() if isinstance(one, dict) else one))


def from_json_value(value: Any, depth: int = 0) -> Any:
    """A JSON value as FEEL has it; its strings stay undeclared. Nested more than 100 deep it is a fault."""
    if depth > DEEPEST:
        raise Fault(f"a value is nested more than {DEEPEST} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return Undeclared(value)
    if isinstance(value, int | float):
        return _finite(value)
    if isinstance(value, list | tuple):
        return [from_json_value(part, depth + 1) for part in value]
    if isinstance(value, dict):
        return {str(name): from_json_value(part, depth + 1) for name, part in value.items()}
    return value if type(value) in KINDS else Undeclared(value)


def _finite(value: float) -> Decimal:
    try:
        number = CONTEXT.create_decimal(value if isinstance(value, int) else repr(value))
    except decimal.DecimalException:
        raise Fault("a number has no finite decimal form") from None
    if not number.is_finite():
        raise Fault("a number is not finite")
    return (
        number.quantize(Decimal(1)) if number == number.to_integral_value() and number.adjusted() < DIGITS else number
    )
