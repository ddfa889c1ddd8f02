"""One generation in memory, ready to be searched."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families.retrieval._derived import indexes_of
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proveout.families.retrieval._records import Records
    from proveout.families.retrieval._tables import ChunkRow, DocumentRow, Generation

    Array = np.ndarray[Any, Any]

__all__ = ["Allowed", "View"]

# Below this share of the chunks a search looks at the allowed ones alone, exactly.
SMALL = 0.05
MASKS_KEPT = 64


class Allowed(msgspec.Struct, frozen=True):
    """Which chunks a search may find.

    Attributes:
        count: how many.
        mask: shape (n,), bool; None when all may be.
        only: their positions when they are few; None otherwise.
    """

    count: int
    mask: Any = None
    only: Any = None


class View:
    """Chunks valid as of one generation, by position in the order of their ids, with their indexes.

    Attributes:
        generation: which.
        chunks: all of them.
        rebuilt: why an index in the cache could not be used; "" when it could.
    """

    def __init__(self, records: Records, generation: Generation, cache: Path) -> None:
        self.generation = generation
        self.chunks: list[ChunkRow] = records.chunks(generation.number)
        self._documents = records.documents(generation.number)
        indexes = indexes_of(records, self.chunks, generation.embedder, cache)
        self.rebuilt = indexes.rebuilt
        self._text, self._vectors = indexes.text, indexes.vectors
        self._ids = np.array([chunk.id for chunk in self.chunks], dtype=np.int64)
        rows = np.array([chunk.document for chunk in self.chunks], dtype=np.int64)
        self._names, self._document_of = np.unique(rows, return_inverse=True)
        self.allowed = lru_cache(maxsize=MASKS_KEPT)(self._allowed)

    def document(self, chunk: ChunkRow) -> DocumentRow:
        """The version a chunk is of."""
        return self._documents[chunk.document]

    def by_text(self, text: str, count: int, allowed: Allowed) -> tuple[list[int], list[float]]:
        """Positions and BM25 scores of the best allowed chunks, best first, ties by id."""
        mask = None if allowed.only is not None else allowed.mask
        at, scores = self._text.search(text, count, mask, allowed.only)
        return at.tolist(), scores.tolist()

    def by_vector(self, vector: Any, count: int, allowed: Allowed) -> tuple[list[int], list[float]]:
        """Positions and cosines of the nearest allowed chunks, nearest first, ties by id."""
        if self._vectors is None:
            return [], []
        mask = allowed.mask if allowed.only is None else allowed.only
        ids, cosines = self._vectors.search(vector, count, mask)
        return np.searchsorted(self._ids, ids).tolist(), cosines.tolist()

    def _allowed(self, groups: frozenset[str], where: bytes) -> Allowed:
        """What ``groups`` may find of the documents with the metadata ``where``, a JSON object."""
        facts = {name: canonical_json(value) for name, value in msgspec.json.decode(where).items()}
        passes = np.array([_passes(self._documents[row], groups, facts) for row in self._names.tolist()], dtype=bool)
        mask = passes[self._document_of]
        count = int(np.count_nonzero(mask))
        if count == len(mask):
            return Allowed(count)
        return Allowed(count, mask, np.flatnonzero(mask) if count < SMALL * len(mask) else None)


def _passes(document: DocumentRow, groups: frozenset[str], facts: Mapping[str, bytes]) -> bool:
    if document.permissions is not None and groups.isdisjoint(document.permissions):
        return False
    # As JSON, where true is not 1.
    found = document.metadata
    return all(name in found and canonical_json(found[name]) == value for name, value in facts.items())
