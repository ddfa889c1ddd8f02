"""One order from several."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["reciprocal_ranks"]

# Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
# SIGIR 2009, take 60.
CONSTANT = 60


def reciprocal_ranks(
    lists: Mapping[str, Sequence[int]], weights: Mapping[str, float]
) -> list[tuple[int, float, dict[str, int]]]:
    """(position, score, rank in each list) of everything in any list, best first, ties by position.

    The score is the sum over lists of ``weight / (60 + rank)``, ranks from 1.

    Example:
        >>> fused = reciprocal_ranks({"a": [7, 8], "b": [8]}, {"a": 1.0, "b": 1.0})
        >>> [position for position, _, _ in fused]
        [8, 7]
    """
    scores: dict[int, float] = {}
    ranks: dict[int, dict[str, int]] = {}
    for name in sorted(lists):
        weight = weights[name]
        for rank, position in enumerate(lists[name], start=1):
            scores[position] = scores.get(position, 0.0) + weight / (CONSTANT + rank)
            ranks.setdefault(position, {})[name] = rank
    order = sorted(scores, key=lambda position: (-scores[position], position))
    return [(position, scores[position], ranks[position]) for position in order]
