"""The tables of a knowledge base, and the rows they hold."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["OPEN", "SCHEMA", "SCHEMA_VERSION", "ChunkRow", "DocumentRow", "Generation"]

SCHEMA_VERSION = 1
# valid_to of what is still valid; the largest integer of SQLite.
OPEN = 2**63 - 1

# A row is valid as of generation g when valid_from <= g < valid_to.
SCHEMA = """
CREATE TABLE generations (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, embedder TEXT NOT NULL, documents INTEGER NOT NULL,
    chunks INTEGER NOT NULL
);
CREATE TABLE documents (
    row INTEGER PRIMARY KEY, path TEXT NOT NULL, version TEXT NOT NULL, bytes_hash TEXT NOT NULL, title TEXT NOT NULL,
    permissions TEXT NOT NULL, metadata TEXT NOT NULL, chunker TEXT NOT NULL, valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL
);
CREATE UNIQUE INDEX documents_of_generation ON documents (path, valid_to);
CREATE INDEX documents_by_hash ON documents (bytes_hash);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, id INTEGER NOT NULL, document INTEGER NOT NULL REFERENCES documents (row),
    ordinal INTEGER NOT NULL, span_start INTEGER NOT NULL, span_end INTEGER NOT NULL, text TEXT NOT NULL,
    chunk_hash TEXT NOT NULL, embedder TEXT NOT NULL, chunker TEXT NOT NULL, valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL
);
CREATE UNIQUE INDEX chunks_of_generation ON chunks (id, valid_to);
CREATE INDEX chunks_of_document ON chunks (document);
CREATE TABLE vectors (
    chunk_hash TEXT NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (chunk_hash, embedder)
) WITHOUT ROWID;
"""


class Generation(msgspec.Struct, frozen=True, array_like=True):
    """One state of the knowledge base: its number from 1, when it was made, its embedder's fingerprint, its counts."""

    number: int
    time: float
    embedder: str
    documents: int
    chunks: int


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a document. ``version`` is the fingerprint that citations carry."""

    path: str
    version: str
    bytes_hash: str
    title: str
    permissions: tuple[str, ...] | None
    metadata: dict[str, Any]
    chunker: str


class ChunkRow(msgspec.Struct, frozen=True, array_like=True):
    """One chunk without its text; ``row`` finds the text, ``document`` the version it is of."""

    row: int
    id: int
    document: int
    start: int
    end: int
    chunk_hash: str
