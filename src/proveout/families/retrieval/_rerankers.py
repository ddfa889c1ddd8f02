"""Rerankers: a second, slower look at the best hits, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from proveout._registry import Registry
from proveout.errors import RerankerUnknown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Reranker", "reranker", "rerankers"]


class Reranker(Protocol):
    """Scores passages for a query; equal input gives equal scores.

    Attributes:
        fingerprint: a hash of everything its scores depend on.
    """

    fingerprint: str

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        """One score per passage; higher is better."""
        ...


rerankers: Registry[Reranker] = Registry("reranker", group="proveout.rerankers", missing=RerankerUnknown)
reranker = rerankers.register
