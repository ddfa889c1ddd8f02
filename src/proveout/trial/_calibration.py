"""Does a confidence of 0.8 mean right four times in five: ECE, Brier score and the reliability diagram's bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.trial._intervals import wilson

if TYPE_CHECKING:
    from proveout.trial._scored import Floats, Ints

__all__ = ["Bin", "Calibration", "calibration"]

BINS = 15


class Bin(msgspec.Struct, frozen=True):
    """Rows of like confidence: their mean confidence, and the share right with its Wilson interval."""

    confidence: float
    accuracy: float
    low: float
    high: float
    n: int


class Calibration(msgspec.Struct, frozen=True):
    """Expected calibration error and Brier score (0 is best), both None without rows, and the bins."""

    ece: float | None
    brier: float | None
    bins: tuple[Bin, ...]


def calibration(confidence: Floats, right: Ints, bins: int = BINS) -> Calibration:
    """Compare confidences with outcomes, both of shape (n,), in bins of equal mass.

    Equal-mass bins have less bias than equal-width ones (Nixon et al., 2019, arXiv:1904.01685). Rows of equal
    confidence share a bin, so that the order of rows does not matter.

    Example:
        >>> import numpy as np
        >>> found = calibration(np.full(4, 0.75), np.array([True, True, True, False]))
        >>> found.ece, len(found.bins)
        (0.0, 1)
    """
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    n = len(confidence)
    if n == 0:
        return Calibration(None, None, ())
    # Tied rows get the mean of their ranks, and with it the same bin.
    position = (stats.rankdata(confidence) - 0.5) / n
    index = np.minimum((position * min(bins, n)).astype(np.int64), bins - 1)
    found = tuple(_bin(confidence[index == number], right[index == number]) for number in np.unique(index))
    ece = sum(part.n * abs(part.accuracy - part.confidence) for part in found) / n
    return Calibration(float(ece), float(np.mean((confidence - right) ** 2)), found)


def _bin(confidence: Floats, right: Ints) -> Bin:
    n = len(right)
    share, low, high = wilson(int(np.sum(right)), n) or (0.0, 0.0, 1.0)
    return Bin(float(np.mean(confidence)), share, low, high, n)
