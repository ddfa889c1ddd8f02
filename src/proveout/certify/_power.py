"""How many rows a certificate would take, and whether traffic can ever bring them."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy.stats import binom

from proveout.certify._bounds import SPREAD, TUNED, fewest_rows, kelly_bet, most_losses

if TYPE_CHECKING:
    from proveout.certify._plan import Expected, Grid

__all__ = ["Needed", "Traffic", "enough_traffic", "needed"]

POWER = 0.8
MOST = 10_000_000


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate would take.

    Attributes:
        rows: that the CertifySplit should hold, for four chances in five; None where no number would do, because the
            loss seen is not under alpha.
        more: how many more than it holds.
        labels: of them, how many a person would label, at most.
        least: rows below which no certificate is possible.
        why: one sentence.
    """

    rows: int | None
    more: int | None
    labels: int
    least: int
    why: str


def needed(grid: Grid, expected: Expected, have: int) -> Needed:
    """Rows for four chances in five at the threshold expected to be certified, or at the strictest, from select rows.

    Example:
        >>> from proveout.certify import Expected, Grid
        >>> grid = Grid(claim="agreement", alpha=0.01, delta=0.05, thresholds=(0.9,))
        >>> none = Expected(threshold=None, coverage=0.0, worse=0, better=0, units=1000, disagreement=0.0)
        >>> needed(grid, none, have=100).rows
        299
    """
    delta = grid.delta / max(len(grid.segments), 1)
    least = fewest_rows(grid.alpha, delta, grid.claim)
    rate = (expected.worse + 0.5) / (expected.units + 1) if expected.worse else expected.worse / max(expected.units, 1)
    gain = expected.better / max(expected.units, 1)
    net = rate - gain if grid.claim != "agreement" else rate
    if not grid.thresholds or net >= grid.alpha:
        why = (
            f"on the SelectSplit the loss is about {net:.2%} at the surest threshold, and {grid.alpha:.2%} is allowed: "
            "more rows would not change that, a better candidate would"
        )
        return Needed(rows=None, more=None, labels=0, least=least, why=why)
    if grid.claim == "agreement":
        rows = _rows_for_agreement(rate, grid.alpha, delta)
    else:
        rows = _rows_for_net(rate, gain, grid.alpha, delta)
    rows = None if rows is None else max(rows, least)
    labels = 0 if grid.claim == "agreement" or rows is None else math.ceil(rows * expected.disagreement)
    about = f"about {rows or MOST:,} do in 4 of 5 draws"
    why = f"{have:,} rows are here, fewer than {least:,} can certify nothing, and {about}"
    return Needed(rows=rows, more=None if rows is None else max(rows - have, 0), labels=labels, least=least, why=why)


def _rows_for_agreement(rate: float, alpha: float, delta: float) -> int | None:
    """The smallest size whose power is enough, found by doubling and halving; sizes just above it may dip below."""

    def enough(rows: int) -> bool:
        most = int(most_losses(rows, alpha, delta))
        return most >= 0 and float(binom.cdf(most, rows, rate)) >= POWER

    high = fewest_rows(alpha, delta)
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _rows_for_net(rate: float, gain: float, alpha: float, delta: float) -> int | None:
    """Where the capital's expected growth, less its spread, reaches what wins (normal approximation)."""
    bet = kelly_bet(rate * MOST, gain * MOST, MOST, alpha)
    losses, chances = np.array([1.0, -1.0, 0.0]), np.array([rate, gain, 1 - rate - gain])
    logs = np.log1p(bet * (alpha - losses))
    growth = float(logs @ chances)
    if growth <= 0:
        return None
    spread = math.sqrt(max(float((logs**2) @ chances) - growth**2, 0.0))
    goal = math.log(1 / (delta * (TUNED + (1 - TUNED) / len(SPREAD))))
    margin = NormalDist().inv_cdf(POWER) * spread
    root = (margin + math.sqrt(margin**2 + 4 * growth * goal)) / (2 * growth)
    return min(math.ceil(root**2), MOST)


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Whether traffic can bring the rows in time.

    Attributes:
        enough: it can.
        rows: it brings in the days given.
        needed: rows that a certificate takes, at the least.
        days: until it brought them.
        advice: what to do, in plain words.
    """

    enough: bool
    rows: int
    needed: int
    days: float
    advice: str


def enough_traffic(per_day: float, days: float, *, alpha: float, delta: float, rows: int | None = None) -> Traffic:
    """Whether ``per_day`` requests can certify anything within ``days``; asked before an experiment starts.

    Args:
        per_day: requests a day.
        days: that one is ready to wait.
        alpha: the loss allowed.
        delta: the probability that the certificate is wrong.
        rows: that are needed, from `needed`; None takes the least that any certificate takes.

    Example:
        >>> found = enough_traffic(2, 30, alpha=0.01, delta=0.05)
        >>> found.enough, found.rows, found.days
        (False, 60, 149.5)
    """
    if not (per_day >= 0 and days >= 0):
        raise ValueError(f"requests a day and days are not negative, as {per_day} and {days} are")
    wanted = max(rows or 0, fewest_rows(alpha, delta))
    takes = wanted / per_day if per_day else math.inf
    brings = int(per_day * days)
    if brings >= wanted:
        return Traffic(
            enough=True, rows=brings, needed=wanted, days=takes, advice=f"{takes:,.1f} days of traffic are enough"
        )
    allowed = 1 - delta ** (1 / brings) if brings else 1.0
    advice = (
        f"traffic is too small to answer this: {brings:,} requests in {days:g} days, and {wanted:,} are needed. "
        "Start no experiment on it. Run the candidate in shadow, where every request counts for both sides, and replay "
        f"recorded traffic of the past; or allow a loss of {allowed:.1%} instead of {alpha:.1%}"
    )
    return Traffic(enough=False, rows=brings, needed=wanted, days=takes, advice=advice)
