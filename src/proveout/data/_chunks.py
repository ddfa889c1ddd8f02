"""Tables as content-addressed Arrow chunks."""

from __future__ import annotations

import hashlib
import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from proveout.errors import SnapshotCorrupt
from proveout.store import fsync_folder, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["Chunk", "digest", "put_objects", "read_object", "read_table", "write_table"]

# A chunk ends after a row whose id hashes to 0 modulo this, so that an inserted row moves no other chunk's border.
AVERAGE_ROWS = 4096
_POSITIONS = 64


class Chunk(msgspec.Struct, frozen=True):
    """One stored piece of a table."""

    hash: str
    rows: int


def digest(content: bytes | memoryview) -> str:
    """BLAKE2b-256 as 64 hex digits."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def write_table(objects: Path, table: pa.Table, *, key: str = "id") -> tuple[Chunk, ...]:
    """Store a table as chunks, and return their addresses in order; chunks that are there already are not written.

    Args:
        objects: the folder of content-addressed files.
        table: any Arrow table with a string column ``key``.
        key: the column whose hash sets the borders.

    Raises:
        DiskFull: no space is left; nothing refers to the chunks written so far.

    Example:
        >>> import pyarrow as pa, tempfile, pathlib
        >>> table = pa.table({"id": ["a", "b"], "text": ["x", "y"]})
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> chunks = write_table(folder, table)
        >>> read_table(folder, chunks, table.schema).equals(table)
        True
    """
    table = table.combine_chunks()
    borders = _borders(table[key])
    pieces = [_encode(table.slice(start, stop - start)) for start, stop in pairwise(borders)]
    hashes = put_objects(objects, pieces)
    sizes = np.diff(borders)
    return tuple(Chunk(name, int(rows)) for name, rows in zip(hashes, sizes, strict=True))


def read_table(objects: Path, chunks: Iterable[Chunk], schema: pa.Schema) -> pa.Table:
    """Read chunks back, each checked against its address.

    Raises:
        SnapshotCorrupt: a chunk is missing or was altered.
    """
    tables = [pa.ipc.open_stream(pa.BufferReader(read_object(objects, chunk.hash))).read_all() for chunk in chunks]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def put_objects(objects: Path, contents: Sequence[bytes | memoryview]) -> list[str]:
    """Store byte strings under their hashes; all are durable on return."""
    hashes = [digest(content) for content in contents]
    with translated_os_errors(objects):
        objects.mkdir(parents=True, exist_ok=True)
        missing = {
            name: content for name, content in zip(hashes, contents, strict=True) if not (objects / name).exists()
        }
        for name, content in missing.items():
            _write(objects / name, content)
        if missing:
            fsync_folder(objects)
    return hashes


def read_object(objects: Path, name: str) -> pa.Buffer:
    """The bytes stored under a hash, re-hashed.

    Raises:
        SnapshotCorrupt: they are missing or were altered.
    """
    path = objects / name
    fix = "restore that file from a backup, or take the snapshot again with: proveout snapshot DIR"
    try:
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer()
    except (OSError, pa.ArrowInvalid) as error:
        raise SnapshotCorrupt("a chunk cannot be read", why=str(error), fix=fix, about=str(path)) from error
    if digest(memoryview(content)) != name:
        why = "its content does not match its hash"
        raise SnapshotCorrupt("a chunk was altered", why=why, fix=fix, about=str(path))
    return content


def _write(path: Path, content: bytes | memoryview) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _encode(piece: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, piece.schema) as writer:
        writer.write_table(piece)
    return memoryview(sink.getvalue())


def _borders(keys: pa.ChunkedArray) -> list[int]:
    if len(keys) == 0:
        return [0]
    ends = np.flatnonzero(_hashes(keys.combine_chunks()) % np.uint64(AVERAGE_ROWS) == 0) + 1
    borders = [0, *(int(end) for end in ends)]
    return borders if borders[-1] == len(keys) else [*borders, len(keys)]


def _hashes(keys: pa.StringArray) -> np.ndarray[Any, Any]:
    """A 64-bit hash of each string: its bytes weighted by position, summed and mixed. For borders, not for security."""
    keys = keys.cast(pa.large_binary())
    _, offsets_buffer, data = keys.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[keys.offset : keys.offset + len(keys) + 1]
    if data is None or offsets[0] == offsets[-1]:
        return np.zeros(len(keys), dtype=np.uint64)
    content = np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]].astype(np.uint64)
    lengths = np.diff(offsets)
    starts = offsets[:-1] - offsets[0]
    positions = np.arange(len(content)) - np.repeat(starts, lengths)
    weights = np.random.default_rng(0).integers(1, 2**63, size=_POSITIONS, dtype=np.uint64) | np.uint64(1)
    weighted = np.append((content + np.uint64(1)) * weights[positions % _POSITIONS], np.uint64(0))
    sums = np.add.reduceat(weighted, starts)
    sums[lengths == 0] = 0
    return np.asarray((sums ^ (sums >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20))
