"""FEEL's built-in functions on strings, numbers and booleans (OMG DMN 1.3, 10.3.4.2, 10.3.4.3 and 10.3.4.5)."""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from proveout.families.symbolic.dmn._feel_registry import Table, builtin, whole
from proveout.families.symbolic.dmn._feel_times import Months
from proveout.families.symbolic.dmn._feel_values import CONTEXT, Fault, string

__all__ = ["NUMBERS", "TEXTS"]

LONGEST = 100_000
FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
SCALES = 6111


def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str:
    first = whole(start)
    if first == 0 or abs(first) > len(text):
        raise Fault("the start position is outside of the string")
    at = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[at:]
    if length < 1:
        raise Fault("the length is not positive")
    return text[at : at + int(min(length, Decimal(LONGEST * 10)))]


@lru_cache(maxsize=256)
def _pattern(text: str, flags: str = "") -> re.Pattern[str]:
    if set(flags) - set(FLAGS):
        raise Fault(f"flags {flags!r} are not among {''.join(FLAGS)}")
    chosen = re.NOFLAG
    for flag in flags:
        chosen |= FLAGS[flag]
    try:
        return re.compile(text, chosen)
    except (re.error, RecursionError, OverflowError):
        raise Fault(f"{text!r} is no regular expression") from None


def _short(text: str) -> str:
    if len(text) > LONGEST:
        raise Fault(f"the string has more than {LONGEST} characters")
    return text


def _replace(text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    # `$1` is the first group, `\$` a dollar sign, as in XPath.
    parts = re.split(r"(\\\\|\\\$|\$\d)", replacement)
    template = "".join(_expanded(part) for part in parts)
    try:
        return _short(_pattern(pattern, flags or "").sub(template, _short(text)))
    except (re.error, IndexError):
        raise Fault("the replacement names a group that is not there") from None


def _expanded(part: str) -> str:
    if re.fullmatch(r"\$\d", part):
        return rf"\g<{part[1]}>"
    if part in {r"\\", r"\$"}:
        part = part[1]
    return part.replace("\\", r"\\")


def _matches(text: str, pattern: str, flags: str | None = None) -> bool:
    return _pattern(pattern, flags or "").search(_short(text)) is not None


def _split(text: str, delimiter: str) -> list[str]:
    found = _pattern(delimiter)
    parts, at = [], 0
    for one in found.finditer(_short(text)):
        if one.end() > one.start():
            parts.append(text[at : one.start()])
            at = one.end()
    return [*parts, text[at:]]


def _before(text: str, match: str) -> str:
    head, found, _ = text.partition(match) if match else ("", "", "")
    return head if found else ""


def _after(text: str, match: str) -> str:
    if not match:
        return text
    return text.partition(match)[2]


def _number(text: str, grouping: str | None = None, point: str | None = None) -> Decimal:
    if grouping not in {None, " ", ",", "."} or point not in {None, ".", ","} or (grouping and grouping == point):
        raise Fault("the separators are not among space, comma and point, or are the same")
    plain = text.replace(grouping, "") if grouping else text
    plain = plain.replace(point, ".") if point else plain
    if not NUMBER.fullmatch(plain) or len(plain) > LONGEST:
        raise Fault("the text is no number")
    return CONTEXT.create_decimal(plain)


def _join(parts: list[Any], delimiter: str | None = None) -> str:
    if any(part is not None and not isinstance(part, str) for part in parts):
        raise Fault("an item is no string")
    return _short((delimiter or "").join(part for part in parts if part is not None))


def _rounded(how: str) -> Any:
    def rounded(value: Decimal, scale: Decimal | None = None) -> Decimal:
        places = whole(scale) if scale is not None else 0
        if abs(places) > SCALES:
            raise Fault(f"the scale is beyond {SCALES}")
        if value.as_tuple().exponent >= -places:  # type: ignore[operator]  # a finite number's exponent is an int
            return value
        return _plain(value.quantize(Decimal(1).scaleb(-places), rounding=how, context=CONTEXT))

    return rounded


def _plain(value: Decimal) -> Decimal:
    """A number without the sign of a zero."""
    return value or Decimal(0)


def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    quotient = CONTEXT.divide(dividend, divisor).to_integral_value(rounding=decimal.ROUND_FLOOR)
    return CONTEXT.subtract(dividend, CONTEXT.multiply(divisor, quotient))


def _log(value: Decimal) -> Decimal:
    if value <= 0:
        raise Fault("the number is not positive")
    return CONTEXT.ln(value)


def _even(value: Decimal) -> bool:
    return CONTEXT.remainder(value, Decimal(2)) == 0


def _odd(value: Decimal) -> bool:
    return CONTEXT.remainder(value, Decimal(2)).copy_abs() == 1


def _not(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


def _absolute(value: Any) -> Any:
    if isinstance(value, Months):
        return Months(abs(value.months))
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


TEXTS: Table = {
    "string": (builtin("from", lambda value: None if value is None else string(value)),),
    "substring": (builtin("string: string, start position: number, length?: number", _substring),),
    "string length": (builtin("string: string", lambda text: Decimal(len(text))),),
    "upper case": (builtin("string: string", lambda text: text.upper()),),
    "lower case": (builtin("string: string", lambda text: text.lower()),),
    "substring before": (builtin("string: string, match: string", _before),),
    "substring after": (builtin("string: string, match: string", _after),),
    "replace": (builtin("input: string, pattern: string, replacement: string, flags?: string", _replace),),
    "contains": (builtin("string: string, match: string", lambda text, match: match in text),),
    "starts with": (builtin("string: string, match: string", lambda text, match: text.startswith(match)),),
    "ends with": (builtin("string: string, match: string", lambda text, match: text.endswith(match)),),
    "matches": (builtin("input: string, pattern: string, flags?: string", _matches),),
    "split": (builtin("string: string, delimiter: string", _split),),
    "string join": (builtin("list: list, delimiter?: string", _join),),
    "number": (builtin("from: string, grouping separator?: string, decimal separator?: string", _number),),
    "not": (builtin("negand", _not),),
}
NUMBERS: Table = {
    "decimal": (builtin("n: number, scale: number", _rounded(decimal.ROUND_HALF_EVEN)),),
    "floor": (builtin("n: number, scale?: number", _rounded(decimal.ROUND_FLOOR)),),
    "ceiling": (builtin("n: number, scale?: number", _rounded(decimal.ROUND_CEILING)),),
    "round up": (builtin("n: number, scale: number", _rounded(decimal.ROUND_UP)),),
    "round down": (builtin("n: number, scale: number", _rounded(decimal.ROUND_DOWN)),),
    "round half up": (builtin("n: number, scale: number", _rounded(decimal.ROUND_HALF_UP)),),
    "round half down": (builtin("n: number, scale: number", _rounded(decimal.ROUND_HALF_DOWN)),),
    "abs": (builtin("n: number|days and time duration|years and months duration", _absolute),),
    "modulo": (builtin("dividend: number, divisor: number", _modulo),),
    "sqrt": (builtin("number: number", CONTEXT.sqrt),),
    "log": (builtin("number: number", _log),),
    "exp": (builtin("number: number", CONTEXT.exp),),
    "odd": (builtin("number: number", _odd),),
    "even": (builtin("number: number", _even),),
}
