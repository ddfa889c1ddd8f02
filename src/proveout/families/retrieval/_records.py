"""The system of record of a knowledge base: one SQLite file; a batch is in it whole or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.errors import BusyError, DiskFull, NotWritable, ProveoutError, SetupError, StoreCorrupt
from proveout.families.retrieval._batch import Batch
from proveout.families.retrieval._tables import SCHEMA, SCHEMA_VERSION, ChunkRow, DocumentRow, Generation
from proveout.families.retrieval._text import indexed_text
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Array = np.ndarray[Any, Any]

__all__ = ["Records", "hash_of"]

FILE = "knowledge.sqlite"
BUSY_SECONDS = 10.0
AT_ONCE = 500
_VALID = "valid_from <= ? AND valid_to > ?"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
# What SQLite's messages mean in our words; checked in order.
_MEANINGS: tuple[tuple[str, type[ProveoutError], str], ...] = (
    ("disk is full", DiskFull, "free some space and run the same command again"),
    ("readonly", NotWritable, "give this user write permission, or choose another folder"),
    ("unable to open", NotWritable, "give this user write permission, or choose another folder"),
    ("locked", BusyError, "wait for the other ingest to end and run this one again"),
)


def hash_of(text: str) -> str:
    """BLAKE2b-128 of what is indexed of a chunk: equal for equal meaning, whatever invisible characters it holds."""
    return hashlib.blake2b(indexed_text(text).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Records:
    """Documents, chunks, vectors and generations, in SQLite with a write-ahead log and ``synchronous=FULL``.

    Reads are of committed generations, which never change; any number of threads may read while one batch is written.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self._file = file
        self._connection = connection

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the file in a folder, making it at first use.

        Raises:
            NotWritable: this user may not write there.
            DiskFull: no space is left.
            StoreCorrupt: the file is not a database, or is damaged.
            SetupError: it was made by a newer version of Proveout.
        """
        with translated_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        file = folder / FILE
        with _translated(file):
            connection = _connect(file)
        try:
            with _translated(file):
                _migrate(connection, file)
        except ProveoutError:
            connection.close()
            raise
        return cls(file, connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def generation(self, number: int | None = None) -> Generation | None:
        """The generation of that number, or the newest; None when there is none."""
        where, values = ("WHERE number = ?", (number,)) if number is not None else ("ORDER BY number DESC LIMIT 1", ())
        rows = self._read(f"SELECT number, time, embedder, documents, chunks FROM generations {where}", values)  # noqa: S608  two literals
        return Generation(*rows[0]) if rows else None

    def documents(self, generation: int) -> dict[int, DocumentRow]:
        """Versions valid as of a generation, by row number."""
        columns = "row, path, version, bytes_hash, title, permissions, metadata, chunker"
        query = f"SELECT {columns} FROM documents WHERE {_VALID} ORDER BY path"  # noqa: S608  literals
        return {
            row: DocumentRow(
                path=path,
                version=version,
                bytes_hash=bytes_hash,
                title=title,
                permissions=msgspec.json.decode(permissions, type=tuple[str, ...] | None),
                metadata=msgspec.json.decode(metadata, type=dict[str, Any]),
                chunker=chunker,
            )
            for row, path, version, bytes_hash, title, permissions, metadata, chunker in self._read(
                query, (generation, generation)
            )
        }

    def chunks(self, generation: int) -> list[ChunkRow]:
        """Chunks valid as of a generation, ordered by id."""
        columns = "row, id, document, span_start, span_end, chunk_hash"
        query = f"SELECT {columns} FROM chunks WHERE {_VALID} ORDER BY id"  # noqa: S608  literals
        return [ChunkRow(*row) for row in self._read(query, (generation, generation))]

    def texts(self, chunks: Sequence[ChunkRow]) -> list[str]:
        """The texts of these chunks, each checked against its hash.

        Raises:
            StoreCorrupt: a text is not the one that was ingested.
        """
        found: dict[int, str] = {}
        for start in range(0, len(chunks), AT_ONCE):
            rows = [chunk.row for chunk in chunks[start : start + AT_ONCE]]
            marks = ",".join("?" * len(rows))
            found.update(self._read(f"SELECT row, text FROM chunks WHERE row IN ({marks})", rows))  # noqa: S608  marks
        for chunk in chunks:
            if hash_of(found.get(chunk.row, "")) != chunk.chunk_hash:
                raise self._corrupt(f"the text of chunk {chunk.id} does not match its hash")
        return [found[chunk.row] for chunk in chunks]

    def vectors(self, hashes: Sequence[str], embedder: str) -> Array:
        """Embeddings of these chunk hashes, shape (len(hashes), d), float32.

        Raises:
            StoreCorrupt: one is missing, or of another length.
        """
        kept = dict(self._read("SELECT chunk_hash, vector FROM vectors WHERE embedder = ?", (embedder,)))
        blobs = [kept.get(one, b"") for one in hashes]
        if not blobs:
            return np.zeros((0, 1), dtype=np.float32)
        if len({len(blob) for blob in blobs}) != 1 or not blobs[0]:
            raise self._corrupt(f"vectors of embedder {embedder} are missing or of different lengths")
        return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), -1)

    @contextmanager
    def batch(self, clock: Callable[[], float]) -> Iterator[Batch]:
        """One transaction on a connection of its own; committed at the end of the block, undone by an exception.

        Raises:
            BusyError: another batch is being written.
        """
        with _translated(self._file), closing(_connect(self._file)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Batch(connection, clock)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _read(self, query: str, values: Sequence[Any]) -> list[Any]:
        with _translated(self._file):
            return self._connection.execute(query, values).fetchall()

    def _corrupt(self, why: str) -> StoreCorrupt:
        fix = "restore the file from a backup, or delete it and ingest the documents again"
        return StoreCorrupt("the knowledge base is damaged", why=why, fix=fix, about=str(self._file))


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found == 0:
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
    if found > SCHEMA_VERSION:
        why = f"its schema is version {found}, this code knows {SCHEMA_VERSION}"
        raise SetupError("cannot use the knowledge base", why=why, fix="upgrade Proveout", about=str(file))


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        for fragment, meaning, fix in _MEANINGS:
            if fragment in said:
                raise meaning("cannot use the knowledge base", why=said, fix=fix, about=str(file)) from error
        fix = "restore the file from a backup, or delete it and ingest the documents again"
        raise StoreCorrupt("cannot use the knowledge base", why=said, fix=fix, about=str(file)) from error
