"""Reading sources: each becomes a document with its chunks, or is skipped with its reason."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import DocumentUnusable
from proveout.families.retrieval._chunkers import choose_chunker, chunkers
from proveout.families.retrieval._documents import Chunk, Noted, Skipped, Source
from proveout.families.retrieval._records import hash_of
from proveout.families.retrieval._tables import DocumentRow
from proveout.families.retrieval._text import invisible_count, unusable
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LARGEST", "Identified", "chunks_of", "cut", "document_text", "identify", "notes_of"]

LARGEST = 200_000_000


class Identified(msgspec.Struct, frozen=True):
    """A source that was read: the version it is, its bytes, and the chunker that will cut it."""

    document: DocumentRow
    content: bytes
    cutter: Any


def identify(source: Source, largest: int = LARGEST) -> Identified | Skipped:
    """Read one source and tell which version it is, before any of it is cut.

    Args:
        source: the document.
        largest: bytes above which it is skipped; a file is measured before it is read.
    """
    try:
        content = _content(source, largest)
    except DocumentUnusable as error:
        return Skipped(source.path, error.why)
    cutter = chunkers.create(source.chunker or choose_chunker(content, source.path))
    return Identified(_document(source, content, cutter.id), content, cutter)


def cut(found: Identified) -> list[tuple[Chunk, str]] | Skipped:
    """Its chunks, each with its hash."""
    path = found.document.path
    try:
        chunks = found.cutter.chunk(found.content, path)
    except DocumentUnusable as error:
        return Skipped(path, error.why)
    return [(one, hash_of(one.text)) for one in chunks]


def chunks_of(path: str, content: bytes) -> list[Chunk]:
    """The chunks of one document, cut by the chunker that an ingest would choose; none where it cannot be used."""
    found = identify(Source(path=path, content=content))
    chunks = found if isinstance(found, Skipped) else cut(found)
    return [] if isinstance(chunks, Skipped) else [one for one, _ in chunks]


def document_text(path: str, content: bytes) -> str | None:
    r"""The text that citations of a document count the characters of; None where it has none.

    What no chunk holds is white space between chunks, or was left out by the chunker; it reads as spaces.

    Example:
        >>> document_text("a.txt", b"Refunds take\r\nfive days.")[13:22]
        'five days'
    """
    chunks = chunks_of(path, content)
    text = ""
    for one in chunks:
        text += " " * (one.start - len(text)) + one.text[max(0, len(text) - one.start) :]
    return text or None


def _content(source: Source, largest: int) -> bytes:
    content = source.content
    try:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        if size > largest:
            why = f"too large: {size:,} bytes, {largest:,} at most"
            raise unusable(source.path, why, "split it, or raise the limit")
        found = content if isinstance(content, bytes) else content.read_bytes()
    except OSError as error:
        why = f"unreadable: {error.strerror or error}"
        raise unusable(source.path, why, "check the path and its permissions") from error
    if not found.strip():
        raise unusable(source.path, f"empty: {len(found)} bytes and no text", "delete it, or write something in it")
    return found


def _document(source: Source, content: bytes, chunker_id: str) -> DocumentRow:
    bytes_hash = hashlib.blake2b(content, digest_size=32).hexdigest()
    permissions = None if source.permissions is None else tuple(sorted(set(source.permissions)))
    said = [source.path, bytes_hash, source.title, permissions, source.metadata, chunker_id]
    return DocumentRow(
        path=source.path,
        version=content_hash(said),
        bytes_hash=bytes_hash,
        title=source.title,
        permissions=permissions,
        metadata=source.metadata,
        chunker=chunker_id,
    )


def notes_of(path: str, chunks: Iterable[tuple[Chunk, str]], same: str | None) -> list[Noted]:
    """What a person should know about a document that is in."""
    found = [] if same is None else [Noted(path, f"the same bytes as {same}")]
    count = sum(invisible_count(one.text) for one, _ in chunks)
    return found + ([Noted(path, f"{count} invisible characters: stored, not indexed")] if count else [])
