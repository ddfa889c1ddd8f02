"""Text and vector indexes of one generation: derived, checked before use, built again when they are not right."""

from __future__ import annotations

import errno
import hashlib
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.errors import IndexCorrupt
from proveout.families.retrieval._text import indexed_text
from proveout.families.retrieval._text_index import TextIndex
from proveout.store import translated_os_errors, write_atomic
from proveout.task import canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from proveout.families.retrieval._index import VectorIndex
    from proveout.families.retrieval._records import Records
    from proveout.families.retrieval._tables import ChunkRow

__all__ = ["Indexes", "indexes_of"]

MANIFEST, TEXT, VECTORS = "manifest.json", "text", "vectors"
# Part of an index's name: raise it when the analyser, the text that is indexed or the layout of a folder changes.
FORMAT = 1
BLOCK = 1 << 20


@dataclass(frozen=True)
class Indexes:
    """The indexes of one generation.

    Attributes:
        name: the hash of everything they are derived from.
        text: BM25 over the chunks, by position.
        vectors: cosines over the chunks, by id; None when the generation has no embedder.
        rebuilt: why what lay in the cache could not be used; "" when it could, or when nothing was there.
    """

    name: str
    text: TextIndex
    vectors: VectorIndex | None
    rebuilt: str


class _Manifest(msgspec.Struct, frozen=True):
    """What a folder of indexes holds: its name, the BLAKE2b-256 of each text file, the vector index's fingerprint."""

    name: str
    files: dict[str, str]
    vectors: str


def indexes_of(records: Records, chunks: Sequence[ChunkRow], embedder: str, cache: Path) -> Indexes:
    """Open the indexes of these chunks, or build them.

    Args:
        records: where texts and vectors are.
        chunks: all chunks valid as of the generation, ordered by id.
        embedder: the fingerprint of the generation's embedder; "" for none.
        cache: a folder that may be deleted at any time.

    Raises:
        StoreCorrupt: the system of record does not hold what it should.
        DiskFull: no space is left for them.
        NotWritable: this user may not write to the cache.
    """
    name = content_hash([FORMAT, embedder, [[chunk.id, chunk.chunk_hash] for chunk in chunks]])
    folder = cache / "retrieval" / name
    why = ""
    if folder.exists():
        try:
            return _open(folder, name, embedder, why)
        except (IndexCorrupt, OSError, ValueError) as error:
            why = str(error)
    _build(folder, name, records, chunks, embedder, replace=bool(why))
    return _open(folder, name, embedder, why)


def _open(folder: Path, name: str, embedder: str, why: str) -> Indexes:
    manifest = _manifest(folder, name)
    vectors = _vector_index().open(folder / VECTORS) if embedder else None
    if vectors is not None and vectors.fingerprint != manifest.vectors:
        raise _corrupt(folder, "its vectors are of another snapshot")
    return Indexes(name, TextIndex.open(folder / TEXT), vectors, why)


def _build(
    folder: Path, name: str, records: Records, chunks: Sequence[ChunkRow], embedder: str, *, replace: bool
) -> None:
    """Build beside the folder and rename, so that the folder is there whole or not at all."""
    fresh = folder.with_name(f".{name}.{secrets.token_hex(6)}")
    with translated_os_errors(folder):
        try:
            (fresh / TEXT).mkdir(parents=True)
            TextIndex.build(fresh / TEXT, (indexed_text(text) for text in records.texts(chunks)))
            vectors = _build_vectors(fresh / VECTORS, records, chunks, embedder) if embedder else ""
            write_atomic(fresh / MANIFEST, canonical_json(_Manifest(name, _hashes(fresh / TEXT), vectors)))
            _put(fresh, folder, replace=replace)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _build_vectors(folder: Path, records: Records, chunks: Sequence[ChunkRow], embedder: str) -> str:
    folder.mkdir()
    ids = np.array([chunk.id for chunk in chunks], dtype=np.int64)
    vectors = records.vectors([chunk.chunk_hash for chunk in chunks], embedder)
    return _vector_index().build(folder, ids, vectors).fingerprint


def _vector_index() -> type[VectorIndex]:
    from proveout.families.retrieval._index import VectorIndex  # noqa: PLC0415  words alone need no vectors

    return VectorIndex


def _put(fresh: Path, folder: Path, *, replace: bool) -> None:
    """Put ``fresh`` where a damaged index lies, or nothing; one that another process put there meanwhile stays."""
    if replace and folder.exists():
        aside = fresh.with_name(f"{fresh.name}.old")
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
    try:
        fresh.rename(folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise


def _manifest(folder: Path, name: str) -> _Manifest:
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise _corrupt(folder, f"no readable manifest: {error}") from error
    if manifest.name != name:
        raise _corrupt(folder, f"it is of another snapshot, {manifest.name}")
    found = _hashes(folder / TEXT)
    wrong = sorted(path for path, digest in manifest.files.items() if found.get(path) != digest)
    if wrong:
        raise _corrupt(folder, f"{wrong[0]} is missing or altered")
    return manifest


def _hashes(folder: Path) -> dict[str, str]:
    """Hashes of the files that are content; tantivy's locks and lists of files, which are dot files, are not."""
    files = (file for file in folder.glob("*") if file.is_file() and not file.name.startswith("."))
    return {file.name: _hash(file) for file in sorted(files)}


def _hash(file: Path) -> str:
    digest = hashlib.blake2b(digest_size=32)
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _corrupt(folder: Path, why: str) -> IndexCorrupt:
    fix = "nothing: it is derived, and built again"
    return IndexCorrupt("the index cannot be used", why=why, fix=fix, about=str(folder))
