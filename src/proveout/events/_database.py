"""SQLite as the events need it: durable, shared between threads, its errors told in our words."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

from proveout.errors import BusyError, DiskFull, NotWritable, ProveoutError, SetupError, StoreCorrupt
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Database", "translated"]

BUSY_SECONDS = 10.0
# synchronous=FULL: what was committed is on the disk, also after a loss of power.
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
# What SQLite's messages mean in our words; checked in order.
_MEANINGS: tuple[tuple[str, type[ProveoutError], str], ...] = (
    ("disk is full", DiskFull, "free some space; nothing acknowledged was lost"),
    ("readonly", NotWritable, "give this user write permission, or choose another folder"),
    ("unable to open", NotWritable, "give this user write permission, or choose another folder"),
    ("locked", BusyError, "wait for the other process to end and try again"),
)


class Database:
    """One SQLite file, and one connection to it that threads take turns at.

    Args:
        file: None keeps everything in memory.
        schema: statements, parted by ``;``.
        version: of the schema.
    """

    def __init__(self, file: Path | None, connection: sqlite3.Connection) -> None:
        self.about = str(file) if file else "the inbox in memory"
        self._connection = connection
        self._turn = RLock()

    @classmethod
    def open(cls, file: Path | None, *, schema: str, version: int) -> Self:
        """Open the file, making it at first use.

        Raises:
            NotWritable: this user may not write there.
            DiskFull: no space is left.
            StoreCorrupt: the file is not a database, or is damaged.
            SetupError: it was made by a newer version of Proveout.
        """
        if file is not None:
            with translated_os_errors(file):
                file.parent.mkdir(parents=True, exist_ok=True)
        with translated(str(file)):
            target = str(file) if file else ":memory:"
            connection = sqlite3.connect(target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        made = cls(file, connection)
        try:
            with translated(made.about):
                for pragma in _PRAGMAS:
                    connection.execute(f"PRAGMA {pragma}")
            made._migrate(schema, version)
        except BaseException:
            connection.close()
            raise
        return made

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing of it; durable at its end."""
        with self._turn, translated(self.about):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Rows of a query."""
        with self._turn, translated(self.about):
            return self._connection.execute(query, values).fetchall()

    def _migrate(self, schema: str, version: int) -> None:
        with self.transaction() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found > version:
                why = f"its schema is version {found}, this code knows {version}"
                raise SetupError("cannot use the inbox", why=why, fix="upgrade Proveout", about=self.about)
            if found == 0:
                for statement in schema.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version}")


@contextmanager
def translated(about: str) -> Iterator[None]:
    """Turn errors of SQLite into ours."""
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        for fragment, meaning, fix in _MEANINGS:
            if fragment in said:
                raise meaning("cannot use the database", why=said, fix=fix, about=about) from error
        fix = "restore the file from a backup, or move it away to begin anew"
        raise StoreCorrupt("cannot use the database", why=said, fix=fix, about=about) from error
