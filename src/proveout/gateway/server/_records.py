"""The ledger's one writer: a thread that empties the rings of all workers."""

from __future__ import annotations

from threading import Lock, Thread
from typing import TYPE_CHECKING

from proveout.errors import ProveoutError
from proveout.gateway.record import Drain, Ring, recover, rings_folder
from proveout.ledger import Ledger
from proveout.store import Workspace

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from proveout.gateway.server._parts import Fold

__all__ = ["Records"]


class Records:
    """Rings in, ledger entries out.

    Args:
        home: of the gateway; its ledger is opened, and what a kill left in rings is written to it.
        fold: counts what is committed.
        notice: called with a line about what goes on.

    Raises:
        WriterBusy: another gateway with this home runs.
        LedgerCorrupt: the ledger does not verify.
    """

    def __init__(self, home: Path, fold: Fold, notice: Callable[[str], None]) -> None:
        self._fold = fold
        self._lock = Lock()
        self._serial = 0
        self._stop = False
        self._rings: dict[Path, Ring] = {}
        self._failed: Callable[[ProveoutError], None] = lambda _error: None
        workspace = Workspace(home)
        self._folder = rings_folder(workspace)
        self._ledger = Ledger.open(workspace)
        try:
            found = recover(self._ledger, notice=notice)
            if found.records:
                notice(f"{found.records:,} records of a gateway that was killed are in the ledger now.")
            self._drain = Drain(self._ledger, on_commit=self._count, notice=notice)
        except BaseException:
            self._ledger.close()
            raise
        # A second signal leaves without it: what is in the rings is written at the next start.
        self._thread = Thread(target=self._run, name="ledger", daemon=True)

    def start(self, failed: Callable[[ProveoutError], None]) -> None:
        """Begin; ``failed`` is called, in the writer's thread, when the ledger cannot be written to any more."""
        self._failed = failed
        self._thread.start()

    def ring(self, number: int, capacity: int, line: socket.socket) -> Path:
        """A new ring for a worker, whose end of the line this takes; its file."""
        self._serial += 1
        path = self._folder / f"w{number}-{self._serial}.ring"
        ring = Ring.create(path, capacity)
        self._rings[path] = ring
        self._drain.add(ring, line)
        return path

    def retire(self, path: Path) -> None:
        """Its worker is gone: write what is left in its ring, and delete it."""
        self._drain.retire(self._rings.pop(path))

    def render(self, now: float) -> bytes:
        """The metrics; ``now`` in seconds since the epoch."""
        with self._lock:
            return self._fold.render(now)

    def close(self) -> None:
        """Write all that is in the rings, durably, and let go of the ledger."""
        self._stop = True
        self._drain.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._drain.close()
        self._ledger.close()

    def _run(self) -> None:
        try:
            self._drain.run(lambda: self._stop)
        except ProveoutError as error:
            self._failed(error)

    def _count(self, records: list[bytes]) -> None:
        with self._lock:
            self._fold.observe(records)
