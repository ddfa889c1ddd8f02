"""What readers say of a text, and what is made of it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from proveout.errors import FactInvalid

if TYPE_CHECKING:
    from proveout.families.symbolic.policy import Fact

__all__ = ["Ambiguity", "FactReader", "FactReading", "ReadFact", "Said", "fact_value", "plain_value"]

Value = bool | int | Fraction | str | date
Verdict = Literal["value", "nothing", "doubt"]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader says of one fact.

    Attributes:
        verdict: ``value`` it is stated, ``nothing`` the text does not state it, ``doubt`` it may be stated.
        values: the one value; or, in doubt, those it may be.
        span: characters that say so, end exclusive; None when no place does.
    """

    verdict: Verdict
    values: tuple[Value, ...] = ()
    span: tuple[int, int] | None = None


class FactReader(Protocol):
    """One way to read facts.

    Attributes:
        name: it is cited by.
    """

    name: str

    def read(self, text: str, today: date | None) -> dict[str, Said]:
        """What the text says, by fact; a fact it is silent about is left out.

        Args:
            text: of one input.
            today: the day it was written, where known.
        """
        ...


class ReadFact(msgspec.Struct, frozen=True):
    """A stated fact: its value, where it stands, and the readers that say so."""

    value: Value
    span: tuple[int, int] | None
    readers: tuple[str, ...]


class Ambiguity(msgspec.Struct, frozen=True):
    """A fact to confirm: the values it may have; none where its value cannot be told at all."""

    fact: str
    candidates: tuple[Value, ...]


class FactReading(msgspec.Struct, frozen=True):
    """What a text states, by fact, and what somebody has to confirm; what is in neither is not stated."""

    facts: dict[str, ReadFact]
    ambiguous: tuple[Ambiguity, ...]


def fact_value(fact: Fact, value: Any) -> Value:
    """A JSON value as the fact's type holds it.

    Raises:
        FactInvalid: it is not of the type, the values or the range of the fact.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> fact_value(Fact(name="price", type="money", unit="USD"), 24.99)
        Fraction(2499, 100)
    """
    made: Value | None = _MAKE[fact.type](value)
    if made is None or (fact.values and made not in fact.values):
        expected = f"one of {', '.join(fact.values)}" if fact.values else f"a {fact.type}"
        raise _invalid(fact, f"{value!r} is not {expected}")
    if any(limit is not None and not _within(made, limit, sign) for limit, sign in ((fact.low, 1), (fact.high, -1))):
        raise _invalid(fact, f"{value!r} is outside {fact.low} to {fact.high}")
    return made


def _invalid(fact: Fact, why: str) -> FactInvalid:
    return FactInvalid("a value cannot be this fact's", why=why, fix="correct the value", about=fact.name)


def _within(value: Any, limit: Any, sign: int) -> bool:
    return bool((value >= limit) if sign > 0 else (value <= limit))


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> int | Fraction | None:
    """Exact, and an int where it is whole; a float is the decimal it is written as."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        return None
    try:
        exact = value if isinstance(value, Fraction) else Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None
    return int(exact) if exact.denominator == 1 else exact


def _date(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


_MAKE: dict[str, Any] = {
    "boolean": _boolean,
    "number": _number,
    "money": _number,
    "duration": _number,
    "date": _date,
    "enum": _text,
    "text": _text,
}


def plain_value(value: Value) -> bool | int | float | str:
    """A value as JSON holds it: a fraction that a float holds exactly enough as a float, a date as text.

    Example:
        >>> plain_value(Fraction(2499, 100)), plain_value(Fraction(1, 3)), plain_value(date(2025, 1, 6))
        (24.99, '1/3', '2025-01-06')
    """
    if isinstance(value, Fraction):
        return float(value) if Fraction(str(float(value))) == value else str(value)
    return value.isoformat() if isinstance(value, date) else value
