"""Frames and commits: how bytes of a segment are delimited and checksummed. Pure; see docs/design/ledger.md."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEAD", "RECORD", "Commit", "Frame", "commits", "frame", "frames_of_heads", "parse_frame"]

HEAD = 0x48  # "H": a signed tree head, which ends a commit
RECORD = 0x52  # "R": one entry
PREFIX = struct.Struct("<IIB")  # length of the body, CRC-32 of (length, type, body), type
_SEED = struct.Struct("<IB")
HEAD_BYTES = 120
_HEAD_LENGTH = struct.pack("<I", HEAD_BYTES)


class Frame(NamedTuple):
    """One frame: its type, body, and the offset where the next begins."""

    type: int
    body: bytes
    end: int


class Commit(NamedTuple):
    """Records written and synced together, the body of the head that ends them, and the offset after it."""

    bodies: list[bytes]
    head: bytes
    end: int


def frame(type_: int, body: bytes) -> bytes:
    """Wrap a body in length, checksum and type.

    Example:
        >>> parse_frame(frame(RECORD, b"hello"), 0)
        Frame(type=82, body=b'hello', end=14)
    """
    length = len(body)
    return PREFIX.pack(length, crc32(body, crc32(_SEED.pack(length, type_))), type_) + body


def parse_frame(data: bytes, offset: int) -> Frame | None:
    """Read the frame at ``offset``; None when it is incomplete or its checksum is wrong."""
    start = offset + PREFIX.size
    if start > len(data):
        return None
    length, checksum, type_ = PREFIX.unpack_from(data, offset)
    end = start + length
    if end > len(data):
        return None
    body = data[start:end]
    if crc32(body, crc32(_SEED.pack(length, type_))) != checksum:
        return None
    return Frame(type_, body, end)


def commits(data: bytes, offset: int) -> Iterator[Commit]:
    """Complete commits from ``offset`` on; stops at the first byte that does not belong to one."""
    bodies: list[bytes] = []
    while (found := parse_frame(data, offset)) is not None and found.type in (HEAD, RECORD):
        offset = found.end
        if found.type == RECORD:
            bodies.append(found.body)
        else:
            yield Commit(bodies, found.body, offset)
            bodies = []


def frames_of_heads(data: bytes, offset: int) -> Iterator[bytes]:
    """Bodies of intact head frames anywhere after ``offset``, however damaged what surrounds them is."""
    while (offset := data.find(_HEAD_LENGTH, offset)) >= 0:
        found = parse_frame(data, offset)
        if found is not None and found.type == HEAD:
            yield found.body
        offset += 1
