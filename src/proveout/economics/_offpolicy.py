"""What a policy would have earned, from the log of another one: importance weighting and doubly robust."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from proveout.errors import CountsInvalid

if TYPE_CHECKING:
    from proveout.economics._distributions import Floats

__all__ = ["OffPolicy", "doubly_robust", "inverse_propensity"]

FEW = 100.0
HEAVY = 0.05


class OffPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """An off-policy estimate of the mean reward.

    Attributes:
        method: ``ips``, ``snips`` (weights scaled to add up to n) or ``dr``.
        value: the estimate.
        low: lower end of its interval.
        high: upper end.
        effective_rows: (sum of weights)² over the sum of their squares (Kish).
        warnings: why it should not be trusted.
    """

    method: Literal["ips", "snips", "dr"]
    value: float
    low: float
    high: float
    effective_rows: float
    warnings: tuple[str, ...]


def inverse_propensity(
    rewards: Floats, logged: Floats, target: Floats, *, normalised: bool = True, confidence: float = 0.95
) -> OffPolicy:
    """Reward of the target policy by weighting each logged one with ``target / logged``.

    Horvitz and Thompson, J. Am. Stat. Assoc. 47 (1952) 663-685; scaled weights: Swaminathan and Joachims, NIPS 2015,
    with the delta method's variance.

    Args:
        rewards: of each logged action, shape (n,).
        logged: probability with which the log's policy took it, above 0, shape (n,).
        target: probability with which the new policy would take it, shape (n,).
        normalised: whether weights are scaled to add up to n: a little bias for much less variance.
        confidence: of the two-sided interval.

    Raises:
        CountsInvalid: shapes differ, a probability is none, or no logged action could be the target's.

    Example:
        >>> rewards = np.array([1.0, 0.0, 1.0, 0.0])
        >>> inverse_propensity(rewards, np.full(4, 0.5), np.full(4, 0.5)).value
        0.5
    """
    weights = _weights(rewards, logged, target)
    if not normalised:
        return _estimate("ips", weights * rewards, weights, confidence)
    value = float(np.sum(weights * rewards) / np.sum(weights))
    rows = value + weights * (rewards - value) / np.mean(weights)
    return _estimate("snips", rows, weights, confidence)


def doubly_robust(
    rewards: Floats,
    logged: Floats,
    target: Floats,
    *,
    predicted_taken: Floats,
    predicted_target: Floats,
    confidence: float = 0.95,
) -> OffPolicy:
    """As `inverse_propensity`, with a model of the reward: right if either the model or the propensities are.

    Dudík, Langford and Li, ICML 2011.

    Args:
        rewards: of each logged action, shape (n,).
        logged: probability with which the log's policy took it, shape (n,).
        target: probability with which the new policy would take it, shape (n,).
        predicted_taken: the model's reward of the logged action, shape (n,); it must not have learned from that row.
        predicted_target: the model's mean reward under the new policy, shape (n,).
        confidence: of the two-sided interval.

    Raises:
        CountsInvalid: as `inverse_propensity`.
    """
    weights = _weights(rewards, logged, target)
    for name, values in (("predicted_taken", predicted_taken), ("predicted_target", predicted_target)):
        _check_shape(name, values, len(rewards))
    rows = predicted_target + weights * (rewards - predicted_taken)
    return _estimate("dr", rows, weights, confidence)


def _weights(rewards: Floats, logged: Floats, target: Floats) -> Floats:
    for name, values in (("rewards", rewards), ("logged", logged), ("target", target)):
        _check_shape(name, values, len(rewards))
    fix = "log the probability with which each action was taken, in (0, 1]"
    if len(rewards) < 2:  # noqa: PLR2004  no variance from one row
        raise CountsInvalid("too few rows", why=f"there are {len(rewards)}", fix="log more of them", about="log")
    if not (np.all(logged > 0) and np.all(logged <= 1)):
        raise CountsInvalid("propensities that cannot be", why="one is not within (0, 1]", fix=fix, about="logged")
    if not (np.all(target >= 0) and np.all(target <= 1)):
        raise CountsInvalid("propensities that cannot be", why="one is not within [0, 1]", fix=fix, about="target")
    weights = target / logged
    if not np.any(weights > 0):
        why, fix = "the new policy takes none of the logged actions", "explore: log some of its actions"
        raise CountsInvalid("the log says nothing of that policy", why=why, fix=fix, about="target")
    return weights


def _check_shape(name: str, values: Floats, rows: int) -> None:
    if values.shape != (rows,) or not np.all(np.isfinite(values)):
        fix = f"give {rows:,} finite numbers"
        why = f"its shape is {values.shape}" if values.shape != (rows,) else "one is not finite"
        raise CountsInvalid("not one number a row", why=why, fix=fix, about=name)


def _estimate(method: Literal["ips", "snips", "dr"], rows: Floats, weights: Floats, confidence: float) -> OffPolicy:
    arm = NormalDist().inv_cdf(0.5 + confidence / 2) * float(np.std(rows, ddof=1)) / len(rows) ** 0.5
    value = float(np.mean(rows))
    effective = float(np.sum(weights) ** 2 / np.sum(weights**2))
    heaviest = float(np.max(weights) / np.sum(weights))
    warnings = {
        f"worth {effective:.0f} rows only, too few for this interval": effective < FEW,
        f"one row carries {heaviest:.0%} of the weight": heaviest > HEAVY,
    }
    return OffPolicy(
        method=method,
        value=value,
        low=value - arm,
        high=value + arm,
        effective_rows=effective,
        warnings=tuple(text for text, holds in warnings.items() if holds),
    )
