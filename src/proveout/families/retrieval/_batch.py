"""One batch of changes to a knowledge base, inside one transaction."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families.retrieval._tables import OPEN, DocumentRow
from proveout.task import canonical_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from proveout.families.retrieval._documents import Chunk

__all__ = ["Batch"]


class Batch:
    """Writes the next generation.

    Attributes:
        number: the generation it becomes.
    """

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self._run = connection.execute
        self._many = connection.executemany
        self._clock = clock
        self.number = int(self._run("SELECT coalesce(max(number), 0) + 1 FROM generations").fetchone()[0])

    def version(self, path: str) -> str | None:
        """The valid version of a document; None when there is none."""
        found = self._run("SELECT version FROM documents WHERE path = ? AND valid_to = ?", (path, OPEN)).fetchone()
        return None if found is None else str(found[0])

    def permissions(self, path: str) -> tuple[str, ...] | None:
        """The groups that may read the valid version of a document; None when everybody may, or there is none."""
        query = "SELECT permissions FROM documents WHERE path = ? AND valid_to = ?"
        found = self._run(query, (path, OPEN)).fetchone()
        return None if found is None else msgspec.json.decode(found[0], type=tuple[str, ...] | None)

    def same_bytes(self, document: DocumentRow) -> str | None:
        """The first other valid document of the same bytes, if there is one."""
        query = "SELECT min(path) FROM documents WHERE bytes_hash = ? AND valid_to = ? AND path != ?"
        found = self._run(query, (document.bytes_hash, OPEN, document.path)).fetchone()[0]
        return None if found is None else str(found)

    def retire(self, path: str) -> None:
        """End the validity of a document and its chunks."""
        self._run(
            "UPDATE chunks SET valid_to = ? WHERE valid_to = ? AND document IN"
            " (SELECT row FROM documents WHERE path = ? AND valid_to = ?)",
            (self.number, OPEN, path, OPEN),
        )
        self._run("UPDATE documents SET valid_to = ? WHERE path = ? AND valid_to = ?", (self.number, path, OPEN))

    def add(self, document: DocumentRow, chunks: Sequence[tuple[Chunk, str]], embedder: str) -> None:
        """Add a version with its (chunk, chunk hash) pairs."""
        values = (
            document.path,
            document.version,
            document.bytes_hash,
            document.title,
            canonical_json(document.permissions),
            canonical_json(document.metadata),
            document.chunker,
            self.number,
            OPEN,
        )
        row = self._run(
            "INSERT INTO documents (path, version, bytes_hash, title, permissions, metadata, chunker, valid_from,"
            " valid_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        ).lastrowid
        shared = (embedder, document.chunker, self.number, OPEN)
        self._many(
            "INSERT INTO chunks (id, document, ordinal, span_start, span_end, text, chunk_hash, embedder, chunker,"
            " valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (_chunk_id(document.path, ordinal, one, key), row, ordinal, one.start, one.end, one.text, key, *shared)
                for ordinal, (one, key) in enumerate(chunks)
            ],
        )

    def adopt(self, embedder: str) -> bool:
        """Carry chunks of another embedder over to this one, so that a generation has one; whether there were any."""
        self._run(
            "INSERT INTO chunks (id, document, ordinal, span_start, span_end, text, chunk_hash, embedder, chunker,"
            " valid_from, valid_to) SELECT id, document, ordinal, span_start, span_end, text, chunk_hash, ?, chunker,"
            " ?, ? FROM chunks WHERE valid_to = ? AND embedder != ?",
            (embedder, self.number, OPEN - 1, OPEN, embedder),
        )
        # The copies are parked beside OPEN until the originals, which have the same ids, are retired.
        retired = "UPDATE chunks SET valid_to = ? WHERE valid_to = ? AND embedder != ?"
        done = self._run(retired, (self.number, OPEN, embedder)).rowcount
        self._run("UPDATE chunks SET valid_to = ? WHERE valid_to = ?", (OPEN, OPEN - 1))
        return done > 0

    def unknown(self, embedder: str) -> dict[str, str]:
        """Chunk hash to text of valid chunks that have no vector of this embedder, in a fixed order."""
        rows = self._run(
            "SELECT chunk_hash, min(text) FROM chunks WHERE valid_to = ? AND NOT EXISTS (SELECT 1 FROM vectors"
            " WHERE vectors.chunk_hash = chunks.chunk_hash AND embedder = ?) GROUP BY chunk_hash ORDER BY chunk_hash",
            (OPEN, embedder),
        )
        return dict(rows.fetchall())

    def keep(self, hashes: Sequence[str], vectors: Any, embedder: str) -> None:
        """Store vectors of shape (len(hashes), d)."""
        rows = np.ascontiguousarray(vectors, dtype="<f4")
        self._many(
            "INSERT INTO vectors (chunk_hash, embedder, vector) VALUES (?, ?, ?)",
            [(key, embedder, row.tobytes()) for key, row in zip(hashes, rows, strict=True)],
        )

    def chunks(self) -> int:
        """How many chunks are valid."""
        return int(self._run("SELECT count(*) FROM chunks WHERE valid_to = ?", (OPEN,)).fetchone()[0])

    def finish(self, embedder: str) -> int:
        """Write the generation; the number of its chunks."""
        documents = int(self._run("SELECT count(*) FROM documents WHERE valid_to = ?", (OPEN,)).fetchone()[0])
        chunks = self.chunks()
        values = (self.number, self._clock(), embedder, documents, chunks)
        self._run("INSERT INTO generations (number, time, embedder, documents, chunks) VALUES (?, ?, ?, ?, ?)", values)
        return chunks


def _chunk_id(path: str, ordinal: int, chunk: Chunk, key: str) -> int:
    """63 bits that say which chunk it is, whatever was ingested before: equal states have equal ids."""
    name = canonical_json([path, ordinal, chunk.start, chunk.end, key])
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") >> 1
