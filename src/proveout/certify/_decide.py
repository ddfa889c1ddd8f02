"""What rows say of each threshold, and which thresholds are certified: pure functions of the plan and the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from scipy.special import logsumexp

from proveout.certify._bounds import (
    TUNED,
    betting_p,
    binomial_p,
    binomial_upper,
    coverage_margin,
    spread_bets,
)
from proveout.certify._rows import Table, table_of
from proveout.certify._sequence import reject_in_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.certify._plan import Grid
    from proveout.certify._rows import Row

    Ints = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["ALL_TRAFFIC", "Counts", "Part", "Step", "count", "decide", "p_values"]

ALL_TRAFFIC = ""
HALVINGS = 60


class Counts(NamedTuple):
    """Per threshold: rows served, units that lost 1, units that gained 1, served rows without a label; and units."""

    served: Ints
    worse: Ints
    better: Ints
    missing: Ints
    units: int


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One threshold of the grid and what the rows say of it.

    Attributes:
        threshold: the candidate serves where it is at least this sure.
        served: rows it would serve.
        worse: units that would lose.
        better: units that would gain; 0 under the claim of agreement.
        missing: served rows that lack a label and count as a loss.
        p: of "the loss is over alpha".
    """

    threshold: float
    served: int
    worse: int
    better: int
    missing: int
    p: float


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one segment, or for all traffic.

    Attributes:
        segment: its name; "" is all traffic.
        rows: of evidence.
        units: independent ones.
        level: the error the last test of its sequence was allowed.
        passed: thresholds certified, from the first of the grid on.
        threshold: the certified one; None means "not certified here, goes to the incumbent".
        served: rows served at it.
        coverage: share of rows served at it.
        coverage_low: the share of traffic is at least this with probability 95 %, whichever threshold was chosen.
        coverage_high: at most this.
        worse: units that lose at it.
        better: units that gain at it.
        missing: served rows without a label at it.
        bound: the loss at it is at most this with probability ≥ 1 - level.
        path: every threshold.
    """

    segment: str
    rows: int
    units: int
    level: float
    passed: int
    threshold: float | None
    served: int
    coverage: float
    coverage_low: float
    coverage_high: float
    worse: int
    better: int
    missing: int
    bound: float | None
    path: tuple[Step, ...]


def count(table: Table, thresholds: Sequence[float]) -> Counts:
    """What would happen at each threshold; a unit of several rows loses what its worst row does."""
    taus = np.asarray(thresholds, dtype=float)
    units = len(np.unique(table.unit))
    order = np.argsort(-table.score, kind="stable")
    served = np.searchsorted(-table.score[order], -taus, side="right")
    missing = _running(table.missing[order])[served]
    if units == len(table.unit):
        loss = table.loss[order]
        return Counts(served, _running(loss > 0)[served], _running(loss < 0)[served], missing, units)
    by_unit = np.argsort(table.unit, kind="stable")
    starts = np.flatnonzero(np.diff(table.unit[by_unit], prepend=-1))
    score, loss = table.score[by_unit], table.loss[by_unit]
    worst = np.stack([np.maximum.reduceat(np.where(score >= tau, loss, 0), starts) for tau in taus])
    return Counts(served, (worst > 0).sum(axis=1), (worst < 0).sum(axis=1), missing, units)


def _running(values: np.ndarray[Any, Any]) -> Ints:
    return np.concatenate([[0], np.cumsum(values)]).astype(np.int64)


def p_values(counts: Counts, claim: str, alpha: float, bets: Sequence[float]) -> np.ndarray[Any, Any]:
    """The p-value of "the loss is over alpha" at each threshold."""
    if claim == "agreement":
        return np.asarray(binomial_p(counts.worse, counts.units, alpha))
    return np.atleast_1d(betting_p(counts.worse, counts.better, counts.units, alpha, bets))


def decide(rows: Sequence[Row], grid: Grid) -> tuple[Part, ...]:
    """Test the grid on rows it was not chosen on.

    Each threshold's hypothesis is that the loss is over alpha; a segment is a sequence of its own, and all sequences
    together are wrong with probability at most delta (`reject_in_sequence`).

    Example:
        >>> from proveout.certify import Grid, Row
        >>> row = Row(input="i", unit="u", segment="", score=0.9, student="x", incumbent="x")
        >>> rows = [msgspec.structs.replace(row, unit=str(at)) for at in range(300)]
        >>> (part,) = decide(rows, Grid(claim="agreement", alpha=0.01, delta=0.05, thresholds=(0.9,)))
        >>> part.threshold, part.coverage, round(part.bound, 4)
        (0.9, 1.0, 0.0099)
    """
    table = table_of(rows, grid.claim)
    parts = [table.part(table.segment == name) for name in grid.segments] if grid.segments else [table]
    counts = [count(part, grid.thresholds) for part in parts]
    tested = [p_values(one, grid.claim, grid.alpha, grid.bets) for one in counts]
    found = reject_in_sequence([[float(p) for p in values] for values in tested], grid.delta)
    names = grid.segments or (ALL_TRAFFIC,)
    return tuple(
        _part(name, grid, (len(part.score), counted), [float(p) for p in values], outcome)
        for name, part, counted, values, outcome in zip(names, parts, counts, tested, found, strict=True)
    )


def _part(
    name: str, grid: Grid, counted: tuple[int, Counts], values: Sequence[float], outcome: tuple[int, float]
) -> Part:
    (rows, counts), (passed, level) = counted, outcome
    columns = zip(grid.thresholds, counts.served, counts.worse, counts.better, counts.missing, values, strict=True)
    path = tuple(
        Step(tau, int(served), int(worse), int(better), int(missing), p)
        for tau, served, worse, better, missing, p in columns
    )
    at = path[passed - 1] if passed else None
    share, margin = (at.served / rows if at else 0.0), coverage_margin(counts.units)
    return Part(
        segment=name,
        rows=rows,
        units=counts.units,
        level=level,
        passed=passed,
        threshold=at.threshold if at else None,
        served=at.served if at else 0,
        coverage=share,
        coverage_low=max(0.0, share - margin) if at else 0.0,
        coverage_high=min(1.0, share + margin) if at else 0.0,
        worse=at.worse if at else 0,
        better=at.better if at else 0,
        missing=at.missing if at else 0,
        bound=_bound(grid, at, counts.units, level, passed) if at else None,
        path=path,
    )


def _bound(grid: Grid, at: Step, units: int, level: float, passed: int) -> float:
    if grid.claim == "agreement":
        return float(binomial_upper(at.worse, units, level))
    return net_bound(at, units, grid.alpha, level, grid.bets[passed - 1])


def net_bound(at: Step, units: int, alpha: float, level: float, tuned: float) -> float:
    """The mean loss up to which the same bets do not win: an upper confidence bound, by inverting the test."""
    bets = np.array([tuned, *spread_bets(alpha)])
    weights = np.array([TUNED, *(1 - TUNED) / (len(bets) - 1) * np.ones(len(bets) - 1)])
    counts = np.array([at.worse, at.better, units - at.worse - at.better])[:, None]
    low, high = -1.0, 1.0
    for _ in range(HALVINGS):
        mean = (low + high) / 2
        ruined = 1 + bets * (mean - 1) <= 0  # such a bet is not allowed at this mean, so its stake is given up
        odds = np.maximum(1 + bets * (mean - np.array([[1], [-1], [0]])), 1e-300)
        logs = np.where(ruined, -np.inf, (counts * np.log(odds)).sum(axis=0))
        low, high = (low, mean) if logsumexp(logs, b=weights) >= -np.log(level) else (mean, high)
    return high
