"""The one form of a measured figure, and the ways to make one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.trial._intervals import mean_interval, ratio_interval, wilson

if TYPE_CHECKING:
    from proveout.trial._scored import Floats, Ints

__all__ = ["Estimate", "mean", "ratio", "share"]


class Estimate(msgspec.Struct, frozen=True):
    """A measured share with its 95 % interval and the number of rows it was measured on."""

    value: float
    low: float
    high: float
    n: int


def share(hits: Ints) -> Estimate | None:
    """Share of rows that hit, with Wilson's interval; None for no rows.

    Example:
        >>> import numpy as np
        >>> share(np.array([True, False])).value
        0.5
    """
    found = wilson(int(np.sum(hits)), len(hits))
    return None if found is None else Estimate(*found, len(hits))


def mean(values: Floats, seed: int) -> Estimate | None:
    """Mean of one number a row, each in [0, 1]; None for no rows."""
    found = mean_interval(values, seed=seed)
    return None if found is None else Estimate(*found, len(values))


def ratio(parts: Floats, wholes: Floats, seed: int) -> Estimate | None:
    """Sum of parts over sum of wholes; ``n`` counts the rows that have a whole; None without any."""
    found = ratio_interval(parts, wholes, seed=seed)
    return None if found is None else Estimate(*found, int(np.sum(wholes > 0)))
