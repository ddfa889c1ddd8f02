"""The journal's SQLite file: its tables, how it is opened, and what its errors mean."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from proveout.errors import DiskFull, JournalCorrupt, NotWritable, ProveoutError, WorkflowInvalid, WriterBusy
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["open_database", "translated", "translated_sqlite_errors"]

BUSY_SECONDS = 30.0
SCHEMA = 1
# Small pages: a step writes one or two of them to the write-ahead log. The log is folded back every 8 MB.
PRAGMAS = "PRAGMA page_size=1024; PRAGMA wal_autocheckpoint=8000; PRAGMA synchronous=NORMAL;"
TABLES = """
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT UNIQUE,
    graph TEXT NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    created REAL NOT NULL,
    due REAL NOT NULL,
    ended REAL,
    input BLOB NOT NULL,
    output BLOB,
    error BLOB,
    owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    cancel INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    crashed_at INTEGER NOT NULL DEFAULT -1,
    traced INTEGER NOT NULL DEFAULT 0,
    ledger_at INTEGER
);
CREATE INDEX runs_open ON runs (status, priority DESC, due) WHERE status IN ('queued', 'running');
CREATE INDEX runs_untraced ON runs (traced) WHERE traced < 2;
CREATE TABLE steps (
    run INTEGER NOT NULL,
    place INTEGER NOT NULL,
    step TEXT NOT NULL,
    item INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    hash BLOB NOT NULL,
    content BLOB NOT NULL,
    started REAL NOT NULL,
    wall REAL NOT NULL,
    due REAL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (run, place)
) WITHOUT ROWID;
CREATE TRIGGER steps_stay BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER steps_remain BEFORE DELETE ON steps BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE queues (name TEXT PRIMARY KEY, most_running INTEGER NOT NULL);
CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    graph TEXT NOT NULL,
    input BLOB NOT NULL,
    cron TEXT NOT NULL,
    every REAL NOT NULL,
    zone TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    next REAL NOT NULL,
    last REAL
);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the journal, made when it is not there.

    Raises:
        JournalCorrupt: it is damaged, or another kind of file.
        NotWritable: this user may not write there.
        DiskFull: no space is left.
        WriterBusy: another process holds it for longer than 30 s.
    """
    with translated_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with translated_sqlite_errors(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.executescript(PRAGMAS)
    if _version(connection) == 0:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have made it meanwhile.
        if _version(connection) == 0:
            _refuse_strangers(connection, path)
            for statement in _statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={SCHEMA}")
        connection.execute("COMMIT")
    found = _version(connection)
    if found != SCHEMA or not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'steps'").fetchall():
        why = f"its schema is version {found}, and this version of Proveout writes {SCHEMA}"
        raise JournalCorrupt("not a journal of runs", why=why, fix="name another file", about=str(path))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_strangers(connection: sqlite3.Connection, path: Path) -> None:
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()]
    if tables:
        why = f"it holds {', '.join(sorted(tables))}"
        raise JournalCorrupt("not a journal of runs", why=why, fix="name another file", about=str(path))


def _statements() -> Iterator[str]:
    """One by one, since ``executescript`` would commit first."""
    statement = ""
    for line in TABLES.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_DENIED = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@contextmanager
def translated_sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a full disk, damage, permission and locks into errors of ours; let others through."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error
    except (UnicodeEncodeError, OverflowError) as error:
        fix = "use text of whole characters, and numbers of 64 bits"
        raise WorkflowInvalid("a value cannot be kept", why=str(error), fix=fix, about=str(path)) from error


def translated(error: sqlite3.Error, path: Path) -> Exception:
    """The error of ours for one of SQLite's, or that itself where there is none."""
    return _translate(error, path) or error


def _translate(error: sqlite3.Error, path: Path) -> ProveoutError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    why, about = str(error), str(path)
    if code == sqlite3.SQLITE_FULL:
        fix = "free some space and resume the run: what was committed stands"
        return DiskFull("cannot write", why=why, fix=fix, about=about)
    if code in _CORRUPT:
        fix = "restore the file from a backup, its -wal file with it"
        return JournalCorrupt("the journal is damaged", why=why, fix=fix, about=about)
    if code in _DENIED:
        fix = "give this user write permission to the file and its folder, or choose another"
        return NotWritable("cannot write", why=why, fix=fix, about=about)
    if code in _BUSY:
        fix = "wait for the other process, or stop it"
        return WriterBusy("the journal is locked", why=why, fix=fix, about=about)
    return None
