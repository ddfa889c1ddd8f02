"""The worker's end of a ring: ids, records, and waiting until they are in the ledger."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from proveout.errors import Overloaded

if TYPE_CHECKING:
    import socket

    from proveout.gateway.record._ring import Ring

__all__ = ["RingRecorder"]

POLL_SECONDS = 0.005
# One record may take this share of the ring.
LARGEST_SHARE = 8
_NUMBERS_AT_A_TIME = 4096
_POKE = b"!"


class RingRecorder:
    """A `Recorder` that puts records into a ring, which the supervisor's `Drain` empties into the ledger.

    Args:
        ring: that no other worker puts into; opened here, not handed over by a fork.
        line: one end of a ``socketpair``, whose other end `Drain.add` has: a byte wakes the other side, and its end
            says that the other process is gone. Without one, `durable` looks every few milliseconds.
        poll_seconds: after which it looks whether the drain has come further, though nobody said so.

    Attributes:
        most_bytes: of a record: a share of the ring, so that one cannot crowd out the others.

    Raises:
        WriterBusy: another worker has the ring.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.gateway.record import Ring
        >>> with tempfile.TemporaryDirectory() as folder, Ring.create(Path(folder) / "w0.ring", 4096) as ring:
        ...     recorder = RingRecorder(ring)
        ...     recorder.next_id() == f"req_{ring.id}_0"
        ...     recorder.put(b"{}")
        True
        16
    """

    def __init__(self, ring: Ring, line: socket.socket | None = None, *, poll_seconds: float = POLL_SECONDS) -> None:
        ring.claim()
        self._ring = ring
        self.most_bytes = ring.most_bytes // LARGEST_SHARE
        self._line = line
        self._poll_seconds = poll_seconds
        self._prefix = f"req_{ring.id}_"
        self._number = self._numbers_end = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._alone = False
        if line is not None:
            line.settimeout(0)

    def next_id(self) -> str:
        """An id for a request that has just come: the ring's, and a number that no other request of it gets."""
        number = self._number
        if number == self._numbers_end:
            # A block at a time: numbers that were taken and not used before a kill are left out.
            number = self._ring.reserve_numbers(_NUMBERS_AT_A_TIME)
            self._numbers_end = number + _NUMBERS_AT_A_TIME
        self._number = number + 1
        return f"{self._prefix}{number}"

    def put(self, record: bytes) -> int:
        """Hand over the JSON of one `RequestServed`; its place.

        Raises:
            Overloaded: there is no room.
            ValueError: it is larger than the ring.
        """
        return self._ring.put(record)

    def has_room(self, size: int) -> bool:
        """Whether a record of this size can be put now; never once the supervisor is gone."""
        return self._ring.has_room(size) and not self._alone

    @property
    def alone(self) -> bool:
        """Whether the supervisor is gone, so that nobody empties the ring: records in it wait for the next start."""
        return self._alone

    @property
    def room(self) -> int:
        """Bytes for records that are left."""
        return self._ring.free

    @property
    def writable(self) -> bool:
        """Whether the ledger can be written now, as far as the process that writes it has said."""
        return not (self._alone or self._ring.stuck)

    def watch(self) -> None:
        """Notice in the running loop when the supervisor goes; called once at the worker's start."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            if self._line is not None:
                loop.add_reader(self._line, self._poked)

    async def durable(self, place: int) -> None:
        """Wait until the record at this place, and all before it, is in the ledger and synced.

        Raises:
            Overloaded: the supervisor is gone, so that it cannot be said when.
        """
        if self._ring.drained >= place:
            return
        if self._alone:
            raise _gone()
        self.watch()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, future))
        if len(self._waiting) == 1:
            self._ask()
        else:
            self._ring.wanted = min(self._ring.wanted, place)
        await future

    def close(self) -> None:
        """Stop to watch; the ring and the line are the caller's to close."""
        if self._loop is not None and self._line is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._line)
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None

    def _ask(self) -> None:
        """Say what is waited for, and wake the drain so that it commits at once."""
        self._ring.wanted = min(place for place, _ in self._waiting)
        if self._line is not None:
            try:
                with suppress(BlockingIOError):  # so many pokes wait to be read that it will wake
                    self._line.send(_POKE)
            except OSError:
                self._lose()
                return
        if self._loop is not None:
            self._timer = self._loop.call_later(self._poll_seconds, self._look)

    def _poked(self) -> None:
        try:
            said = self._line.recv(4096) if self._line is not None else _POKE
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if said:
            self._look()
        else:
            self._lose()

    def _look(self) -> None:
        """Let those go on whose records are taken; ask again for the others."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        drained = self._ring.drained
        waiting, self._waiting = self._waiting, []
        for place, future in waiting:
            if future.done():
                continue  # whoever waited went away
            if place <= drained:
                future.set_result(None)
            else:
                self._waiting.append((place, future))
        if self._waiting:
            self._ask()

    def _lose(self) -> None:
        self._alone = True
        if self._loop is not None and self._line is not None:
            self._loop.remove_reader(self._line)
        drained = self._ring.drained
        waiting, self._waiting = self._waiting, []
        for place, future in waiting:
            if future.done():
                continue
            if place <= drained:
                future.set_result(None)
            else:
                future.set_exception(_gone())


def _gone() -> Overloaded:
    why = "the process that writes the ledger is gone; the record waits for its next start"
    return Overloaded("not yet durable", why=why, fix="try again", about="ledger", retry_after=1.0)
