"""Facts as JSON gives them, turned into exact values of the policy's types and units."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import msgspec

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy._dump import plain_value
from proveout.families.symbolic.policy._model import Scalar
from proveout.families.symbolic.policy._read_keys import exact, iso_date
from proveout.families.symbolic.policy._types import near
from proveout.families.symbolic.policy._units import Unit, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.families.symbolic.policy._model import Fact, Policy

__all__ = ["FactReader", "Facts", "normalise"]

MOST_CHARACTERS = 10_000
MOST = 10**400
_ISO_DURATION = re.compile(r"P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?", re.ASCII)
_ISO_UNITS = ("year", "month", "week", "day")
_NUMBER = r"[-+]?[0-9]{1,400}(?:\.[0-9]{1,400}|/[0-9]{1,400})?"
_UNIT = r"(?:[^\W\d_]|[%$€£¥])[^0-9+-]{0,60}?"
_AFTER = re.compile(rf"({_NUMBER})\s*({_UNIT})")
_BEFORE = re.compile(rf"({_UNIT})\s*({_NUMBER})")


class Facts(msgspec.Struct, frozen=True):
    """Facts of one case.

    Attributes:
        values: of every fact of the policy; None is unknown.
        stated: names of those that were given, and are not defaults of a closed world.
    """

    values: dict[str, Scalar | None]
    stated: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        """The stated facts as JSON values, in the order of the policy: what the checker takes as given.

        Example:
            >>> Facts({"price": Fraction(49, 2), "photo": False}, frozenset(["price"])).to_json()
            {'price': '24.5'}
        """
        return {name: plain_value(value) for name, value in self.values.items() if name in self.stated}


def normalise(policy: Policy, given: Mapping[str, Any]) -> Facts:
    """Check facts and make them exact; closed facts that are not given have their default.

    A number may be a JSON number, a text such as ``"24.99"`` or ``"49/2"``, or come with its unit: ``"30 days"``,
    ``"USD 24.99"``, ``"P30D"`` (ISO 8601) or ``{"value": 30, "unit": "day"}``. Units of time are converted exactly.
    A date is ``"2026-01-31"``. None is unknown, of a closed fact as well.

    Raises:
        FactInvalid: no such fact, or a value of another type or unit, out of range, or off the fact's step.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy
        >>> price = Fact(name="price", type="money", unit="USD")
        >>> normalise(Policy(name="p", version=1, decisions=("a",), facts=(price,)), {"price": "USD 24.99"}).values
        {'price': Fraction(2499, 100)}
    """
    return FactReader(policy).read(given)


class FactReader:
    """`normalise` for one policy and many cases.

    Args:
        policy: whose facts these are.
    """

    def __init__(self, policy: Policy) -> None:
        self._blank: dict[str, Scalar | None] = {
            fact.name: fact.default if fact.world == "closed" else None for fact in policy.facts
        }
        self._readers = {fact.name: _reader(fact) for fact in policy.facts}

    def read(self, given: Mapping[str, Any]) -> Facts:
        """The facts, checked and exact.

        Raises:
            FactInvalid: as `normalise`.
        """
        values = self._blank.copy()
        readers = self._readers
        for name, value in given.items():
            reader = readers.get(name)
            if reader is None:
                shown = str(name)[:60]
                fix = near(shown, self._blank)
                raise FactInvalid("unknown fact", why=f"the policy has no fact {shown!r}", fix=fix, about=shown)
            values[name] = None if value is None else reader(value)
        return Facts(values, frozenset(given))


def _reader(fact: Fact) -> Callable[[Any], Scalar]:
    if fact.type in {"number", "money", "duration"}:
        return _Quantity(fact)
    readers: dict[str, Callable[[Fact, Any], Scalar]] = {"boolean": _boolean, "enum": _enum, "text": _text}
    reader = readers.get(fact.type)
    return partial(reader, fact) if reader is not None else partial(_date, fact)


def _wrong(fact: Fact, why: str, fix: str) -> FactInvalid:
    return FactInvalid("a fact of the wrong value", why=why, fix=fix, about=fact.name)


def _boolean(fact: Fact, value: Any) -> Scalar:
    if value is True or value is False:
        return bool(value)
    raise _wrong(fact, f"{_shown(value)} is not a boolean", "give true or false")


def _enum(fact: Fact, value: Any) -> Scalar:
    if isinstance(value, str) and value in fact.values:
        return value
    raise _wrong(fact, f"{_shown(value)} is none of its values", near(str(value)[:60], fact.values))


def _text(fact: Fact, value: Any) -> Scalar:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise _wrong(fact, f"{_shown(value)} is no text of at most {MOST_CHARACTERS:,} characters", "give a text")
    return value


def _date(fact: Fact, value: Any) -> Scalar:
    try:
        day = value if type(value) is date else iso_date(value)
    except (ValueError, TypeError) as error:
        fix = "give a day of the calendar, as 2026-01-31"
        raise _wrong(fact, f"{_shown(value)} is no date: {error}", fix) from error
    low, high = cast("date | None", fact.low), cast("date | None", fact.high)
    if (low is not None and day < low) or (high is not None and day > high):
        raise _wrong(fact, f"{day} is not from {fact.low} to {fact.high}", "check the date")
    return day


class _Quantity:
    """Reads a number, money or duration into the fact's own unit."""

    def __init__(self, fact: Fact) -> None:
        self._fact = fact
        self._unit = unit_of(fact.unit)
        self._low: Any = fact.low
        self._high: Any = fact.high
        self._step = fact.step
        # Every whole number is a multiple of a step such as 1/100.
        self._whole_is_even = fact.step is None or fact.step.numerator == 1

    def __call__(self, value: Any) -> Scalar:
        number = value if type(value) is int and -MOST < value < MOST else self._number(value)
        if (self._low is not None and number < self._low) or (self._high is not None and number > self._high):
            why = f"{_shown(plain_value(number))} is not from {self._low} to {self._high}"
            raise _wrong(self._fact, why, "check the value and its unit")
        if self._step is not None and not (self._whole_is_even and type(number) is int) and number % self._step:
            why = f"{plain_value(number)} is no multiple of {plain_value(self._step)}"
            raise _wrong(self._fact, why, "round it, or give the fact another step")
        return number

    def _number(self, value: Any) -> int | Fraction:
        try:
            number = _READERS[type(value)](value, self._unit)
        except KeyError as error:
            raise _wrong(self._fact, f"{_shown(value)} is no number", "give a number") from error
        except (ValueError, TypeError, ZeroDivisionError) as error:
            fix = f"give a number in {self._fact.unit}" if self._fact.unit else "give a number"
            raise _wrong(self._fact, f"{_shown(value)}: {error}", fix) from error
        return number.numerator if number.denominator == 1 else number


