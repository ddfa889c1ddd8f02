"""Draws summed up: P10, P50 and P90, and the probability of an event."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.economics._rounding import usd

if TYPE_CHECKING:
    from proveout.economics._distributions import Floats

__all__ = ["Spread", "spread"]

SHARES = (0.1, 0.5, 0.9)


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The values that 10 %, 50 % and 90 % of the draws stay below; None where that is no finite number."""

    p10: float | None
    p50: float | None
    p90: float | None


def spread(draws: Floats) -> Spread:
    """The order statistics of the draws at 10, 50 and 90 %, so that draws of "never" (infinity) are allowed.

    Example:
        >>> spread(np.arange(1.0, 101.0))
        Spread(p10=10.0, p50=50.0, p90=90.0)
    """
    low, middle, high = (_finite(value) for value in np.quantile(draws, SHARES, method="inverted_cdf"))
    return Spread(p10=low, p50=middle, p90=high)


def _finite(value: float) -> float | None:
    return usd(float(value)) if math.isfinite(value) else None
