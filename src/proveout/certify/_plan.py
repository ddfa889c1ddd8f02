"""Choosing on the SelectSplit: the grid of thresholds, the bets, and what to expect; frozen before any test."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from proveout.certify._bounds import kelly_bet
from proveout.certify._decide import Counts, count, p_values
from proveout.certify._rows import table_of
from proveout.errors import CertificateForeign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.certify._rows import Row
    from proveout.families import CandidateCard

__all__ = ["Claim", "Expected", "Grid", "Incumbency", "Plan", "check_candidate", "choose_grid", "expect"]

Claim = Literal["agreement", "non-inferiority"]
MOST_THRESHOLDS = 100


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """What is tested, in which order, and how strictly; nothing in it may depend on the rows it is tested on.

    Attributes:
        claim: ``agreement`` or ``non-inferiority``.
        alpha: the loss allowed.
        delta: the probability that what is certified is not so.
        thresholds: from the strictest on.
        bets: the tuned bet of each threshold; none under the claim of agreement.
        segments: each gets its own threshold, all at once; none certifies all traffic with one.

    Example:
        >>> Grid(claim="agreement", alpha=0.01, delta=0.05, thresholds=(0.9, 0.8)).segments
        ()
    """

    claim: Claim
    alpha: float
    delta: float
    thresholds: tuple[float, ...]
    bets: tuple[float, ...] = ()
    segments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (0 < self.alpha < 1 and 0 < self.delta < 1):
            raise ValueError(f"alpha and delta are between 0 and 1, and not {self.alpha} and {self.delta}")
        if any(later >= earlier for earlier, later in zip(self.thresholds, self.thresholds[1:], strict=False)):
            raise ValueError("thresholds go down: each serves more than the one before")
        if self.claim != "agreement" and len(self.bets) != len(self.thresholds):
            raise ValueError("each threshold has its bet")


class Incumbency(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands for the incumbent.

    Attributes:
        source: ``recorded``, ``column NAME``, a candidate's id, or ``expected labels``.
        simulated: whether its answers come from a simulation.
    """

    source: str
    simulated: bool = False


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the SelectSplit lets one expect of the CertifySplit.

    Attributes:
        threshold: the last that should be certified; None where none should.
        coverage: the share served at it.
        worse: units that lose at it, of those of the SelectSplit.
        better: units that gain.
        units: of the SelectSplit.
        disagreement: share of rows that are served at it and disagree.
    """

    threshold: float | None
    coverage: float
    worse: int
    better: int
    units: int
    disagreement: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided before the CertifySplit is opened; its hash is in the ledger by then.

    Attributes:
        task: fingerprint.
        task_name: for people.
        snapshot: id.
        candidate: id.
        incumbent: who stands for it.
        grid: what is tested.
        expected: what to expect.
        unit: ``row``, ``session`` or ``distinct input``: what counts once.
        select_rows: rows it was chosen on.
    """

    task: str
    task_name: str
    snapshot: str
    candidate: str
    incumbent: Incumbency
    grid: Grid
    expected: Expected
    unit: str
    select_rows: int

    @property
    def hash(self) -> str:
        """SHA-256 of its JSON with sorted keys and no spaces."""
        content = json.dumps(msgspec.to_builtins(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


def check_candidate(identifier: str, card: CandidateCard, *, task: str, snapshot: str) -> None:
    """Refuse a candidate that was built for another task, or on another snapshot, whose CertifySplit it may have seen.

    Raises:
        CertificateForeign: it was.
    """
    for what, found, wanted in (("task", card.task, task), ("snapshot", card.snapshot, snapshot)):
        if found != wanted:
            why = f"it was built for {what} {found[:12]}, and this is {what} {wanted[:12]}"
            fix = "build it on this snapshot"
            raise CertificateForeign("the candidate does not belong here", why=why, fix=fix, about=identifier)


def choose_grid(rows: Sequence[Row], *, claim: Claim, alpha: float, delta: float, segments: Sequence[str] = ()) -> Grid:
    """Thresholds at equal steps of the share served, from the surest rows on, and a bet for each; from select rows.

    Example:
        >>> from proveout.certify import Row
        >>> rows = [Row(input="i", unit=str(n), segment="", score=n / 4, student="x", incumbent="x") for n in range(4)]
        >>> choose_grid(rows, claim="agreement", alpha=0.1, delta=0.1).thresholds
        (0.75, 0.5, 0.25, 0.0)
    """
    scores = np.sort([row.score for row in rows if row.score is not None])[::-1]
    steps = np.unique(np.ceil(np.linspace(0, len(scores), MOST_THRESHOLDS + 1))[1:].astype(int)) - 1
    found = tuple(sorted({float(score) for score in scores[steps]}, reverse=True)) if len(scores) else ()
    bets: tuple[float, ...] = ()
    if claim != "agreement" and found:
        counts = _likely(rows, claim, found)
        bets = tuple(
            kelly_bet(float(worse), float(better), counts.units, alpha)
            for worse, better in zip(counts.worse, counts.better, strict=True)
        )
    return Grid(
        claim=claim, alpha=alpha, delta=delta, thresholds=found, bets=bets, segments=tuple(sorted(set(segments)))
    )


def _likely(rows: Sequence[Row], claim: Claim, thresholds: Sequence[float]) -> Counts:
    """What the select rows say, where half of the labels that are missing say that the candidate loses.

    Only where to aim depends on it. To count them all as lost, as the test does, would aim at no label at all.
    """
    table = table_of(rows, claim)
    known = msgspec.structs.replace(table, loss=np.where(table.missing, 0, table.loss))
    counts = count(known, thresholds)
    return counts._replace(worse=counts.worse + (counts.missing + 1) // 2)


def expect(rows: Sequence[Row], grid: Grid, units: int) -> Expected:
    """Which threshold ``units`` new ones would certify, were they as the select rows are; half a loss is added."""
    if not grid.thresholds:
        return Expected(threshold=None, coverage=0.0, worse=0, better=0, units=len(rows), disagreement=0.0)
    counts = _likely(rows, grid.claim, grid.thresholds)
    scale = units / max(counts.units, 1)
    foreseen = counts._replace(
        worse=np.ceil((counts.worse + 0.5) * scale - 0.5).astype(np.int64),
        better=np.floor(counts.better * scale).astype(np.int64),
        units=units,
    )
    passed = 0
    for p in p_values(foreseen, grid.claim, grid.alpha, grid.bets):
        if p > grid.delta:
            break
        passed += 1
    at = max(passed - 1, 0)
    differ = sum(row.score is not None and row.score >= grid.thresholds[at] and row.disagrees for row in rows)
    return Expected(
        threshold=grid.thresholds[at] if passed else None,
        coverage=float(counts.served[at]) / max(len(rows), 1) if passed else 0.0,
        worse=int(counts.worse[at]),
        better=int(counts.better[at]),
        units=counts.units,
        disagreement=differ / max(len(rows), 1),
    )
