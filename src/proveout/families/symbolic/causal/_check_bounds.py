"""Independent checker of causal proofs: the bounds that rounding leaves to the result."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["bounds"]

NEAR = Fraction(1, 10**9)
ONE = Fraction(1)
Interval = tuple[Fraction, Fraction]
# An interval with that of its derivative by each stated probability.
Dual = tuple[Interval, dict[int, Interval]]


def _times(a: Interval, b: Interval) -> Interval:
    corners = [x * y for x, y in product(a, b)]
    return min(corners), max(corners)


def _plus(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def bounds(given: Sequence[Any], formulas: Sequence[Any], ends: Sequence[int]) -> Interval | None:
    """The bounds of the result: probabilities in which it is monotone at their ends, others as whole intervals."""
    boxes = {}
    for at, one in enumerate(given):
        if "term" in one:
            point, half = Fraction(one["number"]) / 100, Fraction(1, 200 * 10 ** len(one["number"].partition(".")[2]))
            boxes[at] = (max(Fraction(0), point - half), min(Fraction(1), point + half))
    # A negative place is of what no text states, which may be anything.
    boxes |= {at: (Fraction(0), ONE) for at in formulas if isinstance(at, int) and at < 0}
    try:
        _, slopes = _run(boxes, formulas, ends, clip=False)
        ways = []
        for up in (False, True):
            corner = dict(boxes)
            for at, (low, high) in boxes.items():
                slope = slopes.get(at, (Fraction(1), Fraction(1)))
                if slope[0] > NEAR or slope[1] < -NEAR:
                    end = high if (slope[0] > 0) == up else low
                    corner[at] = (end, end)
            ways.append(_run(corner, formulas, ends, clip=True)[0])
    except ZeroDivisionError:
        return None
    return ways[0][0], ways[1][1]


def _run(
    boxes: Mapping[int, Interval], formulas: Sequence[Any], ends: Sequence[int], *, clip: bool
) -> tuple[Interval, dict[int, Interval]]:
    """The result over intervals, with the interval of its derivative by each stated probability."""
    values: list[Interval] = []
    slopes: list[dict[int, Interval]] = []
    for formula in formulas:
        value, slope = (
            (boxes[formula], {formula: (Fraction(1), Fraction(1))})
            if isinstance(formula, int)
            else _divided(formula, values, slopes)
        )
        if clip and not (isinstance(formula, list) and len(formula[1]) > 1):
            value = (min(max(value[0], Fraction(0)), Fraction(1)), min(max(value[1], Fraction(0)), Fraction(1)))
        values.append(value)
        slopes.append(slope)
    last = [[(1, [ends[0]]), *((-1, [at]) for at in ends[1:])], []]
    return _divided(last, values, slopes)


def _multiplied(a: Dual, b: Dual) -> Dual:
    slopes = {at: _times(slope, b[0]) for at, slope in a[1].items()}
    for at, slope in b[1].items():
        part = _times(slope, a[0])
        slopes[at] = _plus(slopes[at], part) if at in slopes else part
    return _times(a[0], b[0]), slopes


def _added(a: Dual, b: Dual, sign: int) -> Dual:
    slopes = dict(a[1])
    for at, slope in b[1].items():
        part = _times(slope, (ONE * sign, ONE * sign))
        slopes[at] = _plus(slopes[at], part) if at in slopes else part
    return _plus(a[0], _times(b[0], (ONE * sign, ONE * sign))), slopes


def _total(side: Sequence[Any], values: Sequence[Interval], slopes: Sequence[dict[int, Interval]]) -> Dual:
    total: Dual = ((0 * ONE, 0 * ONE), {})
    for sign, factors in side:
        part: Dual = ((ONE, ONE), {})
        for at in factors:
            part = _multiplied(part, (values[at], slopes[at]))
        total = _added(total, part, sign)
    return total


def _divided(formula: Sequence[Any], values: Sequence[Interval], slopes: Sequence[dict[int, Interval]]) -> Dual:
    over = _total(formula[0], values, slopes)
    if not formula[1]:
        return over
    (low, high), by = _total(formula[1], values, slopes)
    if low <= 0 <= high:
        raise ZeroDivisionError
    inverse = (1 / high, 1 / low)
    value = _times(over[0], inverse)
    back = _times(value, inverse)
    found = {at: _times(slope, inverse) for at, slope in over[1].items()}
    for at, slope in by.items():
        part = _times(slope, (-back[1], -back[0]))
        found[at] = _plus(found[at], part) if at in found else part
    return value, found
