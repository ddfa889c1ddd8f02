"""Units of measure: which convert into each other exactly, and what products of them are."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

import msgspec

__all__ = ["ONE", "TIMES", "Unit", "canonical_unit", "unit_of"]

# Base unit, and how many of it: days and months do not convert into each other, because months differ in length.
_SCALES: dict[str, tuple[str, int]] = {
    "second": ("second", 1),
    "minute": ("second", 60),
    "hour": ("second", 3_600),
    "day": ("second", 86_400),
    "week": ("second", 604_800),
    "month": ("month", 1),
    "year": ("month", 12),
}
TIMES = frozenset(_SCALES)
_CONVERTIBLE = {base for base, _ in _SCALES.values()}
_PART = re.compile(r"[^\W\d_][\w%.-]*|%|[$€£¥]")


class Unit(msgspec.Struct, frozen=True, gc=False):
    """A product of powers of base units.

    Attributes:
        powers: base unit and its exponent, sorted; empty for a plain number.
        scale: how many of the product of base units one of this unit is; 86,400 for a day.
        name: as it is shown.
    """

    powers: tuple[tuple[str, int], ...] = ()
    scale: Fraction = Fraction(1)
    name: str = ""

    @property
    def convertible(self) -> bool:
        """Whether there are other units of the same thing, as hours for days."""
        return any(base in _CONVERTIBLE for base, _ in self.powers)

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """The unit of a product, or with ``sign`` -1 of a quotient.

        Example:
            >>> unit_of("USD").times(unit_of("day"), -1).name
            'USD/day'
            >>> unit_of("week").times(unit_of("day"), -1)
            Unit(powers=(), scale=Fraction(7, 1), name='')
        """
        exponents = dict(self.powers)
        for base, power in other.powers:
            exponents[base] = exponents.get(base, 0) + sign * power
        powers = tuple(sorted((base, power) for base, power in exponents.items() if power))
        scale = self.scale * other.scale if sign > 0 else self.scale / other.scale
        name = _joined(self.name, other.name, sign) if powers else ""
        return Unit(powers, scale, name)


ONE = Unit()


# A policy names few units, each of them often.
@lru_cache(maxsize=1024)
def unit_of(text: str) -> Unit:
    """The unit written as ``text``: a name, or names joined by ``*`` and ``/``; "" is a plain number.

    Raises:
        ValueError: it is not written like a unit.

    Example:
        >>> unit_of("hours").scale
        Fraction(3600, 1)
        >>> unit_of("USD/day").powers
        (('USD', 1), ('second', -1))
    """
    unit = ONE
    if not text:
        return unit
    sign = 1
    for token in re.split(r"([*/])", text.strip()):
        name = token.strip()
        if name in {"*", "/"}:
            sign = 1 if name == "*" else -1
            continue
        unit = unit.times(_single(name), sign)
    return msgspec.structs.replace(unit, name=canonical_unit(text))


@lru_cache(maxsize=1024)
def canonical_unit(text: str) -> str:
    """The unit's name without white space, units of time in the singular.

    Example:
        >>> canonical_unit("USD / days"), canonical_unit("refund")
        ('USD/day', 'refund')
    """
    return re.sub(r"[^*/]+", lambda match: _singular(match.group().strip()), text)


def _single(name: str) -> Unit:
    if not _PART.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a unit")
    name = _singular(name)
    base, scale = _SCALES.get(name, (name, 1))
    return Unit(((base, 1),), Fraction(scale), name)


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and name[:-1] in _SCALES else name


def _joined(left: str, right: str, sign: int) -> str:
    if not left or not right:
        return left or (right if sign > 0 else f"1/{right}")
    return f"{left}{'*' if sign > 0 else '/'}{right}"
