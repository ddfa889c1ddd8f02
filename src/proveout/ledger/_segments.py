"""Segments: files of commits, each beginning with the state of the tree before it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from proveout.errors import LedgerCorrupt
from proveout.ledger._frames import commits, frames_of_heads
from proveout.ledger._head import RESTORE, Head
from proveout.ledger._merkle import HASH_BYTES, Frontier, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from proveout.store import Workspace

__all__ = ["Tail", "corrupt", "first_index", "load_tail", "parse_header", "segment_header", "segment_path", "segments"]

MAGIC = b"PRVLEDG1"
_FIXED = struct.Struct("<8sQB")
_CHECKSUM = struct.Struct("<I")
_DIGITS = 20


class Tail(NamedTuple):
    """The state of a log at its last acknowledged commit.

    Attributes:
        path: the segment that the next commit goes to, if it has room; None in an empty log.
        end: bytes of ``path`` that are acknowledged; 0 when none of it is.
        torn: bytes after ``end``.
        frontier: the tree.
        head: the last head; None in an empty log.
        roots: roots by tree size of the commits in this segment.
    """

    path: Path | None
    end: int
    torn: bytes
    frontier: Frontier
    head: Head | None
    roots: dict[int, bytes]


def segments(workspace: Workspace) -> list[Path]:
    """Segment files, in order."""
    return sorted((workspace.ledger / "segments").glob("[0-9]*.seg"))


def segment_path(workspace: Workspace, first: int) -> Path:
    """The file of the segment whose first entry has index ``first``."""
    return workspace.ledger / "segments" / f"{first:0{_DIGITS}d}.seg"


def first_index(path: Path) -> int:
    """The index of the segment's first entry, as its name says."""
    return int(path.stem)


def segment_header(frontier: Frontier) -> bytes:
    """The bytes that begin a segment: magic, first index, the tree before it, CRC-32."""
    fixed = _FIXED.pack(MAGIC, frontier.size, len(frontier.nodes)) + b"".join(frontier.nodes)
    return fixed + _CHECKSUM.pack(crc32(fixed))


def parse_header(data: bytes) -> tuple[Frontier, int] | None:
    """The tree before the segment and the offset of its first frame; None when the header is not intact."""
    if len(data) < _FIXED.size:
        return None
    magic, first, count = _FIXED.unpack_from(data)
    end = _FIXED.size + count * HASH_BYTES
    if magic != MAGIC or count != first.bit_count() or len(data) < end + _CHECKSUM.size:
        return None
    if _CHECKSUM.unpack_from(data, end)[0] != crc32(data[:end]):
        return None
    nodes = [data[at : at + HASH_BYTES] for at in range(_FIXED.size, end, HASH_BYTES)]
    return Frontier(first, nodes), end + _CHECKSUM.size


def load_tail(paths: Sequence[Path], key: Ed25519PublicKey) -> Tail:
    """Find the last acknowledged commit; checks every checksum and the last signed root of the last segment.

    Raises:
        LedgerCorrupt: damage that cannot be a write cut short, because a later commit follows it.
    """
    if not paths:
        return Tail(None, 0, b"", Frontier(), None, {})
    last = paths[-1]
    tail = _scan(last, last.read_bytes(), key)
    if tail.head is not None:
        return tail
    before = load_tail(paths[:-1], key)
    if before.torn or before.frontier.size != first_index(last):
        raise corrupt(last, f"it begins at entry {first_index(last)}, but {before.frontier.size} are before it")
    return before._replace(path=last, end=0, torn=tail.torn)


def _scan(path: Path, data: bytes, key: Ed25519PublicKey) -> Tail:
    frontier, end = parse_header(data) or (Frontier(), 0)
    if end and frontier.size != first_index(path):
        raise corrupt(path, f"its header says that it begins at entry {frontier.size}")
    head, roots = None, {}
    for commit in commits(data, end) if end else ():
        head = Head.from_bytes(commit.head)
        if head.start != frontier.size or head.size != head.start + len(commit.bodies):
            raise corrupt(path, f"the head at byte {commit.end} does not count its records")
        frontier.extend(leaf_hash(body) for body in commit.bodies)
        roots[head.size] = head.root
        end = commit.end
    if head is None:
        end, frontier = 0, Frontier()
    elif frontier.root() != head.root or not head.verify(key):
        raise corrupt(path, f"the head of {head.size} entries does not verify")
    _refuse_damage(path, data, end, head, key)
    return Tail(path, end, data[end:], frontier, head, roots)


def _refuse_damage(path: Path, data: bytes, end: int, head: Head | None, key: Ed25519PublicKey) -> None:
    """A commit is written only after the one before it was synced: a later head proves damage, not a torn write."""
    size = head.size if head else first_index(path)
    later = (Head.from_bytes(body) for body in frames_of_heads(data, end))
    if any(found.start > size and found.verify(key) for found in later):
        raise corrupt(path, f"the record or head at byte {end} or after it is damaged, and acknowledged commits follow")


def corrupt(path: Path, why: str) -> LedgerCorrupt:
    """The error for a log that does not verify."""
    return LedgerCorrupt("the ledger does not verify", why=why, fix=RESTORE, about=str(path))
