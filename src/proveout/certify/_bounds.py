"""Exact tests of a share and of a net loss; each p-value is valid at any sample size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp
from scipy.stats import beta, binom

if TYPE_CHECKING:
    from collections.abc import Sequence

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Ints = np.ndarray[Any, np.dtype[np.int64]]

__all__ = [
    "betting_p",
    "binomial_p",
    "binomial_upper",
    "coverage_margin",
    "fewest_rows",
    "kelly_bet",
    "largest_bet",
    "most_losses",
    "spread_bets",
]

# Half of the stake is on the bet tuned on the SelectSplit, the rest in equal parts on these shares of the largest bet.
SPREAD = tuple(2.0**-power for power in range(8))
TUNED = 0.5
# Below 1, so that a bet never stakes everything on no loss at all.
CAUTION = 0.999
STEPS = 400


def binomial_p(losses: Ints | int, rows: Ints | int, alpha: float) -> Any:
    """P(Bin(rows, alpha) ≤ losses): the exact p-value of "the share of losses is over alpha" (Clopper & Pearson 1934).

    Example:
        >>> round(float(binomial_p(0, 299, 0.01)), 4), round(float(binomial_p(0, 298, 0.01)), 4)
        (0.0495, 0.05)
    """
    return binom.cdf(losses, rows, alpha)


def binomial_upper(losses: Ints | int, rows: Ints | int, delta: float) -> Any:
    """The Clopper-Pearson bound: the share of losses is at most this with probability ≥ 1 - delta.

    Example:
        >>> round(float(binomial_upper(0, 299, 0.05)), 4)
        0.01
    """
    losses, rows = np.asarray(losses), np.asarray(rows)
    inside = losses < rows
    bound = beta.ppf(1 - delta, losses + 1, np.where(inside, rows - losses, 1))
    return np.where(inside, bound, 1.0)


def most_losses(rows: Ints | int, alpha: float, delta: float) -> Any:
    """The most losses at which `binomial_p` is still ≤ delta; -1 where not even none would do.

    Example:
        >>> int(most_losses(1000, 0.01, 0.05)), int(most_losses(100, 0.01, 0.05))
        (4, -1)
    """
    found = binom.ppf(delta, rows, alpha).astype(int) if isinstance(rows, np.ndarray) else binom.ppf(delta, rows, alpha)
    return np.where(binom.cdf(found, rows, alpha) <= delta, found, found - 1)


def fewest_rows(alpha: float, delta: float, claim: str = "agreement") -> int:
    """Rows below which no certificate is possible, whatever they say.

    Agreement: (1 - alpha)^rows must be ≤ delta. Otherwise rows may gain, and the largest bet must win 1/delta on gains.

    Example:
        >>> fewest_rows(0.01, 0.05), fewest_rows(0.01, 0.05, "non-inferiority")
        (299, 5)
    """
    growth = -math.log1p(-alpha) if claim == "agreement" else math.log1p(largest_bet(alpha) * (alpha + 1))
    return math.ceil(-math.log(delta) / growth)


def largest_bet(alpha: float) -> float:
    """The bet at which a loss of 1 would take all but a thousandth of the capital.

    Example:
        >>> round(1 + largest_bet(0.01) * (0.01 - 1), 9)
        0.001
    """
    return CAUTION / (1 - alpha)


def spread_bets(alpha: float) -> Floats:
    """The fixed bets that a tuned one is mixed with."""
    return largest_bet(alpha) * np.array(SPREAD)


def kelly_bet(worse: float, better: float, rows: float, alpha: float) -> float:
    """The bet under which capital grows fastest, on rows of which ``worse`` lost 1 and ``better`` gained 1.

    Half a loss is added to what was seen, so that no loss among few rows does not bet on none ever. (Kelly 1956.)

    Example:
        >>> kelly_bet(0, 20, 500, 0.01) > kelly_bet(10, 20, 500, 0.01)
        True
    """
    bets = np.linspace(largest_bet(alpha) / STEPS, largest_bet(alpha), STEPS)
    growth = (
        (worse + 0.5) * np.log1p(bets * (alpha - 1))
        + better * np.log1p(bets * (alpha + 1))
        + max(rows - worse - better, 0) * np.log1p(bets * alpha)
    )
    return float(bets[int(np.argmax(growth))])


def betting_p(worse: Ints | int, better: Ints | int, rows: int, alpha: float, tuned: Sequence[float] | Floats) -> Any:
    """The p-value of "the mean loss is over alpha", for losses of 1, 0 and -1, by betting.

    A gambler who puts the share ``bet`` of a capital of 1 on each row against the loss, at odds that are fair when the
    mean loss is alpha, ends with the product of 1 + bet · (alpha - loss). Where the mean is alpha or more, the capital
    expected is at most 1, so that P(capital ≥ 1/p) ≤ p (Ville 1939; Waudby-Smith & Ramdas, J. R. Stat. Soc. B 86, 2024,
    section 4). The bets are fixed before the rows are seen, which leaves the test valid when it is stopped early, and
    when a loss that is not known is put higher than it is.

    Args:
        worse: rows that lost 1, one count for each threshold.
        better: rows that gained 1.
        rows: all rows.
        alpha: the mean loss allowed.
        tuned: the bet of each threshold that was tuned beforehand.

    Example:
        >>> float(betting_p(0, 0, 1000, 0.01, [1.0])) < 0.001, float(betting_p(50, 0, 1000, 0.01, [0.5]))
        (True, 1.0)
    """
    worse, better, own = np.broadcast_arrays(np.asarray(worse), np.asarray(better), np.asarray(tuned, dtype=float))
    fixed = spread_bets(alpha)
    bets = np.concatenate([own[..., None], np.broadcast_to(fixed, (*own.shape, len(fixed)))], axis=-1)
    weights = np.array([TUNED, *(1 - TUNED) / len(fixed) * np.ones(len(fixed))])
    capital = (
        worse[..., None] * np.log1p(bets * (alpha - 1))
        + better[..., None] * np.log1p(bets * (alpha + 1))
        + (rows - worse - better)[..., None] * np.log1p(bets * alpha)
    )
    found = np.exp(-np.maximum(logsumexp(capital, axis=-1, b=weights), 0.0))
    return found[0] if found.shape == (1,) else found


def coverage_margin(units: int, delta: float = 0.05) -> float:
    """How far a measured share served may be off at every threshold at once, with probability ≥ 1 - delta.

    The threshold is chosen on the same rows, which a plain interval does not allow for; this one does (Massart 1990).
    Rows of one unit depend on each other, so that units count and not rows.

    Example:
        >>> round(coverage_margin(1000), 4)
        0.0429
    """
    return math.sqrt(math.log(2 / delta) / (2 * units)) if units else 1.0
