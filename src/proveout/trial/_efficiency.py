"""Sample efficiency: how many labelled examples buy how much accuracy."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.trial._comparison import Curve

__all__ = ["Multiplier", "Reach", "SampleEfficiency", "examples_to", "sample_efficiency"]


class Reach(msgspec.Struct, frozen=True):
    """Labelled examples, of all labels together, with which a family reaches a target; None when it does not."""

    family: str
    target: float
    examples: float | None


class Multiplier(msgspec.Struct, frozen=True):
    """``than`` needs ``factor`` times the examples of ``family`` to reach ``accuracy``."""

    family: str
    than: str
    accuracy: float
    factor: float


class SampleEfficiency(msgspec.Struct, frozen=True):
    """What the learning curves say of labels.

    Attributes:
        reaches: labels to reach the incumbent's accuracy, one for each curve; empty without an incumbent.
        multipliers: one for each pair of families whose curves share an accuracy, at the highest they share.
    """

    reaches: tuple[Reach, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()


def examples_to(curve: Curve, accuracy: float) -> float | None:
    """Examples at which a curve first reaches an accuracy, in a straight line between points over log2 of examples.

    Example:
        >>> from proveout.trial import Curve, CurvePoint
        >>> rest = {"low": None, "high": None, "seeds": (), "ledger": ()}
        >>> points = [CurvePoint(per_class=n, examples=10.0 * n, accuracy=n / 10, **rest) for n in (1, 2, 4)]
        >>> curve = Curve("distilled", tuple(points), None)
        >>> examples_to(curve, 0.1), round(examples_to(curve, 0.3), 1), examples_to(curve, 0.5)
        (10.0, 28.3, None)
    """
    if not curve.points or curve.points[0].accuracy >= accuracy:
        return curve.points[0].examples if curve.points else None
    for before, after in zip(curve.points, curve.points[1:], strict=False):
        if after.accuracy >= accuracy:
            passed = (accuracy - before.accuracy) / (after.accuracy - before.accuracy)
            return float(before.examples * (after.examples / before.examples) ** passed)
    return None


def sample_efficiency(curves: Sequence[Curve], incumbent: float | None) -> SampleEfficiency | None:
    """Labels to the incumbent's accuracy and data multipliers between families; None without curves.

    Args:
        curves: one for each family.
        incumbent: in-scope accuracy of the incumbent on the same rows.
    """
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return None
    target = incumbent
    reaches = () if target is None else tuple(Reach(one.family, target, examples_to(one, target)) for one in drawn)
    pairs = (_multiplier(one, other) for one, other in permutations(drawn, 2))
    return SampleEfficiency(reaches, tuple(found for found in pairs if found is not None))


def _multiplier(one: Curve, other: Curve) -> Multiplier | None:
    """How much more ``other`` needs; None when it needs no more, or where no accuracy is on both curves."""
    tops = [max(point.accuracy for point in curve.points) for curve in (one, other)]
    floor = max(curve.points[0].accuracy for curve in (one, other))
    accuracy = min(tops)
    if accuracy < floor:
        return None
    fewer, more = examples_to(one, accuracy), examples_to(other, accuracy)
    if fewer is None or more is None or more <= fewer or np.isclose(more, fewer):
        return None
    return Multiplier(one.family, other.family, accuracy, more / fewer)
