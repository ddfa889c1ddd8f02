"""Values of a derivation, exactly, and the bounds that rounding leaves to them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.causal._expression import Term, evaluated
from proveout.families.symbolic.causal._stated import LIKE_ALL, Line, Stated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Interval", "bounds", "values"]

Number = Fraction | int


class Interval(msgspec.Struct, frozen=True):
    """Numbers from low to high; arithmetic gives an interval that holds every result.

    Example:
        >>> Interval(1, 2) * Interval(-1, 3)
        Interval(low=-2, high=6)
    """

    low: Any
    high: Any

    def __add__(self, other: Interval | Number) -> Interval:
        add = _interval(other)
        return Interval(self.low + add.low, self.high + add.high)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval | Number) -> Interval:
        return self + -_interval(other)

    def __rsub__(self, other: Number) -> Interval:
        return _interval(other) - self

    def __mul__(self, other: Interval | Number) -> Interval:
        if not isinstance(other, Interval):
            ends = (self.low * other, self.high * other)
            return Interval(*(ends if other >= 0 else ends[::-1]))
        by = other
        corners = (self.low * by.low, self.low * by.high, self.high * by.low, self.high * by.high)
        return Interval(min(corners), max(corners))

    __rmul__ = __mul__

    def __truediv__(self, other: Interval | Number) -> Interval:
        by = _interval(other)
        if by.low <= 0 <= by.high:
            raise ZeroDivisionError
        return self * Interval(1 / by.high, 1 / by.low)

    def __rtruediv__(self, other: Number) -> Interval:
        return _interval(other) / self


def _interval(number: Interval | Number) -> Interval:
    return number if isinstance(number, Interval) else Interval(number, number)


class _Slope:
    """A value with its derivative by each stated probability (forward differentiation, over intervals)."""

    def __init__(self, value: Interval, slopes: Mapping[int, Interval]) -> None:
        self.value, self.slopes = value, slopes

    def _with(self, other: Any, value: Interval, mine: Interval | int, theirs: Interval | int) -> _Slope:
        slopes = {at: slope * mine for at, slope in self.slopes.items()}
        for at, slope in other.slopes.items():
            part = slope * theirs
            slopes[at] = slopes[at] + part if at in slopes else part
        return _Slope(value, slopes)

    def __add__(self, other: Any) -> _Slope:
        return self._with(other, self.value + other.value, 1, 1)

    def __sub__(self, other: Any) -> _Slope:
        return self._with(other, self.value - other.value, 1, -1)

    def __rsub__(self, other: int) -> _Slope:
        return _Slope(other - self.value, {at: -slope for at, slope in self.slopes.items()})

    def __mul__(self, other: Any) -> _Slope:
        return self._with(other, self.value * other.value, other.value, self.value)

    def __rmul__(self, other: int) -> _Slope:
        return _Slope(other * self.value, {at: other * slope for at, slope in self.slopes.items()})

    def __truediv__(self, other: Any) -> _Slope:
        value = self.value / other.value
        return self._with(other, value, _interval(1) / other.value, -(value / other.value))


def values(lines: Sequence[Line], stated: Sequence[Any], *, clip: bool = False) -> list[Any]:
    """The value of each line, given one number, or one interval, for each stated probability.

    With ``clip``, intervals of probabilities are cut to 0 to 1.

    Raises:
        ZeroDivisionError: a probability given something that never happens.
    """
    found: dict[Term | None, Any] = {}
    result = []
    for line in lines:
        value = stated[line.stated] if line.stated is not None else evaluated(_formula(line), found.__getitem__)
        if clip and line.term is not None:
            value = Interval(_cut(value.low), _cut(value.high)) if isinstance(value, Interval) else _cut(value)
        found[line.term] = value
        result.append(value)
    return result


def _formula(line: Line) -> Any:
    return line.full


def _cut(number: Fraction) -> Fraction:
    """A number cut to 0 to 1."""
    return Fraction(0) if number < 0 else Fraction(1) if number > 1 else number


def bounds(lines: Sequence[Line], stated: Sequence[Stated], plus: int, minus: int | None) -> Interval | None:
    """The least and largest value of a difference of two lines over all values that round to those stated.

    A stated probability in which the difference is monotone is set to its end; others are kept as intervals, so that
    the bounds always hold, and are exact when all are monotone. What is only taken to be as among all may be anything.
    None when something divides by what may be zero.
    """
    lines, stated = _freed(lines, stated)
    # Floats are enough to find the direction; a slope this near to zero counts as unknown.
    ranges = [
        _Slope(Interval(float(one.low), float(one.high)), {at: Interval(1.0, 1.0)}) for at, one in enumerate(stated)
    ]
    try:
        slopes = _difference(values(lines, ranges), plus, minus).slopes
        ends = [
            _difference(
                values(lines, [_end(one, slopes.get(at), up=up) for at, one in enumerate(stated)], clip=True),
                plus,
                minus,
            )
            for up in (False, True)
        ]
    except ZeroDivisionError:
        return None
    return Interval(_interval(ends[0]).low, _interval(ends[1]).high)


def _freed(lines: Sequence[Line], stated: Sequence[Stated]) -> tuple[list[Line], list[Stated]]:
    """Lines of what no text states turned into stated probabilities that may be anything."""
    found, given = [], list(stated)
    for line in lines:
        if line.rule == LIKE_ALL and line.term is not None:
            found.append(Line(line.term, line.rule, stated=len(given)))
            given.append(Stated(line.term, Fraction(1, 2), Fraction(0), Fraction(1)))
        else:
            found.append(line)
    return found, given


NEAR = 1e-9


def _end(one: Stated, slope: Interval | None, *, up: bool) -> Interval | Fraction:
    """The end of a stated probability that makes the result largest (up) or least; the whole where that is unknown."""
    if slope is None or slope.low > NEAR:
        return one.high if up else one.low
    if slope.high < -NEAR:
        return one.low if up else one.high
    return Interval(one.low, one.high)


def _difference(found: Sequence[Any], plus: int, minus: int | None) -> Any:
    return found[plus] if minus is None else found[plus] - found[minus]
