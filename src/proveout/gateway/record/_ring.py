"""A ring of records in a file that two processes map: one puts, one takes."""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import time
from typing import TYPE_CHECKING
from zlib import crc32

from proveout.errors import Overloaded, WriterBusy
from proveout.gateway.record._layout import (
    DRAINED,
    HEADER_BYTES,
    MARK,
    NUMBERS,
    PREFIX_BYTES,
    STUCK,
    WANTED,
    WRITTEN,
    Layout,
    corrupt,
    frame_bytes,
    make_file,
    parse_layout,
)
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["Ring"]

CAPACITY = 16 * 1024 * 1024
LEAST_CAPACITY = 4096
# Pages that were passed are given back after so many bytes: a write comes by each page of the ring again and again, and
# all of them would count as this process's memory.
KEPT_BYTES = 1024 * 1024
_PREFIX = struct.Struct("=II")
_LOW = 0xFFFFFFFF


class Ring:
    """Records on their way from one process to another, through a file that both map; make one with `create`.

    A record is published by storing the counter ``written`` after its bytes, and taken by storing ``drained`` after the
    ledger has it. Both are one aligned 8-byte word, which CPython's ``memoryview.__setitem__`` copies with a ``memcpy``
    of constant size, that compilers make one store; x86-64 and arm64 never tear such a store. x86-64 shows stores to
    others in the order they were made. arm64 may show the counter before the bytes: then the length or the CRC-32,
    which begins at the record's place, does not fit, `peek` stops before the record and finds it whole a moment later.
    The same check finds what a loss of power leaves (a counter on disk whose records are not, or are those of an
    earlier round). A kill loses nothing: what was stored in a mapping belongs to the kernel.

    Attributes:
        path: of the file.
        id: 16 hexadecimal digits.
        capacity: bytes for records.
        created: nanoseconds since the epoch.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder, Ring.create(Path(folder) / "w0.ring", 4096) as ring:
        ...     place = ring.put(b"one")
        ...     ring.peek(10)
        ...     ring.advance(1)
        ...     (ring.drained == place, ring.peek(10))
        [b'one']
        (True, [])
    """

    def __init__(self, path: Path, descriptor: int, layout: Layout, mapping: mmap.mmap) -> None:
        self.path = path
        self.id, self.capacity, self.created = layout
        self._descriptor = descriptor
        self._map = mapping
        self._limit = HEADER_BYTES + layout.capacity
        self._page = memoryview(mapping)[:HEADER_BYTES]
        self._words = self._page.cast("Q")
        self._written: int = self._words[WRITTEN]
        self._drained: int = self._words[DRAINED]
        self._seen = self._kept = self._drained
        self._ends: list[int] = []

    @classmethod
    def create(cls, path: Path, capacity: int = CAPACITY, *, clock: Callable[[], int] = time.time_ns) -> Ring:
        """Make an empty ring, in place of what has that name.

        Args:
            path: of the file.
            capacity: bytes for records; rounded up to whole pages.
            clock: nanoseconds since the epoch.

        Raises:
            DiskFull: the disk has no room for all of it.
            NotWritable: no permission.
        """
        whole = -(-max(capacity, LEAST_CAPACITY) // HEADER_BYTES) * HEADER_BYTES
        make_file(path, Layout(secrets.token_hex(8), whole, clock()))
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Ring:
        """Map a ring that is there.

        Raises:
            RingCorrupt: it is damaged, or another kind of file.
            RingForeign: another version of Proveout made it.
            NotWritable: no permission.
        """
        with translated_os_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            layout = parse_layout(os.pread(descriptor, HEADER_BYTES, 0), size, path)
            ring = cls(path, descriptor, layout, mmap.mmap(descriptor, size))
        except BaseException:
            os.close(descriptor)
            raise
        if not ring._counters_fit():
            ring.close()
            raise corrupt(path, "its counters contradict each other")
        return ring

    def put(self, record: bytes) -> int:
        """Publish a record; its place, which `drained` reaches once it was taken.

        Raises:
            Overloaded: there is no room.
            ValueError: it is empty, or larger than `most_bytes`, so that there never will be.
        """
        size, start = len(record), self._written
        end = start + ((size + PREFIX_BYTES + 7) & ~7)
        if end - self._seen > self.capacity or not size:
            self._refuse_without_room(size)
        at = HEADER_BYTES + start % self.capacity
        body = at + PREFIX_BYTES
        if body + size <= self._limit:
            self._map[body : body + size] = record
        else:
            cut = self._limit - body
            self._map[body : self._limit] = record[:cut]
            self._map[HEADER_BYTES : HEADER_BYTES + size - cut] = record[cut:]
        _PREFIX.pack_into(self._map, at, size, crc32(record, start & _LOW))
        self._words[WRITTEN] = self._written = end
        return end

    def has_room(self, size: int) -> bool:
        """Whether a record of this size can be put now."""
        most = self.capacity - self._written - frame_bytes(size)
        if self._seen + most >= 0:
            return True
        drained = self._words[DRAINED]
        if drained + most < 0:
            self._seen = drained
            return False
        self._forget()
        # It looks full again after so many bytes, and this comes by.
        self._seen = min(drained, self._written - self.capacity + KEPT_BYTES)
        return True

    @property
    def most_bytes(self) -> int:
        """Of the largest record that fits at all."""
        return self.capacity - PREFIX_BYTES

    def reserve_numbers(self, count: int) -> int:
        """Take so many numbers, which nobody else gets, also after a kill; the first of them."""
        first: int = self._words[NUMBERS]
        self._words[NUMBERS] = first + count
        return first

    def peek(self, limit: int, most_bytes: int = 1 << 62) -> list[bytes]:
        """The oldest records that were not taken: so many, or a few more than so many bytes, at most.

        It ends before a record that is not whole; see `damage`.
        """
        written: int = self._words[WRITTEN]
        at = self._drained
        stop = min(written, at + most_bytes)
        found: list[bytes] = []
        ends: list[int] = []
        while at < stop and len(found) < limit:
            record = self._record(at, written)
            if record is None:
                break
            at += (len(record) + PREFIX_BYTES + 7) & ~7
            found.append(record)
            ends.append(at)
        self._ends = ends
        return found

    def advance(self, count: int) -> None:
        """Take the first so many records of the last `peek`: their room is free for others.

        Raises:
            ValueError: the last peek found fewer.
        """
        if not 0 <= count <= len(self._ends):
            raise ValueError(f"cannot take {count} records of {len(self._ends)} that were seen")
        if count:
            self._words[DRAINED] = self._drained = self._ends[count - 1]
            self._ends = self._ends[count:]
            if self._drained - self._kept >= KEPT_BYTES:
                self._kept = self._drained
                self._forget()

    def damage(self) -> bytes:
        """What lies between the last record taken and the next whole one; b"" when that is whole, or none is left."""
        written: int = self._words[WRITTEN]
        start = at = self._drained
        while at < written and self._record(at, written) is None:
            at += PREFIX_BYTES  # JSON holds no byte below 0x20, so that no text can pass for a length
        return self._bytes(start, at - start)

    def skip(self, size: int) -> None:
        """Leave out so many bytes, which `damage` gave and which were kept elsewhere."""
        self._words[DRAINED] = self._drained = self._drained + size
        self._ends = []

    @property
    def pending(self) -> int:
        """Bytes that were put and not taken."""
        return int(self._words[WRITTEN]) - self._drained

    @property
    def drained(self) -> int:
        """The place up to which records were taken, as the other process sees it."""
        return int(self._words[DRAINED])

    @property
    def mark(self) -> int:
        """Entries that the ledger held before the batch under way: what was written and not taken comes after them."""
        return int(self._words[MARK])

    @mark.setter
    def mark(self, entries: int) -> None:
        self._words[MARK] = entries

    @property
    def free(self) -> int:
        """Bytes for records that are left."""
        return self.capacity - int(self._words[WRITTEN]) + int(self._words[DRAINED])

    @property
    def stuck(self) -> bool:
        """Whether the ledger cannot be written now; what is put waits in the ring."""
        return bool(self._words[STUCK])

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self._words[STUCK] = value

    @property
    def wanted(self) -> int:
        """The least place that the producer waits for."""
        return int(self._words[WANTED])

    @wanted.setter
    def wanted(self, place: int) -> None:
        self._words[WANTED] = place

    def claim(self, patience: float = 0.0, sleep: Callable[[float], None] = time.sleep) -> None:
        """Become its only producer, until it is closed or the process ends.

        Args:
            patience: seconds to wait for the producer before; one that was killed may not be gone yet.
            sleep: waits.

        Raises:
            WriterBusy: another one lives.
        """
        step = 0.01
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if patience <= 0:
                    why = "a worker of this gateway, or of one whose supervisor was killed, still writes to it"
                    fix = "wait for that worker to end, or stop it"
                    raise WriterBusy("cannot take the ring", why=why, fix=fix, about=str(self.path)) from error
            else:
                return
            sleep(step)
            patience -= step

    def close(self) -> None:
        """Let go of the mapping; the file stays."""
        if self._descriptor < 0:
            return
        self._words.release()
        self._page.release()
        self._map.close()
        os.close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _counters_fit(self) -> bool:
        pending = self._written - self._drained
        return 0 <= pending <= self.capacity and self._written % 8 == 0 and self._drained % 8 == 0

    def _forget(self) -> None:
        """Give pages back to the kernel, whose cache goes on to hold them: nothing of them is lost."""
        self._map.madvise(mmap.MADV_DONTNEED, HEADER_BYTES)

    def _record(self, at: int, written: int) -> bytes | None:
        """The record at a place; None unless all of it is there."""
        position = HEADER_BYTES + at % self.capacity
        size, checksum = _PREFIX.unpack_from(self._map, position)
        if not size or at + PREFIX_BYTES + size > written:
            return None
        begin = position + PREFIX_BYTES
        end = begin + size
        record = self._map[begin:end] if end <= self._limit else self._bytes(at + PREFIX_BYTES, size)
        return record if crc32(record, at & _LOW) == checksum else None

    def _bytes(self, at: int, size: int) -> bytes:
        begin = HEADER_BYTES + at % self.capacity
        first = self._map[begin : min(begin + size, self._limit)]
        return first + self._map[HEADER_BYTES : HEADER_BYTES + size - len(first)]

    def _refuse_without_room(self, size: int) -> None:
        if not 0 < size <= self.most_bytes:
            raise ValueError(f"a record has 1 to {self.most_bytes} bytes here, not {size}")
        if not self.has_room(size):
            why = "the ledger cannot be written fast enough, or its disk is full"
            raise Overloaded("not recorded", why=why, fix="try again", about="ledger", retry_after=1.0)
