"""Intervals for what a finite sample can say: proportions, means, ratios, paired differences, quantiles, macro-F1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from proveout.trial._scored import Floats, Ints

__all__ = [
    "CONFIDENCE",
    "Interval",
    "Paired",
    "Quantile",
    "cluster_interval",
    "is_binary",
    "macro_f1_interval",
    "mean_interval",
    "paired_means",
    "paired_test",
    "quantile_interval",
    "ratio_interval",
    "wilson",
]

CONFIDENCE = 0.95
CELLS_AT_ONCE = 2**22


class Interval(NamedTuple):
    """A value with a two-sided 95 % interval."""

    value: float
    low: float
    high: float


class Quantile(NamedTuple):
    """A quantile with a two-sided 95 % interval; an end the sample is too small to bound is None."""

    value: float
    low: float | None
    high: float | None


def wilson(right: int, n: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Share ``right / n`` with Wilson's score interval; None for no rows.

    Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.

    Example:
        >>> value, low, high = wilson(95, 100)
        >>> f"{value:.2f} ({low:.3f} to {high:.3f})"
        '0.95 (0.888 to 0.978)'
    """
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    if n == 0:
        return None
    low, high = stats.binomtest(right, n).proportion_ci(confidence, method="wilson")
    return Interval(right / n, max(0.0, float(low)), min(1.0, float(high)))


def cluster_interval(hits: Ints, clusters: Ints, confidence: float = CONFIDENCE) -> Interval | None:
    """Share of hits with an interval that knows that hits of one cluster depend on each other; None for no hits.

    Wilson's interval at the effective sample size: the number of independent hits that would make the share vary as
    much as it varies between clusters (Kish, Survey Sampling, 1965; Franco et al., J. Surv. Stat. Methodol. 7 (2019)
    334-364). Where no cluster differs from another nothing tells, and each cluster counts as one hit.

    Args:
        hits: booleans, shape (n,).
        clusters: codes or names, shape (n,).
        confidence: of the two-sided interval.

    Example:
        >>> import numpy as np
        >>> apart = cluster_interval(np.array([1, 1, 0, 1]), np.array([0, 1, 2, 3]))
        >>> apart == wilson(3, 4)
        True
        >>> together = cluster_interval(np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1]))
        >>> together == wilson(1, 2)
        True
    """
    if not len(hits):
        return None
    _, cluster = np.unique(clusters, return_inverse=True)
    sizes, right = np.bincount(cluster), np.bincount(cluster, weights=np.asarray(hits, dtype=np.float64))
    n, m, share = len(hits), len(sizes), float(np.mean(hits))
    between = float(np.sum((right - share * sizes) ** 2)) / n**2
    # Never more than the hits there are: one hit a cluster is Wilson's interval itself.
    effective = float(min(n, share * (1 - share) / between)) if between > 0 else float(m)
    low, high = _wilson(share, effective, confidence)
    return Interval(share, min(low, share), max(high, share))


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share of ``n`` hits, which need be no whole number."""
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    z = float(stats.norm.ppf((1 + confidence) / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


class Paired(NamedTuple):
    """Two answers per row compared: difference of the shares right, its 95 % interval, and the exact p-value."""

    difference: float
    low: float
    high: float
    p_value: float


def paired_test(ours: Ints, theirs: Ints, confidence: float = CONFIDENCE) -> Paired | None:
    """Compare two booleans a row, both of shape (n,); None for no rows.

    The p-value is McNemar's exact test (two-sided binomial on the rows where they differ; Psychometrika 12 (1947)
    153-157). The interval is Newcombe's method 10 (Statistics in Medicine 17 (1998) 2635-2650): Wilson intervals of
    both shares, squared and added, less their correlation.

    Example:
        >>> import numpy as np
        >>> ours, theirs = np.array([True] * 90 + [False] * 10), np.array([True] * 80 + [False] * 20)
        >>> result = paired_test(ours, theirs)
        >>> round(result.difference, 2), round(result.p_value, 4)
        (0.1, 0.002)
    """
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    n = len(ours)
    if n == 0:
        return None
    both = int(np.sum(ours & theirs))
    only_ours, only_theirs = int(np.sum(ours & ~theirs)), int(np.sum(~ours & theirs))
    differing = only_ours + only_theirs
    p_value = float(stats.binomtest(only_ours, differing).pvalue) if differing else 1.0
    table = (both, only_ours, only_theirs, n - both - differing)
    difference = (only_ours - only_theirs) / n
    below, above = _newcombe(table, confidence)
    return Paired(difference, max(-1.0, difference - below), min(1.0, difference + above), p_value)


def _newcombe(table: tuple[int, int, int, int], confidence: float) -> tuple[float, float]:
    both, only_ours, only_theirs, neither = table
    n = sum(table)
    ours, low1, high1 = _bounded(both + only_ours, n, confidence)
    theirs, low2, high2 = _bounded(both + only_theirs, n, confidence)
    phi = _correlation(both, only_ours, only_theirs, neither)
    below = _joined(ours - low1, high2 - theirs, phi)
    above = _joined(theirs - low2, high1 - ours, phi)
    return below, above


def _bounded(right: int, n: int, confidence: float) -> tuple[float, float, float]:
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    low, high = stats.binomtest(right, n).proportion_ci(confidence, method="wilson")
    return right / n, float(low), float(high)


def _joined(first: float, second: float, phi: float) -> float:
    return math.sqrt(max(0.0, first**2 - 2 * phi * first * second + second**2))


def _correlation(both: int, only_ours: int, only_theirs: int, neither: int) -> float:
    """Phi with Newcombe's continuity correction of positive association."""
    n = both + only_ours + only_theirs + neither
    margins = (both + only_ours) * (only_theirs + neither) * (both + only_theirs) * (only_ours + neither)
    if margins == 0:
        return 0.0
    product = both * neither - only_ours * only_theirs
    corrected = max(product - n / 2, 0.0) if product > 0 else float(product)
    return corrected / math.sqrt(margins)


