"""Scores to probabilities, and the threshold that rejects what is out of scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

__all__ = ["Calibrator", "fit_calibrator", "rejection_threshold", "threshold_parameter"]

# In-scope accuracy a threshold may cost on the SelectSplit.
ALLOWED_LOSS = 0.01
# A threshold no score is below: nothing is rejected. Finite, because JSON has no infinity.
NEVER = float(np.finfo(np.float32).min)


class Calibrator(msgspec.Struct, frozen=True):
    """Platt scaling: the probability that a guess is right, from one score (Platt 1999)."""

    slope: float
    bias: float

    def __call__(self, scores: Array) -> Array:
        """Probabilities of shape (n,), in (0, 1).

        Example:
            >>> Calibrator(1.0, 0.0)(np.array([0.0])).tolist()
            [0.5]
        """
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.slope * scores + self.bias, -30.0, 30.0))))


def fit_calibrator(scores: Array, right: Array) -> Calibrator:
    """Fit on rows the model was not fitted to, with Platt's smoothed targets, so that a model without an error on
    a few rows is not taken for one without errors.

    Args:
        scores: shape (n,); higher means surer.
        right: shape (n,); whether the guess was right.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> scores = rng.normal(size=2000)
        >>> right = rng.random(2000) < 1 / (1 + np.exp(-2 * scores))
        >>> 1.7 < fit_calibrator(scores, right).slope < 2.3
        True
    """  # noqa: D205  the sentence does not fit a line
    from scipy import optimize, special  # noqa: PLC0415  needed when building only

    positives, negatives = int(np.sum(right)), int(np.sum(~right))
    targets = np.where(right, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: Array) -> float:
        logits = parameters[0] * scores + parameters[1]
        return float(np.sum(np.logaddexp(0.0, logits) - targets * logits) + 1e-3 * parameters[0] ** 2)

    def gradient(parameters: Array) -> Array:
        errors = special.expit(parameters[0] * scores + parameters[1]) - targets
        return np.array([np.sum(errors * scores) + 2e-3 * parameters[0], np.sum(errors)])

    found = optimize.minimize(loss, np.array([1.0, 0.0]), jac=gradient, method="L-BFGS-B").x
    return Calibrator(round(float(found[0]), 6), round(float(found[1]), 6))


def rejection_threshold(scores: Array, right: Array, outside: Array) -> float:
    """The score below which an input is out of scope.

    The largest out-of-scope recall at which in-scope accuracy, with rejected rows counted as wrong, is at most
    `ALLOWED_LOSS` below what it is with nothing rejected.

    Args:
        scores: shape (n,), of in-scope rows the model was not fitted to.
        right: shape (n,); whether their guess was right.
        outside: shape (m,), scores of out-of-scope rows it was not fitted to.

    Returns:
        A threshold; `NEVER` when there is nothing to reject, or rejecting gains nothing.

    Example:
        >>> scores = np.linspace(0, 1, 100)
        >>> round(rejection_threshold(scores, np.ones(100, dtype=bool), np.array([-1.0, -2.0])), 2)
        -0.5
    """
    if len(outside) == 0 or len(scores) == 0:
        return NEVER
    everything = np.unique(np.concatenate([scores, outside]))
    candidates = np.concatenate([(everything[1:] + everything[:-1]) / 2, [everything[-1] + 1.0]])
    accuracy = np.array([np.mean(right & (scores >= value)) for value in candidates])
    recall = np.array([np.mean(outside < value) for value in candidates])
    allowed = accuracy >= np.mean(right) - ALLOWED_LOSS
    if not allowed.any() or recall[allowed].max() == 0:
        return NEVER
    # Of equal recalls the smallest threshold, which rejects least.
    best = np.flatnonzero(allowed & (recall == recall[allowed].max()))[0]
    return float(candidates[best])


def threshold_parameter(threshold: float) -> dict[str, Any]:
    """What a card says of the threshold: its value and the rows it was chosen on, or nothing."""
    if threshold == NEVER:
        return {}
    return {"threshold": {"value": threshold, "chosen_on": "select and the out-of-scope rows of train"}}
