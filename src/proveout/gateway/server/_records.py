"""The ledger's one writer: a thread that empties the rings of all workers, and what else only the writer may do."""

from __future__ import annotations

import time
from threading import Lock, Thread
from typing import TYPE_CHECKING

from proveout.errors import ProveoutError
from proveout.gateway.keys import write_audits
from proveout.gateway.limits import Limiter, SharedSlots, spent_from_ledger
from proveout.gateway.record import Drain, Ring, recover, rings_folder
from proveout.ledger import Ledger
from proveout.store import Workspace, open_store

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from proveout.gateway.limits import Spent
    from proveout.gateway.server._fold import Fold

__all__ = ["Records"]


class Records:
    """Rings in, ledger entries out; and the limits that workers share, which begin with what the ledger says was spent.

    Args:
        home: of the gateway; its ledger is opened, and what a kill left in rings is written to it.
        workers: how many there will be.
        fold: counts what is committed.
        notice: called with a line about what goes on.

    Raises:
        WriterBusy: another gateway with this home runs.
        LedgerCorrupt: the ledger does not verify.
    """

    def __init__(self, home: Path, workers: int, fold: Fold, notice: Callable[[str], None]) -> None:
        self.fold = fold
        self._workspace = Workspace(home)
        self._lock = Lock()
        self._serial = 0
        self._stop = False
        self._rings: dict[Path, Ring] = {}
        self._failed: Callable[[ProveoutError], None] = lambda _error: None
        self._ledger = Ledger.open(self._workspace)
        try:
            found = recover(self._ledger, notice=notice)
            if found.records:
                notice(f"{found.records:,} records of a gateway that was killed are in the ledger now.")
            self.slots = self._workspace.state / "limits.slots"
            SharedSlots.create(self.slots, workers=workers)
            self._shared = SharedSlots(self.slots, 0)
            Limiter(self._shared).fill(spent_from_ledger(self._workspace, time.time()))
            self._drain = Drain(self._ledger, on_commit=fold.observe, notice=notice)
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
        with self._lock:
            self._serial += 1
            path = rings_folder(self._workspace) / f"w{number}-{self._serial}.ring"
            self._rings[path] = ring = Ring.create(path, capacity)
        self._drain.add(ring, line)
        return path

    def retire(self, number: int, path: Path) -> None:
        """A worker is gone: write what is left in its ring, and count what it held of limits as spent."""
        with self._lock:
            ring = self._rings.pop(path)
            self._shared.recover(number, time.time())
        self._drain.retire(ring)

    def spent(self, keys: Iterable[str]) -> dict[str, Spent]:
        """What each of these keys has spent, by its id."""
        with self._lock:
            now = time.time()
            return {key: self._shared.spent(f"key:{key}", now) for key in keys}

    def tell_keys(self) -> None:
        """Write what was done to keys, which the store keeps for the ledger."""
        with open_store(self._workspace) as store:
            write_audits(store, self._ledger)

    def close(self) -> None:
        """Write all that is in the rings, durably, and let go of the ledger."""
        self._stop = True
        self._drain.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._drain.close()
        self._shared.close()
        self._ledger.close()
        self.fold.close()

    def _run(self) -> None:
        try:
            self._drain.run(lambda: self._stop)
        except ProveoutError as error:
            self._failed(error)
