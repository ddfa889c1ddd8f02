"""Slots that worker processes share: a memory-mapped file under a lock of the operating system.

The file holds a header, the hashes of names (open addressing with linear probing), one cell for each, and for each
worker one number a cell: what it holds of the cell's money. It is made anew at each start, since arrival times mean
nothing on another boot's clock, and what was spent is folded from the ledger.

A worker that is killed releases the lock, since the kernel drops the record locks of a process that ends (POSIX,
fcntl). Whatever it was in the middle of then is one request's worth off at most, on the side of refusing: money is put
down where it is added before it is taken away where it was. `SharedSlots.recover` puts the rest right.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from proveout.errors import Overloaded, SetupError
from proveout.gateway.limits._calendar import windows_at
from proveout.gateway.limits._slots import CELL, DAY, DAY_SPENT, HELD, MONTH, MONTH_SPENT
from proveout.gateway.limits._spent import Spent
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["SharedSlots"]

MAGIC = b"pvo-lim1"
HEADER = struct.Struct("=8sQQ")
HEADER_BYTES = 64
NUMBER_BYTES = 8
# Names that would need more steps than this are refused: the table is nearly full.
MOST_STEPS = 512
NANO = 1e9


class SharedSlots:
    """The slots as one process sees them; make the file with `SharedSlots.create`, before any worker starts.

    Only one thread may use them, since locks of the operating system are between processes; and no other descriptor of
    the file may be opened in the same process, since closing it would drop the lock.

    Args:
        path: of the file.
        worker: number of this worker, from 0 on; no two processes that let requests in may have the same. A supervisor,
            which only fills and recovers, takes any.

    Attributes:
        shared: whether there are other workers, so that the lock must be held.

    Raises:
        SetupError: the file is not one of these, or has no such worker.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "limits.slots"
        ...     SharedSlots.create(path, workers=2)
        ...     with SharedSlots(path, worker=0) as one, SharedSlots(path, worker=1) as other:
        ...         one.find("key:a") == other.find("key:a") != other.find("key:b")
        True
    """

    def __init__(self, path: Path, worker: int) -> None:
        with translated_os_errors(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size, workers = _read_header(self._descriptor, path, worker)
            self._map = mmap.mmap(self._descriptor, _file_bytes(size, workers))
        except BaseException:
            os.close(self._descriptor)
            raise
        self._size, self._workers, self._path = size, workers, path
        # A lock is two calls of the kernel for each request; the supervisor fills the cells of a single worker
        # before it serves, and recovers what it held once it is gone.
        self.shared = workers > 1
        start = HEADER_BYTES + NUMBER_BYTES * size
        whole = memoryview(self._map)
        self._hashes = whole[HEADER_BYTES:start].cast("Q")
        self.cells = whole[start : start + CELL * NUMBER_BYTES * size].cast("d")
        self._all_leases = whole[start + CELL * NUMBER_BYTES * size :].cast("d")
        self.leases = self._all_leases[worker * size : (worker + 1) * size]
        self._views: list[memoryview[Any]] = [self.leases, self._all_leases, self.cells, self._hashes, whole]

    @classmethod
    def create(cls, path: Path, *, workers: int, size: int = 65_536) -> None:
        """Make the file anew; processes that still have the old one open keep that.

        Args:
            path: where.
            workers: how many there will be.
            size: names that fit, a power of two; pages of the file that no name falls into take no room.
        """
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with translated_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(descriptor, _file_bytes(size, workers))
                os.pwrite(descriptor, HEADER.pack(MAGIC, size, workers), 0)
                temporary.replace(path)
            finally:
                os.close(descriptor)
                temporary.unlink(missing_ok=True)

    def lock(self) -> None:
        """Wait until no other process touches the cells."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)

    def unlock(self) -> None:
        """Let other processes touch them."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def find(self, name: str) -> int:
        """Number of the cell of this name; see `Slots.find`.

        Two names of the same 64-bit hash would share their limits: with 50,000 names, that has odds of 1 in 10^10.
        """
        wanted = _hash(name)
        cell = self._place(wanted)
        if cell is not None:
            self._hashes[cell] = wanted
            return cell
        why = f"{self._size} places for names of keys and tasks are taken"
        raise Overloaded("no room for another limit", why=why, fix="restart the gateway", about=name)

    def spent(self, name: str, wall: float) -> Spent:
        """What was spent under this name; a name that is not there takes no place.

        Args:
            name: of a key or a task.
            wall: seconds since the epoch.
        """
        wanted = _hash(name)
        cell = self._place(wanted)
        if cell is None or self._hashes[cell] != wanted:
            return Spent(0.0, 0.0)
        cells, base, windows = self.cells, cell * CELL, windows_at(wall)
        day = cells[base + DAY_SPENT] if cells[base + DAY] >= windows.day else 0.0
        month = cells[base + MONTH_SPENT] if cells[base + MONTH] >= windows.month else 0.0
        return Spent(day / NANO, month / NANO)

    def recover(self, worker: int, wall: float) -> float:
        """Count what a killed worker held as spent; before another takes its number.

        Its requests may have been charged by a provider, and no record says so: a budget that stops takes them at their
        worst. What the ledger does not know of is forgotten at the next start.

        Args:
            worker: the number of the one that is gone.
            wall: seconds since the epoch.

        Returns:
            US dollars that it held, each limit for itself.
        """
        self.lock()
        try:
            first = worker * self._size
            lost = [cell for cell in range(self._size) if self._all_leases[first + cell]]
            return sum(self._recover_cell(cell, first + cell, wall) for cell in lost) / NANO
        finally:
            self.unlock()

    def _place(self, wanted: int) -> int | None:
        """Where this hash is, or may be put; None where all places are taken."""
        hashes, cell = self._hashes, wanted % self._size
        for _ in range(min(MOST_STEPS, self._size)):
            if hashes[cell] in (wanted, 0):
                return cell
            cell = (cell + 1) % self._size
        return None

    def _recover_cell(self, cell: int, lease: int, wall: float) -> float:
        cells, base, windows = self.cells, cell * CELL, windows_at(wall)
        nano = self._all_leases[lease]
        for window, spent, now in ((DAY, DAY_SPENT, windows.day), (MONTH, MONTH_SPENT, windows.month)):
            if cells[base + window] < now:
                cells[base + window], cells[base + spent] = now, 0.0
            cells[base + spent] += nano
        self._all_leases[lease] = 0.0
        # Summed anew: a kill between two writes may have left the sum behind what it is a sum of.
        cells[base + HELD] = sum(self._all_leases[worker * self._size + cell] for worker in range(self._workers))
        return nano

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        if not self._map.closed:
            for view in self._views:
                view.release()
            self._map.close()
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") or 1


def _file_bytes(size: int, workers: int) -> int:
    return HEADER_BYTES + NUMBER_BYTES * size * (1 + CELL + workers)


def _read_header(descriptor: int, path: Path, worker: int) -> tuple[int, int]:
    found = os.pread(descriptor, HEADER.size, 0)
    if len(found) < HEADER.size:
        raise _unusable(path, "it is too short")
    magic, size, workers = HEADER.unpack(found)
    if magic != MAGIC or os.fstat(descriptor).st_size != _file_bytes(size, workers):
        raise _unusable(path, "it is another kind of file, or was cut")
    if not 0 <= worker < workers:
        raise _unusable(path, f"it is for {workers} workers, and this one is number {worker}")
    return int(size), int(workers)


def _unusable(path: Path, why: str) -> SetupError:
    return SetupError("cannot share limits", why=why, fix="start the gateway again", about=str(path))