def quantile_interval(values: Floats, quantile: float, confidence: float = CONFIDENCE) -> Quantile | None:
    """An empirical quantile with its distribution-free interval between order statistics; None for no values.

    The number of values below the true quantile is binomial(n, quantile), whatever the distribution (David and
    Nagaraja, Order Statistics, 2003, section 7.1). An end that would need a value beyond the sample is None.

    Args:
        values: shape (n,), any unit.
        quantile: in (0, 1).
        confidence: of the two-sided interval.

    Example:
        >>> import numpy as np
        >>> quantile_interval(np.arange(1.0, 101.0), 0.5)
        Quantile(value=50.5, low=40.0, high=61.0)
        >>> quantile_interval(np.arange(1.0, 11.0), 0.99).high is None
        True
    """
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    n = len(values)
    if n == 0:
        return None
    ordered = np.sort(values)
    tail = (1 - confidence) / 2
    # Value number k (from 1) lies below the quantile unless fewer than k values do.
    lower = int(stats.binom.ppf(tail, n, quantile))
    upper = int(stats.binom.ppf(1 - tail, n, quantile)) + 1
    low = float(ordered[lower - 1]) if lower >= 1 else None
    high = float(ordered[upper - 1]) if upper <= n else None
    # Interpolated between two values of a small sample, the quantile may fall outside; a wider interval covers no less.
    value = float(np.quantile(ordered, quantile))
    return Quantile(value, low if low is None else min(low, value), high if high is None else max(high, value))


def macro_f1_interval(truth: Ints, guess: Ints, *, seed: int, resamples: int = 1000) -> Interval | None:
    """Mean F1 over the labels that occur in ``truth``, with a bootstrap interval; None for no rows.

    The bootstrap resamples rows. F1 depends on the cells of the confusion matrix alone, and resampling rows draws
    those cells from a multinomial, so that one vectorised draw of the cells is exact and independent of n. The interval
    is the bias-corrected percentile one (Efron, Can. J. Stat. 9 (1981) 139-158): a resample loses rare labels, so
    that the plain percentile interval lies too low.

    Args:
        truth: label codes, shape (n,).
        guess: label codes, shape (n,); -1 where there is none.
        seed: of the resampling.
        resamples: number of resamples.

    Example:
        >>> import numpy as np
        >>> macro_f1_interval(np.array([0, 1, 1]), np.array([0, 1, 1]), seed=0)
        Interval(value=1.0, low=1.0, high=1.0)
    """
    n = len(truth)
    if n == 0:
        return None
    pairs, counts = np.unique(np.stack([truth, guess]), axis=1, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples)
    value = float(_macro_f1(pairs, counts[None, :])[0])
    spread = _macro_f1(pairs, draws)
    low, high = _bias_corrected(value, spread)
    return Interval(value, min(low, value), max(high, value))


def _macro_f1(pairs: Ints, counts: Ints) -> Floats:
    """Macro-F1 of each of B weightings of the cells ``pairs`` (2, m), weights of shape (B, m); shape (B,)."""
    labels, truth = np.unique(pairs[0], return_inverse=True)
    guess = np.searchsorted(labels, pairs[1])
    known = (guess < len(labels)) & (labels[np.minimum(guess, len(labels) - 1)] == pairs[1])
    occurs = counts @ _indicator(truth, np.ones(len(truth), bool), len(labels))
    guessed = counts @ _indicator(guess, known, len(labels))
    right = counts @ _indicator(truth, pairs[0] == pairs[1], len(labels))
    total = occurs + guessed
    f1 = np.divide(2.0 * right, total, out=np.full(total.shape, np.nan), where=total > 0)
    return np.asarray(np.nanmean(f1, axis=1))


def _indicator(column: Ints, keep: Ints, width: int) -> sparse.csr_array:
    rows = np.flatnonzero(keep)
    return sparse.csr_array((np.ones(len(rows)), (rows, column[rows])), shape=(len(column), width))


