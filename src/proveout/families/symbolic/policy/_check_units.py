"""Units as the second interpreter reads them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

__all__ = ["UNITS", "times", "unit_of"]

_TIMES = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
UNITS = {**{name: ("second", n) for name, n in _TIMES.items()}, "month": ("month", 1), "year": ("month", 12)}


def unit_of(text: str) -> tuple[Fraction, dict[str, int]]:
    """A unit's size in base units, and the powers of these."""
    scale, powers, sign = Fraction(1), dict[str, int](), 1
    for name in text.replace("/", " / ").replace("*", " ").split():
        base, size = UNITS.get(name, UNITS.get(name.removesuffix("s"), (name, 1)))
        if name != "/":
            scale, powers[base] = scale * Fraction(size) ** sign, powers.get(base, 0) + sign
        sign = -1 if name == "/" else 1
    return scale, powers


def times(left: Any, right: Any, sign: int) -> Any:
    """The unit of a product, or of a quotient where the sign is -1; None of two bare numbers."""
    if left is None and right is None:
        return None
    (one, powers), (other, more) = left or unit_of(""), right or unit_of("")
    total = {base: powers.get(base, 0) + sign * more.get(base, 0) for base in {*powers, *more}}
    total = {base: power for base, power in total.items() if power}
    return (one * other**sign if total else Fraction(1)), total