def _float(value: float, _unit: Unit) -> Fraction:
    # The decimal that was written, and not the binary number next to it; repr of nan and inf is no number.
    return Fraction(repr(value))


def _bounded(value: int | Fraction) -> int | Fraction:
    if not (-MOST < value < MOST and value.denominator < MOST):
        raise ValueError("it is too large or has too many digits")
    return value


def _words(text: str, unit: Unit) -> int | Fraction:
    """A number with or without its unit."""
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise ValueError("it is too long")
    if text.startswith("P"):
        return _iso_duration(text, unit)
    for pattern, number, name in ((_AFTER, 1, 2), (_BEFORE, 2, 1)):
        match = pattern.fullmatch(text)
        if match is not None:
            return exact(match[number]) * _times(match[name], unit)
    return exact(text)


def _iso_duration(text: str, unit: Unit) -> Fraction:
    match = _ISO_DURATION.fullmatch(text)
    parts = (
        [(int(count), name) for count, name in zip(match.groups(), _ISO_UNITS, strict=True) if count] if match else []
    )
    if not parts:
        raise ValueError("it is no ISO 8601 duration of years, months, weeks and days")
    return sum((count * _times(name, unit) for count, name in parts), Fraction(0))


def _mapping(value: dict[str, Any], unit: Unit) -> int | Fraction:
    if set(value) != {"value", "unit"} or not isinstance(value["unit"], str):
        raise ValueError("it is not of the form {value: 30, unit: day}")
    number = value["value"]
    if type(number) not in {int, float, str, Fraction}:
        raise TypeError("its value is no number")
    plain = exact(number) if isinstance(number, str) else Fraction(repr(number) if type(number) is float else number)
    return plain * _times(value["unit"], unit)


def _times(name: str, unit: Unit) -> Fraction:
    """How many of the fact's unit one of the unit ``name`` is."""
    other = unit_of(name.strip())
    if other.powers != unit.powers:
        raise ValueError(f"{name.strip()} is not {unit.name or 'a plain number'}")
    return other.scale / unit.scale


_READERS: dict[type, Callable[[Any, Unit], int | Fraction]] = {
    float: _float,
    int: lambda value, _: _bounded(value),
    Fraction: lambda value, _: _bounded(value),
    str: _words,
    dict: _mapping,
}


def _shown(value: Any) -> str:
    text = "a number" if isinstance(value, int | Fraction) and not -MOST < value < MOST else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004  what fits a line beside the rest
