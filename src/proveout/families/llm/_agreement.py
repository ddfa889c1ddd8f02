"""How often the model agrees with itself: no student can agree with it more often."""

from __future__ import annotations

from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TIMES", "self_agreement"]

TIMES = 3
CONFIDENCE = 0.95
DIGITS = 4


def self_agreement(outputs: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The chance that two answers to one input are alike.

    Args:
        outputs: of shape (rows, times): what was answered to each row, each time; None where nothing was.

    Returns:
        The value with its rows, and Wilson's interval (J. Am. Stat. Assoc. 22 (1927) 209-212) over rows: pairs of one
        row depend on each other, so they count as one.

    Example:
        >>> self_agreement([["a", "a", "a"], ["a", "a", "b"]])["value"]
        0.6667
    """
    alike = [canonical_json(left) == canonical_json(right) for row in outputs for left, right in combinations(row, 2)]
    value, rows = sum(alike) / len(alike), len(outputs)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (value + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * sqrt(value * (1 - value) / rows + z**2 / (4 * rows**2))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return {"value": round(value, DIGITS), "rows": rows, "low": round(low, DIGITS), "high": round(high, DIGITS)}
