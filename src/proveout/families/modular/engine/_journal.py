"""The journal: runs, and an append-only table of what their steps did."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from proveout.errors import JournalCorrupt
from proveout.families.modular.engine._database import open_database, translated, translated_sqlite_errors
from proveout.families.modular.engine._model import RunStatus, StepOutcome, StepRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Journal", "NewRun", "RunRow", "row_of"]


class NewRun(NamedTuple):
    """A run as it is written down first."""

    id: str
    key: str | None
    graph: str
    version: str
    source: str
    queue: str
    priority: int
    status: RunStatus
    created: float
    due: float
    input: bytes
    owner: str | None
    fence: int
    ledger_at: int | None


class RunRow(NamedTuple):
    """A run as it stands in the journal.

    ``fence`` changes whenever somebody else decides over the run, so that a worker which does not know it writes
    nothing more. ``traced`` says what of it is in the ledger: nothing (0), its start (1), its end (2).
    """

    run: int
    id: str
    key: str | None
    graph: str
    version: str
    source: str
    queue: str
    priority: int
    status: RunStatus
    created: float
    due: float
    ended: float | None
    input: bytes
    output: bytes | None
    error: bytes | None
    owner: str | None
    fence: int
    cancel: int
    crashes: int
    crashed_at: int
    traced: int
    ledger_at: int | None


def row_of(new: NewRun, run: int) -> RunRow:
    """A run that was written down just now."""
    return RunRow(run, *new[:10], None, new.input, None, None, new.owner, new.fence, 0, 0, -1, 0, new.ledger_at)


INSERT = f"INSERT INTO runs ({', '.join(NewRun._fields)}) VALUES ({', '.join('?' * len(NewRun._fields))})"  # noqa: S608
SELECT = f"SELECT {', '.join(RunRow._fields)} FROM runs"  # noqa: S608
APPEND = """
INSERT INTO steps (run, place, step, item, attempt, outcome, hash, content, started, wall, due, checksum)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM runs WHERE run = ? AND fence = ?"""
READ = """
SELECT step, item, attempt, outcome, hash, content, started, wall, due, checksum FROM steps
WHERE run = ? ORDER BY place"""


class Journal:
    """One connection, safe to share between the threads of a process; each call is one transaction.

    Args:
        path: of the SQLite file.

    Raises:
        JournalCorrupt: it is damaged, or another kind of file.
        NotWritable: this user may not write there.
        DiskFull: no space is left.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_database(path)
        self._appends = self._connection.cursor()
        self._lock = RLock()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All or nothing; on disk at the end where ``durable``, with all that was committed before.

        Raises:
            DiskFull: no space is left; nothing of it was kept.
        """
        with self._lock, translated_sqlite_errors(self.path), self._synchronous(durable=durable):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has itself taken back what met a full disk.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _synchronous(self, *, durable: bool) -> Iterator[None]:
        """Commits are synced within, the whole write-ahead log with them."""
        if durable:
            self._connection.execute("PRAGMA synchronous=FULL")
        try:
            yield
        finally:
            if durable:
                self._connection.execute("PRAGMA synchronous=NORMAL")

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """One statement, alone or in a `transaction`; gives the number of rows changed."""
        with self._lock, translated_sqlite_errors(self.path):
            return self._connection.execute(statement, values).rowcount

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a question."""
        with self._lock, translated_sqlite_errors(self.path):
            return self._connection.execute(statement, values).fetchall()

    def insert(self, run: NewRun) -> int:
        """Write a run down; gives its number."""
        with self._lock, translated_sqlite_errors(self.path):
            return cast("int", self._connection.execute(INSERT, run).lastrowid)

    def rows(self, where: str, values: Sequence[Any] = ()) -> list[RunRow]:
        """Runs that meet a condition."""
        return [RunRow(*row) for row in self.query(f"{SELECT} WHERE {where}", values)]

    def find(self, run_id: str) -> RunRow | None:
        """The run of that id."""
        return next(iter(self.rows("id = ?", (run_id,))), None)

    def append(self, run: int, fence: int, place: int, record: StepRecord) -> bool:
        """Write one record at its place; False, and nothing written, when the fence is another by now."""
        values = (
            *(run, place, record.step, record.item, record.attempt, record.outcome, record.hash, record.content),
            *(record.started, record.wall_seconds, record.due, _checksum(record.hash, record.content), run, fence),
        )
        with self._lock:
            try:
                return self._appends.execute(APPEND, values).rowcount == 1
            except sqlite3.Error as error:
                # Without a context manager, which would take a tenth of the time of it all.
                raise translated(error, self.path) from error

    def append_synced(self, run: int, fence: int, place: int, record: StepRecord) -> bool:
        """The same, on disk before it returns."""
        with self._lock, self._synchronous(durable=True):
            return self.append(run, fence, place, record)

    def records(self, row: RunRow) -> list[StepRecord]:
        """What the steps of a run did, in order.

        Raises:
            JournalCorrupt: a record is not what was written.
        """
        return [self._record(row, place, line) for place, line in enumerate(self.query(READ, (row.run,)))]

    def _record(self, row: RunRow, place: int, line: tuple[Any, ...]) -> StepRecord:
        step, item, attempt, outcome, digest, content, started, wall, due, checksum = line
        if not isinstance(content, bytes) or _checksum(digest, content) != checksum:
            why = f"record {place} of run {row.id}, of step {step}, does not match its checksum"
            fix = "restore the file from a backup; other runs can go on"
            raise JournalCorrupt("the journal is damaged", why=why, fix=fix, about=str(self.path))
        return StepRecord(
            step=step,
            item=item,
            attempt=attempt,
            outcome=cast("StepOutcome", outcome),
            hash=digest,
            content=content,
            started=started,
            wall_seconds=wall,
            due=due,
        )

    def close(self) -> None:
        """Fold the write-ahead log back, unless another process is at it, and close the file."""
        with self._lock:
            self._connection.close()


def _checksum(digest: bytes, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(digest))
