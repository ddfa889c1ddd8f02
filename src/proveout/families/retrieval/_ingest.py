"""One ingest: what of a batch is new, changed, gone or unusable, written as the next generation."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from proveout.errors import BuildFailed, DuplicateIds, FamilyDoesNotFit
from proveout.families.retrieval._documents import IngestReport, Noted, Skipped, Source
from proveout.families.retrieval._sources import Identified, cut, identify, notes_of
from proveout.families.retrieval._text import indexed_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from proveout.families._embedders import Embedder
    from proveout.families.retrieval._batch import Batch

__all__ = ["Ingest", "refuse_duplicates"]

UNIT_TOLERANCE = 1e-3


def refuse_duplicates(sources: Sequence[Source], delete: Iterable[str]) -> None:
    """Refuse a batch that says two things about one path.

    Raises:
        DuplicateIds: a path is given twice, or both given and deleted.
    """
    counted = Counter([*(source.path for source in sources), *set(delete)])
    twice = [path for path, count in counted.items() if count > 1]
    if twice:
        fix = "give each path once, either with its content or under delete"
        raise DuplicateIds("a path is named twice", why=f"{len(twice)} are", fix=fix, about=twice[0])


class Ingest:
    """One batch under way."""

    def __init__(self, batch: Batch, embedder: Embedder | None, largest: int) -> None:
        self._batch = batch
        self._embedder = embedder
        self._fingerprint = "" if embedder is None else embedder.fingerprint
        self._largest = largest
        self._paths: dict[str, list[str]] = {"added": [], "updated": [], "deleted": [], "unchanged": []}
        self._skipped: list[Skipped] = []
        self._noted: list[Noted] = []

    def run(self, sources: Sequence[Source], delete: Collection[str]) -> IngestReport:
        """Write it all; without any change, no generation is made."""
        for path in delete:
            self._remove(path, Skipped(path, "cannot be deleted: there is no such document"))
        for source in sources:
            self._take(source)
        adopted = self._batch.adopt(self._fingerprint)
        changed = adopted or any(self._paths[name] for name in ("added", "updated", "deleted"))
        embedded = self._embed() if changed else 0
        chunks = self._batch.finish(self._fingerprint) if changed else self._batch.chunks()
        return IngestReport(
            generation=self._batch.number if changed else self._batch.number - 1,
            added=tuple(self._paths["added"]),
            updated=tuple(self._paths["updated"]),
            deleted=tuple(self._paths["deleted"]),
            unchanged=len(self._paths["unchanged"]),
            chunks=chunks,
            embedded=embedded,
            skipped=tuple(self._skipped),
            noted=tuple(self._noted),
        )

    def _remove(self, path: str, otherwise: Skipped) -> None:
        if self._batch.version(path) is None:
            self._skipped.append(otherwise)
            return
        self._batch.retire(path)
        self._paths["deleted"].append(path)

    def _skip(self, skipped: Skipped) -> None:
        self._skipped.append(skipped)
        if self._batch.version(skipped.path) is not None:
            self._batch.retire(skipped.path)
            self._paths["deleted"].append(skipped.path)

    def _take(self, source: Source) -> None:
        found = identify(source, self._largest)
        if isinstance(found, Skipped):
            self._skip(found)
            return
        before = self._batch.version(source.path)
        if before == found.document.version:
            self._paths["unchanged"].append(source.path)
            return
        self._write(found, before)

    def _write(self, found: Identified, before: str | None) -> None:
        chunks = cut(found)
        if isinstance(chunks, Skipped):
            self._skip(chunks)
            return
        path = found.document.path
        groups = self._batch.permissions(path)
        if groups is not None and found.document.permissions is None:
            self._noted.append(Noted(path, f"everybody may read it now; before, {', '.join(groups) or 'nobody'}"))
        if before is not None:
            self._batch.retire(path)
        self._batch.add(found.document, chunks, self._fingerprint)
        self._paths["added" if before is None else "updated"].append(path)
        self._noted += notes_of(path, chunks, self._batch.same_bytes(found.document))

    def _embed(self) -> int:
        if self._embedder is None:
            return 0
        unknown = self._batch.unknown(self._fingerprint)
        if unknown:
            vectors = self._embedder.embed([indexed_text(text) for text in unknown.values()])
            self._batch.keep(list(unknown), _checked(vectors, self._embedder.name), self._fingerprint)
        return len(unknown)


def _checked(vectors: Any, name: str) -> Any:
    """Dense rows of unit length, or an error before they are stored, where they would spoil each later search."""
    if sparse.issparse(vectors):
        fix = "use an embedder of dense vectors, or None to search by words alone"
        raise FamilyDoesNotFit("sparse vectors", why="a knowledge base keeps dense vectors", fix=fix, about=name)
    off = np.abs(np.linalg.norm(vectors, axis=1) - 1.0)
    if not np.all(off <= UNIT_TOLERANCE):
        why = f"row {int(np.argmax(~(off <= UNIT_TOLERANCE)))} is not of length 1"
        raise BuildFailed("the embedder breaks its contract", why=why, fix="divide each vector by its norm", about=name)
    return vectors
