"""What goes into a knowledge base and what comes out: sources, chunks, hits and the report of an ingest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Chunk", "Hit", "IngestReport", "Noted", "Skipped", "Source", "read_folder"]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One document as it is handed in.

    Attributes:
        path: names the document; a later source of the same path is its next version.
        content: its bytes, or the file that holds them.
        title: what a person calls it.
        permissions: groups that may read it; None when everybody may, empty when nobody may.
        metadata: facts to filter by: ``{"language": "en"}``.
        chunker: a registered chunker; "" to choose by file ending and content.

    Example:
        >>> Source(path="faq.md", content=b"# Refunds").permissions is None
        True
    """

    path: str
    content: bytes | Path
    title: str = ""
    permissions: tuple[str, ...] | None = None
    metadata: dict[str, Any] = {}
    chunker: str = ""


def read_folder(folder: Path, pattern: str = "**/*") -> list[Source]:
    """Every file under a folder as a source, by its path relative to the folder, sorted; hidden files are left out.

    Example:
        >>> read_folder(Path("nowhere"))
        []
    """
    files = (file for file in folder.glob(pattern) if file.is_file())
    named = ((file.relative_to(folder), file) for file in files)
    shown = ((name.as_posix(), file) for name, file in named if not any(part.startswith(".") for part in name.parts))
    return [Source(path=name, content=file) for name, file in sorted(shown)]


class Chunk(msgspec.Struct, frozen=True):
    """A span of a document's extracted text. ``start`` and ``end`` count characters, end exclusive.

    Example:
        >>> Chunk(start=0, end=2, text="hi").text
        'hi'
    """

    start: int
    end: int
    text: str


class Skipped(msgspec.Struct, frozen=True):
    """A document that is not in the knowledge base after the ingest, and why.

    Example:
        >>> Skipped("scan.pdf", "no text").reason
        'no text'
    """

    path: str
    reason: str


class Noted(msgspec.Struct, frozen=True):
    """A document that is in, with something a person should know about it.

    Example:
        >>> Noted("b.md", "the same bytes as a.md").note
        'the same bytes as a.md'
    """

    path: str
    note: str


class IngestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one ingest did; on return all of it is durable.

    Attributes:
        generation: the generation that holds it; the one before when nothing changed.
        added: paths that are new.
        updated: paths with a new version.
        deleted: paths that are no longer there, by ``delete`` or because their new content was skipped.
        unchanged: how many sources were there already.
        chunks: valid chunks after the ingest.
        embedded: chunk texts the embedder was called for.
        skipped: sources that are not in, with the reason.
        noted: duplicates, and documents with invisible characters.
    """

    generation: int
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: int = 0
    chunks: int = 0
    embedded: int = 0
    skipped: tuple[Skipped, ...] = ()
    noted: tuple[Noted, ...] = ()


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One passage found, with what a citation needs.

    Attributes:
        chunk: the chunk's id.
        path: the document.
        version: the fingerprint of the document's version.
        start: first character of the span in the document's extracted text.
        end: one past its last.
        text: the passage as it is stored.
        score: reciprocal-rank score, BM25 score, cosine, or the reranker's score, by mode.
        ranks: rank in each list that found it, from 1.
    """

    chunk: int
    path: str
    version: str
    start: int
    end: int
    text: str
    score: float
    ranks: dict[str, int]
