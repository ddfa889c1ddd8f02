"""The bytes of a ring's file: a page of header, then the records.

Everything is in the machine's own byte order and aligned to 8 bytes; the file is read where it was written. Counters
count bytes since the ring was made, so that they only grow; a position in the file is a counter modulo the capacity.

====== ==========================================================================================
word   content
====== ==========================================================================================
0      ``PRVRING1``
1      version of this layout
2      id: 8 random bytes
3      capacity: bytes for records, a multiple of 8
4      when it was made, nanoseconds since the epoch
5      CRC-32 of the words above
16     written: bytes that the producer has published
17     numbers that were given out for ids
32     drained: bytes whose records are in the ledger and synced
33     mark: entries in the ledger before the batch that is under way
34     stuck: 1 while the ledger cannot be written, as on a full disk
48     wanted: the least place that somebody waits for
====== ==========================================================================================

What the producer writes and what the consumer writes lie on cache lines of their own, 128 bytes apart, which is the
longest line in use.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from proveout.errors import RingCorrupt, RingForeign
from proveout.store import fsync_folder, translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DRAINED",
    "HEADER_BYTES",
    "MARK",
    "NUMBERS",
    "PREFIX_BYTES",
    "STUCK",
    "WANTED",
    "WRITTEN",
    "Layout",
    "frame_bytes",
    "make_file",
    "parse_layout",
]

MAGIC = b"PRVRING1"
VERSION = 1
HEADER_BYTES = 4096
PREFIX_BYTES = 8  # of a record: its length and its CRC-32, 4 bytes each
WRITTEN, NUMBERS, DRAINED, MARK, STUCK, WANTED = 16, 17, 32, 33, 34, 48
_FIXED = struct.Struct("=8sQ8sQQ")
_CHECKSUM = struct.Struct("=Q")
_ZEROS = bytes(1 << 20)


class Layout(NamedTuple):
    """What is fixed when a ring is made.

    Attributes:
        id: 16 hexadecimal digits.
        capacity: bytes for records.
        created: nanoseconds since the epoch.
    """

    id: str
    capacity: int
    created: int


def frame_bytes(size: int) -> int:
    """What a record of so many bytes takes in a ring.

    Example:
        >>> [frame_bytes(size) for size in (1, 8, 9)]
        [16, 16, 24]
    """
    return (size + PREFIX_BYTES + 7) & ~7


def make_file(path: Path, layout: Layout) -> None:
    """Write an empty ring: every block of it allocated, whole or not at all.

    A page of a mapping that has no block on a full disk is a SIGBUS when it is touched; here it is `DiskFull`.

    Raises:
        DiskFull: no space is left.
        NotWritable: no permission.
    """
    fixed = _FIXED.pack(MAGIC, VERSION, bytes.fromhex(layout.id), layout.capacity, layout.created)
    temporary = path.with_name(f".{path.name}.tmp")
    with translated_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _allocate(descriptor, HEADER_BYTES + layout.capacity)
            os.pwrite(descriptor, fixed + _CHECKSUM.pack(crc32(fixed)), 0)
            os.fsync(descriptor)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        fsync_folder(path.parent)


def _allocate(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    for start in range(0, size, len(_ZEROS)):  # macOS has no such call
        os.pwrite(descriptor, _ZEROS[: size - start], start)


def parse_layout(header: bytes, size: int, path: Path) -> Layout:
    """Read the fixed part of a header.

    Args:
        header: the first page.
        size: of the file.
        path: named in errors.

    Raises:
        RingCorrupt: it is damaged, cut short, or another kind of file.
        RingForeign: another version of Proveout made it.
    """
    if len(header) < HEADER_BYTES or header[:8] != MAGIC:
        raise corrupt(path, "it does not begin as a ring does")
    fixed = header[: _FIXED.size]
    _, version, ring_id, capacity, created = _FIXED.unpack(fixed)
    if _CHECKSUM.unpack_from(header, _FIXED.size)[0] != crc32(fixed):
        raise corrupt(path, "the checksum of its header is wrong")
    if version != VERSION:
        fix = "start the version of Proveout that made it once, so that it is emptied, or move it elsewhere"
        why = f"its layout has version {version}, and this program knows {VERSION}"
        raise RingForeign("cannot use the ring", why=why, fix=fix, about=str(path))
    if size != HEADER_BYTES + capacity:
        raise corrupt(path, f"it has {size} bytes and should have {HEADER_BYTES + capacity}")
    return Layout(ring_id.hex(), capacity, created)


def corrupt(path: Path, why: str) -> RingCorrupt:
    """The error for a file that is not a whole ring."""
    fix = "start the gateway again: it keeps the file in rings/quarantine and makes a new ring"
    return RingCorrupt("cannot use the ring", why=why, fix=fix, about=str(path))