def _bias_corrected(value: float, spread: Floats) -> tuple[float, float]:
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    below = (np.sum(spread < value) + 0.5 * np.sum(spread == value)) / len(spread)
    shift = 2 * stats.norm.ppf(np.clip(below, 1e-3, 1 - 1e-3))
    edge = stats.norm.ppf((1 + CONFIDENCE) / 2)
    low, high = np.quantile(spread, stats.norm.cdf([shift - edge, shift + edge]))
    return float(low), float(high)


def ratio_interval(parts: Floats, wholes: Floats, *, seed: int, resamples: int = 1000) -> Interval | None:
    """Sum of ``parts`` over the sum of ``wholes``, a share in [0, 1], with a bootstrap interval; None for no whole.

    Rows are resampled, since what one row holds is dependent (Efron 1981, bias-corrected as for macro-F1). At 0 and at
    1 every resample says the same, so that Wilson's interval over rows stands in.

    Args:
        parts: shape (n,), not below 0 and not above ``wholes``.
        wholes: shape (n,); rows of 0 count in no resample.
        seed: of the resampling.
        resamples: number of resamples.

    Example:
        >>> import numpy as np
        >>> found = ratio_interval(np.array([1, 1, 2]), np.array([1, 2, 3]), seed=0)
        >>> round(found.value, 2), found.low < found.value < found.high
        (0.67, True)
    """
    counted = wholes > 0
    n = int(np.sum(counted))
    if n == 0:
        return None
    columns = np.stack([parts[counted], wholes[counted]], axis=1).astype(np.float64)
    value = float(columns[:, 0].sum() / columns[:, 1].sum())
    if value in {0.0, 1.0}:
        return wilson(round(value) * n, n)
    sums = _resampled_sums(columns, seed, resamples)
    low, high = _bias_corrected(value, sums[:, 0] / sums[:, 1])
    return Interval(value, max(0.0, min(low, value)), min(1.0, max(high, value)))


def mean_interval(values: Floats, *, seed: int, resamples: int = 1000) -> Interval | None:
    """Mean of values in [0, 1]: Wilson's interval where all are 0 or 1, a bootstrap otherwise; None for no rows.

    Example:
        >>> import numpy as np
        >>> mean_interval(np.array([0.0, 1.0]), seed=0) == wilson(1, 2)
        True
        >>> mean_interval(np.array([0.25, 0.75]), seed=0).value
        0.5
    """
    if is_binary(values):
        return wilson(int(np.sum(values)), len(values))
    return ratio_interval(values, np.ones(len(values)), seed=seed, resamples=resamples)


def paired_means(ours: Floats, theirs: Floats, *, seed: int, resamples: int = 10_000) -> Paired | None:
    """Compare two numbers a row, both in [0, 1] and of shape (n,); None for no rows.

    The p-value is that of the two-sided sign-flipping permutation test (Fisher 1935, section 21): under the null
    hypothesis each row's difference is as likely as its negative. The interval is a bias-corrected bootstrap of rows.

    Example:
        >>> import numpy as np
        >>> found = paired_means(np.full(20, 0.9), np.full(20, 0.4), seed=0)
        >>> round(found.difference, 2), found.p_value < 0.001
        (0.5, True)
    """
    n = len(ours)
    if n == 0:
        return None
    gaps = np.asarray(ours - theirs, dtype=np.float64)
    difference = float(np.mean(gaps))
    spread = _resampled_sums(gaps[:, None], seed, resamples // 10)[:, 0] / n
    low, high = _bias_corrected(difference, spread)
    p_value = _sign_flips(np.abs(gaps[gaps != 0]), abs(difference) * n, seed, resamples)
    return Paired(difference, min(low, difference), max(high, difference), p_value)


def is_binary(values: Floats) -> bool:
    """Whether all values are 0 or 1."""
    return bool(np.all((values == 0) | (values == 1)))


def _sign_flips(sizes: Floats, observed: float, seed: int, resamples: int) -> float:
    """Share of random sign patterns whose sum is as far from 0; equal sizes share one binomial draw, which is exact."""
    if not len(sizes):
        return 1.0
    cells, counts = np.unique(sizes, return_counts=True)
    rng = np.random.default_rng(seed)
    as_far = 0
    for count in _batches(resamples, len(cells)):
        ups = rng.binomial(counts, 0.5, size=(count, len(cells)))
        as_far += int(np.sum(np.abs((2 * ups - counts) @ cells) >= observed * (1 - 1e-9)))
    return (1 + as_far) / (1 + resamples)


def _resampled_sums(columns: Floats, seed: int, resamples: int) -> Floats:
    """Column sums of ``resamples`` samples of rows, shape (resamples, c), drawn as multinomial counts of equal rows."""
    n = len(columns)
    cells, counts = np.unique(columns, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    parts = [rng.multinomial(n, counts / n, size=count) @ cells for count in _batches(resamples, len(cells))]
    return np.asarray(np.concatenate(parts))


def _batches(resamples: int, cells: int) -> list[int]:
    """Sizes of the batches of resamples that fit in memory at once."""
    most = max(1, CELLS_AT_ONCE // max(1, cells))
    whole, rest = divmod(resamples, most)
    return [most] * whole + [rest] * bool(rest)
