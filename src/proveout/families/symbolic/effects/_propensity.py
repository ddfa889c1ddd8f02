"""The probability of treatment, and whether the arms overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from proveout.families.symbolic.effects._design import Design

    Array = np.ndarray[Any, Any]

__all__ = ["Overlap", "overlap", "propensity", "weights"]

# Of a row's weight: keeps the fit finite where a cause separates the arms.
RIDGE = 1e-3
STEPS, TINY = 100, 1e-10
EDGE, OUTSIDE, EFFECTIVE, IMBALANCE = 0.05, 0.10, 0.10, 0.10


class Overlap(msgspec.Struct, frozen=True):
    """How far treated and untreated rows are comparable.

    Attributes:
        low: smallest probability of treatment.
        high: largest.
        outside: share of rows below 0.05 or above 0.95.
        effective: rows that the weights are worth, treated and untreated (Kish 1965).
        imbalance: largest standardised difference of a cause between the arms, as they are.
        imbalance_weighted: the same after weighting.
    """

    low: float
    high: float
    outside: float
    effective: tuple[float, float]
    imbalance: float
    imbalance_weighted: float

    def warnings(self, arms: tuple[int, int], target: str) -> list[str]:
        """What to be careful about; ``arms`` are the rows treated and untreated."""
        found = []
        if self.outside > OUTSIDE and target == "ate":
            found.append(f"poor overlap: {self.outside:.0%} of rows have a propensity below {EDGE} or above {1 - EDGE}")
        for arm, effective, size in zip(("treated", "untreated"), self.effective, arms, strict=True):
            if effective < EFFECTIVE * size:
                found.append(f"poor overlap: weighted, {size} {arm} rows are worth {effective:.0f}")
        if self.imbalance_weighted > IMBALANCE:
            found.append(f"weighting leaves a standardised difference of {self.imbalance_weighted:.2f}")
        return found


def propensity(design: Design) -> Array:
    """Probability of treatment given the causes, by logistic regression with a slight ridge, shape (n,).

    Newton's method, because it is run again on each bootstrap sample.
    """
    x = np.column_stack([np.ones(len(design.treated)), design.causes])
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 0.0
    beta = np.zeros(x.shape[1])
    share = float(design.treated.mean())
    beta[0] = np.log(share / (1 - share))
    loss = _loss(x, design.treated, beta, penalty)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ beta))
        gradient = x.T @ (design.treated - p) - penalty * beta
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        new = _loss(x, design.treated, beta + step, penalty)
        # A full step overshoots where the arms are nearly separated.
        while new > loss and np.abs(step).max() > TINY:
            step /= 2
            new = _loss(x, design.treated, beta + step, penalty)
        beta, gained, loss = beta + step, loss - new, new
        if gained <= TINY * (1 + abs(loss)):
            break
    return np.asarray(1 / (1 + np.exp(-x @ beta)))


def _loss(x: Array, treated: Array, beta: Array, penalty: Array) -> float:
    """Negative log-likelihood and ridge."""
    score = x @ beta
    return float(np.sum(np.logaddexp(0, score) - treated * score) + penalty @ beta**2 / 2)


def weights(design: Design, p: Array) -> Array:
    """Inverse probability weights, each arm's of sum 1, shape (n,) (Hajek 1971)."""
    treated = design.treated
    p = np.clip(p, 1e-6, 1 - 1e-6)
    raw = treated / p + (1 - treated) / (1 - p) if design.target == "ate" else treated + (1 - treated) * p / (1 - p)
    sums = np.where(treated == 1, raw[treated == 1].sum(), raw[treated == 0].sum())
    return np.asarray(raw / sums)


def overlap(design: Design) -> Overlap:
    """The overlap of a design."""
    p = propensity(design)
    weight = weights(design, p)
    treated = design.treated == 1
    effective = tuple(float(1 / np.sum(weight[arm] ** 2)) for arm in (treated, ~treated))
    outside = float(np.mean((p < EDGE) | (p > 1 - EDGE)))
    plain = np.where(treated, 1 / treated.sum(), 1 / (~treated).sum())
    before, after = (_imbalance(design, one) for one in (plain, weight))
    return Overlap(float(p.min()), float(p.max()), outside, (effective[0], effective[1]), before, after)


def _imbalance(design: Design, weight: Array) -> float:
    treated = design.treated == 1
    x = design.causes
    if x.shape[1] == 0:
        return 0.0
    spread = np.sqrt((x[treated].var(axis=0) + x[~treated].var(axis=0)) / 2)
    gap = weight[treated] @ x[treated] - weight[~treated] @ x[~treated]
    return float(np.max(np.abs(gap) / np.where(spread > 0, spread, 1.0)))
