"""The supervisor's end of all rings: what is in them goes into the ledger, in one commit for all workers."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Lock
from typing import TYPE_CHECKING

from proveout.errors import DiskFull
from proveout.gateway._entries import RequestServed
from proveout.gateway.record._damage import set_aside
from proveout.gateway.record._notice import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proveout.gateway.record._ring import Ring
    from proveout.ledger import Ledger

__all__ = ["Drain"]

MOST_RECORDS = 4096
MOST_BYTES = 4 * 1024 * 1024
# Longer makes batches larger, and a commit costs as much as some 50 records; who waits for one ends the pause.
WAIT_SECONDS = 0.05
RETRY_SECONDS = 0.25
# arm64 may show that there is a record a moment before it shows the record; after this it never will.
DAMAGED_SECONDS = 1.0
_POKE = b"!"


class _Slot:
    """A ring, the line to its worker, and how far the two have come."""

    def __init__(self, ring: Ring, line: socket.socket | None) -> None:
        self.ring = ring
        self.line = line
        self.answered = 0
        self.damaged_since: float | None = None
        self.retired = False


class Drain:
    """Empties rings into the ledger: takes what is there, commits it, and only then frees its room and wakes who waits.

    One thread runs it; `add`, `retire` and `wake` may be called from others.

    Args:
        ledger: the one writer's.
        rings: to begin with; see `add`.
        on_commit: called with the records of each commit, once they are durable. It must be quick and not raise.
        notice: called with a line about a full disk or a damaged record.
        clock: seconds, monotonic.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.gateway.record import Ring
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder, Ledger.open(Workspace(Path(folder))) as ledger:
        ...     ring = Ring.create(Path(folder) / "w0.ring", 4096)
        ...     drain = Drain(ledger, [ring], on_commit=print)
        ...     place = ring.put(b'{"id":"req_0"}')
        ...     count = drain.step()
        ...     (count, len(ledger), ring.drained == place)
        ...     drain.close()
        [b'{"id":"req_0"}']
        (1, 1, True)
    """

    def __init__(
        self,
        ledger: Ledger,
        rings: Iterable[Ring] = (),
        *,
        on_commit: Callable[[list[bytes]], None] | None = None,
        notice: Callable[[str], None] = tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._on_commit = on_commit
        self._notice = notice
        self._clock = clock
        self._slots: list[_Slot] = []
        self._lock = Lock()
        self._selector = DefaultSelector()
        self._ear, self._bell = _pair()
        self._selector.register(self._ear, EVENT_READ, self._ear)
        self._full_until: float | None = None
        for ring in rings:
            self.add(ring)

    def add(self, ring: Ring, line: socket.socket | None = None) -> None:
        """Empty this ring too.

        Args:
            ring: this process's own view of it.
            line: one end of a ``socketpair``, whose other end the worker's `RingRecorder` has; closed with the ring.
        """
        with self._lock:
            ring.mark = len(self._ledger)
            ring.stuck = self._full_until is not None
            self._slots.append(_Slot(ring, line))
            if line is not None:
                line.settimeout(0)
                self._selector.register(line, EVENT_READ, line)
        self.wake()

    def retire(self, ring: Ring) -> None:
        """Empty it to its end, then close it and delete its file: its worker has gone."""
        with self._lock:
            for slot in self._slots:
                slot.retired = slot.retired or slot.ring is ring
        self.wake()

    def wake(self) -> None:
        """End a wait of `run` at once."""
        with suppress(BlockingIOError):  # so many pokes wait to be read that it will wake
            self._bell.send(_POKE)

    def step(self) -> int:
        """Commit what is in the rings, up to 4,096 records or 4 MB; how many records it was.

        While the disk is full it takes nothing, says so once, and tries again four times a second.

        Raises:
            LedgerError: the ledger cannot be written to any more. Nothing is lost: what was not taken is taken by
                `recover` when the gateway starts again.
        """
        with self._lock:
            try:
                records = self._commit()
                self._heal()
            except DiskFull as error:
                self._wait_for_room(error)
                records = []
            self._answer()
            self._clear_out()
        if records and self._on_commit is not None:
            self._on_commit(records)
        return len(records)

    def run(self, stop: Callable[[], bool], wait: Callable[[float], None] | None = None) -> None:
        """Step until told to stop, and then until the rings are empty.

        Args:
            stop: looked at between steps; call `wake` after it has changed.
            wait: for so many seconds, or until a worker or `wake` pokes.

        Raises:
            LedgerError: see `step`.
        """
        wait = wait or self.listen
        while not stop():
            wait(self._seconds(self.step()))
        while self.step():
            continue

    def listen(self, seconds: float) -> None:
        """Wait for so long, or until a worker or `wake` pokes."""
        for key, _ in self._selector.select(seconds):
            line: socket.socket = key.data
            try:
                said = line.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                said = b""
            if not said:
                self._selector.unregister(line)

    def close(self) -> None:
        """Close all rings, and delete those that are empty; `recover` takes what the others hold."""
        with self._lock:
            for slot in self._slots:
                self._let_go(slot, delete=not slot.ring.pending)
            self._slots = []
            self._selector.close()
            self._ear.close()
            self._bell.close()

    def _commit(self) -> list[bytes]:
        if self._full_until is not None and self._clock() < self._full_until:
            return []
        taken: list[tuple[_Slot, int]] = []
        records: list[bytes] = []
        room = MOST_BYTES
        for slot in self._slots:
            found = slot.ring.peek(MOST_RECORDS - len(records), room)
            if found:
                taken.append((slot, len(found)))
                records += found
                room -= sum(map(len, found))
            if room <= 0 or len(records) >= MOST_RECORDS:
                break
        if not records:
            return records
        entries = len(self._ledger)
        for slot in self._slots:
            slot.ring.mark = entries
        self._ledger.append_encoded(RequestServed, records)
        for slot, count in taken:
            slot.ring.advance(count)
            slot.damaged_since = None
        self._slots.append(self._slots.pop(0))  # the first to be asked is the last next time
        if self._full_until is not None:
            self._full_until = None
            self._tell_stuck(stuck=False)
            self._notice(f"{self._ledger.workspace.ledger}: there is room again; what had waited is written.")
        return records

    def _heal(self) -> None:
        """Set aside what keeps a ring from going on, once it is certain that it is damaged."""
        for slot in self._slots:
            if not slot.ring.pending or slot.ring.peek(1):
                slot.damaged_since = None
            elif slot.damaged_since is None:
                slot.damaged_since = self._clock()
            elif self._clock() - slot.damaged_since >= DAMAGED_SECONDS:
                set_aside(slot.ring, self._ledger, self._notice)
                slot.damaged_since = None

    def _wait_for_room(self, error: DiskFull) -> None:
        if self._full_until is None:
            self._notice(f"{error} Until then records stay in the rings; when those are full, requests are refused.")
            self._tell_stuck(stuck=True)
        self._full_until = self._clock() + RETRY_SECONDS

    def _tell_stuck(self, *, stuck: bool) -> None:
        for slot in self._slots:
            slot.ring.stuck = stuck

    def _answer(self) -> None:
        """Poke the workers that wait for something that is done."""
        for slot in self._slots:
            wanted = slot.ring.wanted
            if slot.line is not None and slot.answered < wanted <= slot.ring.drained:
                slot.answered = wanted
                with suppress(OSError):  # it has pokes enough, or is gone; either way nobody waits for this one
                    slot.line.send(_POKE)

    def _clear_out(self) -> None:
        done = [slot for slot in self._slots if slot.retired and not slot.ring.pending]
        for slot in done:
            self._slots.remove(slot)
            self._let_go(slot, delete=True)

    def _let_go(self, slot: _Slot, *, delete: bool) -> None:
        if slot.line is not None:
            if slot.line in self._selector.get_map():
                self._selector.unregister(slot.line)
            slot.line.close()
        slot.ring.close()
        if delete:
            slot.ring.path.unlink(missing_ok=True)

    def _seconds(self, count: int) -> float:
        """How long to wait after a step: not at all with a backlog."""
        return 0.0 if count >= MOST_RECORDS // 2 else WAIT_SECONDS


def _pair() -> tuple[socket.socket, socket.socket]:
    ear, bell = socket.socketpair()
    ear.settimeout(0)
    bell.settimeout(0)
    return ear, bell
