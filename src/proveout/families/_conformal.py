"""Prediction sets with guaranteed coverage: split conformal prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

__all__ = ["Conformal", "fit_conformal"]

# Share of inputs whose right label the set may miss.
MISS = 0.05


class Conformal(msgspec.Struct, frozen=True):
    """Sets that hold the right label of at least ``1 - miss`` of exchangeable inputs (Sadinle, Lei, Wasserman 2019).

    Attributes:
        least: log-probability a label must reach to be in the set.
        miss: share of inputs whose right label the set may miss.
        rows: held-out rows it stands on; with too few of them every label is in every set.
    """

    least: float
    miss: float
    rows: int

    def sets(self, log_p: Array) -> list[Array]:
        """For each row of ``log_p``, shape (n, labels), the codes in its set, likeliest first.

        The likeliest label is always in it: an empty set would say less than one label and cover no more.

        Example:
            >>> found = Conformal(np.log(0.3), 0.05, 100).sets(np.log(np.array([[0.6, 0.35, 0.05], [0.9, 0.05, 0.05]])))
            >>> [codes.tolist() for codes in found]
            [[0, 1], [0]]
        """
        order = np.argsort(-log_p, axis=1, kind="stable")
        counts = np.maximum((log_p >= self.least).sum(axis=1), 1)
        return [codes[:count] for codes, count in zip(order, counts, strict=True)]


def fit_conformal(log_p: Array, truth: Array, miss: float = MISS) -> Conformal:
    """The smallest sets of that coverage, from rows the model was not fitted to.

    Args:
        log_p: log-probabilities, shape (n, labels).
        truth: codes of the right labels, shape (n,); -1 for a label the model does not know, which no set can hold.
        miss: share of inputs whose right label the set may miss.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.dirichlet(np.full(5, 0.3), size=4000)
        >>> truth = np.array([rng.choice(5, p=row) for row in p])
        >>> sets = fit_conformal(np.log(p[:2000]), truth[:2000], miss=0.1).sets(np.log(p[2000:]))
        >>> 0.88 < float(np.mean([code in found for code, found in zip(truth[2000:], sets)])) < 0.93
        True
    """
    known = truth >= 0
    scores = np.where(known, log_p[np.arange(len(truth)), truth], -np.inf)
    # The order statistic that makes coverage hold for the next row and not only for these.
    rank = int(np.floor(miss * (len(scores) + 1)))
    least = float(np.sort(scores)[rank - 1]) if rank >= 1 else -np.inf
    return Conformal(max(least, float(np.finfo(np.float32).min)), miss, len(scores))
