"""Who may drive which run: one living worker at a time."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from proveout.errors import ProveoutError, RunNotFound, RunNotReady
from proveout.families.modular.engine._model import FINAL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from proveout.families.modular.engine._alive import SignOfLife
    from proveout.families.modular.engine._journal import Journal, RunRow

__all__ = ["Claims"]

CLAIM = """
UPDATE runs SET status = 'running', owner = ?, fence = fence + 1, crashes = ?, crashed_at = ? WHERE run = ?"""
LEAVE = "UPDATE runs SET owner = NULL WHERE run = ? AND fence = ? AND status = 'running'"
# A run that waits for no time is due since it was made, also where the clock was turned back since.
QUEUED = "status = 'queued' AND (due <= ? OR due = created)"


class Claims:
    """Gives runs to one worker.

    Args:
        journal: of the runs.
        worker: its sign of life.
        known: (name, version) of each graph it can run.
    """

    def __init__(self, journal: Journal, worker: SignOfLife, known: Sequence[tuple[str, str]]) -> None:
        self._journal = journal
        self._worker = worker
        self._known = known
        self._active: set[int] = set()
        self.set_aside: set[int] = set()

    def begin(self, run: int) -> None:
        """A run is driven by a thread of this worker now."""
        self._active.add(run)

    @contextmanager
    def held(self, row: RunRow) -> Iterator[None]:
        """While a thread of this worker drives a run; one that it gives up alive is nobody's, and no crash."""
        try:
            yield
        except BaseException:
            # A disk that is full refuses this too, and a run that is still this worker's is taken over all the same.
            with suppress(ProveoutError):
                self._journal.execute(LEAVE, (row.run, row.fence))
            raise
        finally:
            self._active.discard(row.run)

    def take(self, run_id: str) -> RunRow:
        """Claim one run, due or not.

        Raises:
            RunNotFound: there is none of that id.
            RunNotReady: it waits for a person, or a living worker is at it.
        """
        with self.claiming():
            row = self.get(run_id)
            if row.status == "waiting" and not row.cancel:
                fix = f"answer first: proveout runs approve DIR {run_id} STEP --yes"
                raise RunNotReady("the run waits for a person", why="no answer is in", fix=fix, about=run_id)
            if row.status == "running" and not self.is_left(row):
                why = "a living worker is at it"
                raise RunNotReady("the run goes on elsewhere", why=why, fix="wait for it to end", about=run_id)
            return row if row.status in FINAL else self._claimed(row)

    def get(self, run_id: str) -> RunRow:
        """The run of that id.

        Raises:
            RunNotFound: there is none.
        """
        row = self._journal.find(run_id)
        if row is None:
            fix = "list them with: proveout runs list DIR"
            raise RunNotFound("no such run", why="the journal holds none of that id", fix=fix, about=run_id)
        return row

    def next(self, queues: Collection[str], now: float) -> RunRow | None:
        """Claim the due run of the highest priority, the oldest first, in a queue that has room.

        Args:
            queues: to look in; empty for all.
            now: seconds since the epoch.
        """
        # A look without a lock first: an idle worker must not keep others from writing.
        if not self._journal.query("SELECT 1 FROM runs WHERE status IN ('queued', 'running') LIMIT 1"):
            return None
        with self.claiming():
            running = self._journal.rows("status = 'running'")
            left = [row for row in running if self.is_left(row)]
            full = self._full([row for row in running if row not in left])
            fits = [row for row in left if self._fits(row, queues) and row.queue not in full]
            fits += self._first_queued(queues, full, now)
            if not fits:
                return None
            return self._claimed(min(fits, key=lambda row: (-row.priority, row.due, row.run)))

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """A transaction; a claim that is not committed is none."""
        begun: set[int] = set()
        try:
            with self._journal.transaction():
                # Within: what other threads begin meanwhile is theirs.
                before = set(self._active)
                try:
                    yield
                finally:
                    begun = self._active - before
        except BaseException:
            self._active -= begun
            raise

    def _first_queued(self, queues: Collection[str], full: Collection[str], now: float) -> list[RunRow]:
        """At most one."""
        known = [f"{name} {version}" for name, version in self._known]
        conditions = [f"graph || ' ' || version IN ({_marks(known)})", f"queue NOT IN ({_marks(full)})"]
        values = [*known, *full]
        if queues:
            conditions.append(f"queue IN ({_marks(queues)})")
            values += queues
        where = " AND ".join([QUEUED, *conditions, f"run NOT IN ({_marks(self.set_aside)})"])
        return self._journal.rows(f"{where} ORDER BY priority DESC, due, run LIMIT 1", (now, *values, *self.set_aside))

    def left(self) -> list[str]:
        """Ids of the runs whose worker is dead, the oldest first."""
        return [row.id for row in self._journal.rows("status = 'running' ORDER BY run") if self.is_left(row)]

    def _full(self, running: list[RunRow]) -> list[str]:
        """Limited queues that have as many runs at work as they may."""
        at_work = Counter(row.queue for row in running)
        limits = self._journal.query("SELECT name, most_running FROM queues")
        return [name for name, most in limits if at_work[name] >= most]

    def _fits(self, row: RunRow, queues: Collection[str]) -> bool:
        mine = (row.graph, row.version) in self._known and row.run not in self.set_aside
        return mine and (not queues or row.queue in queues)

    def is_left(self, row: RunRow) -> bool:
        """Whether nobody alive is at a run that is written down as running."""
        if row.owner == self._worker.id:
            return row.run not in self._active
        return row.owner is None or not self._worker.sees(row.owner)

    def _claimed(self, row: RunRow) -> RunRow:
        """This worker's run; a death at the same place as the last one is counted."""
        crashes, place = row.crashes, row.crashed_at
        if row.status == "running" and row.owner not in {None, self._worker.id}:
            place = self._journal.query("SELECT count(*) FROM steps WHERE run = ?", (row.run,))[0][0]
            crashes = crashes + 1 if place == row.crashed_at else 1
        self._journal.execute(CLAIM, (self._worker.id, crashes, place, row.run))
        self.begin(row.run)
        return row._replace(
            status="running", owner=self._worker.id, fence=row.fence + 1, crashes=crashes, crashed_at=place
        )


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
