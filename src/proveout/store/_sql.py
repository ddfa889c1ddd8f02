"""The store on SQLAlchemy Core: SQLite in WAL mode with synchronous=FULL; the statements are portable SQL."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, delete, event, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from proveout.errors import BusyError, DiskFull, NotWritable, ProveoutError, SetupError, StoreCorrupt
from proveout.store._files import translated_os_errors
from proveout.store._store import SubjectKey
from proveout.store._tables import (
    API_KEYS,
    CONFIGURATION,
    METADATA,
    PENDING_AUDITS,
    SCHEMA_VERSION,
    SECRETS,
    SUBJECT_KEYS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from sqlalchemy import Connection, Engine

    from proveout.store._store import ApiKeyChange, Store
    from proveout.store._workspace import Workspace

__all__ = ["SqlStore", "open_sql_store"]

KEY_BYTES = 32
KEY_ID_BYTES = 16
BUSY_SECONDS = 10
_VERSION, _API_KEYS_VERSION = "schema_version", "api_keys.version"
# What SQLite's messages mean in our words; checked in order.
_MEANINGS: tuple[tuple[str, type[ProveoutError], str], ...] = (
    ("database or disk is full", DiskFull, "free some space and run the same command again"),
    ("readonly", NotWritable, "give this user write permission, or choose another folder"),
    ("unable to open", NotWritable, "give this user write permission, or choose another folder"),
    ("locked", BusyError, "wait for the other process to end and run the same command again"),
)


def open_sql_store(workspace: Workspace) -> Store:
    """See `proveout.store.open_store`."""
    workspace.ensure()
    _make_private(workspace.database)
    engine = create_engine(
        URL.create("sqlite", database=str(workspace.database)), connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine, "connect", _on_connect)
    store = SqlStore(engine, about=str(workspace.database))
    try:
        store.migrate()
    except ProveoutError:
        store.close()
        raise
    return store


class SqlStore:
    """A `Store` on any database that SQLAlchemy Core speaks to.

    Args:
        engine: connected to the database.
        about: names the database in errors.
        clock: seconds since the epoch.

    Example:
        >>> from sqlalchemy import create_engine
        >>> with SqlStore(create_engine("sqlite://"), about="memory") as store:
        ...     store.migrate()
        ...     len(store.secret("ledger.signing"))
        32
    """

    def __init__(self, engine: Engine, *, about: str, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._about = about
        self._clock = clock

    def migrate(self) -> None:
        """Make missing tables; refuse a schema newer than this code. Several processes may do it at once."""
        with self._begin() as connection:
            connection.execute(CreateTable(CONFIGURATION, if_not_exists=True))
            found = int(_value(connection, _VERSION) or 0)
            if found < SCHEMA_VERSION:
                _create_tables(connection)
        if found > SCHEMA_VERSION:
            why = f"its schema is version {found}, this code knows {SCHEMA_VERSION}"
            raise SetupError("cannot use the store", why=why, fix="upgrade Proveout", about=self._about)
        if found < SCHEMA_VERSION:
            self._insert(insert(CONFIGURATION).values(name=_VERSION, value=str(SCHEMA_VERSION)))
            self.put(_VERSION, str(SCHEMA_VERSION))

    def get(self, name: str) -> str | None:
        """The configured value, or None."""
        with self._begin() as connection:
            return _value(connection, name)

    def put(self, name: str, value: str) -> None:
        """Set a configured value; durable on return."""
        with self._begin() as connection:
            _set_value(connection, name, value)

    def secret(self, name: str) -> bytes:
        """32 random bytes, made at the first call and the same ever after."""
        query = select(SECRETS.c.material).where(SECRETS.c.name == name)
        found = self._first(query)
        if found is None:
            self._insert(insert(SECRETS).values(name=name, material=secrets.token_bytes(KEY_BYTES)))
            found = self._first(query)
        return bytes(found[0])

    def subject_key(self, subject: str) -> SubjectKey:
        """The subject's key, made and durable at the first call."""
        query = select(SUBJECT_KEYS).where(SUBJECT_KEYS.c.subject == subject)
        found = self._first(query)
        if found is None:
            fresh = {"id": secrets.token_bytes(KEY_ID_BYTES), "material": secrets.token_bytes(KEY_BYTES)}
            self._insert(insert(SUBJECT_KEYS).values(subject=subject, **fresh))
            found = self._first(query)
        return SubjectKey(found.id, found.subject, found.material)

    def find_key(self, key_id: bytes) -> SubjectKey | None:
        """The key of that id, erased or not; None when there never was one."""
        found = self._first(select(SUBJECT_KEYS).where(SUBJECT_KEYS.c.id == key_id))
        return None if found is None else SubjectKey(found.id, found.subject, found.material)

    def find_subject(self, subject: str) -> SubjectKey | None:
        """The subject's key; None when there is none, or no longer."""
        found = self._first(select(SUBJECT_KEYS).where(SUBJECT_KEYS.c.subject == subject))
        return None if found is None else SubjectKey(found.id, found.subject, found.material)

    def erase_subject(self, subject: str) -> None:
        """Destroy the subject's key, if there is one: overwritten in the file, and gone from the write-ahead log.

        Raises:
            BusyError: another process holds the write-ahead log open; the key is deleted, but its old bytes are not
                scrubbed yet. Run again.
        """
        erased = {"subject": None, "material": None, "erased_at": int(self._clock())}
        with self._begin() as connection:
            connection.execute(update(SUBJECT_KEYS).where(SUBJECT_KEYS.c.subject == subject).values(**erased))
        self._scrub()

    def api_keys(self) -> list[tuple[str, bytes]]:
        """Id and record of each API key, sorted by id."""
        with self._begin() as connection:
            found = connection.execute(select(API_KEYS.c.id, API_KEYS.c.record).order_by(API_KEYS.c.id))
            return [(row.id, bytes(row.record)) for row in found]

    def api_keys_version(self) -> str:
        """Another value after each change of API keys, by whatever process; "" before the first."""
        return self.get(_API_KEYS_VERSION) or ""

    def change_api_keys(self, changes: Sequence[ApiKeyChange], audit: bytes) -> bool:
        """Make these changes and remember what to tell the ledger; see `Store.change_api_keys`."""
        try:
            with self._begin() as connection:
                # Writing comes first: SQLite lets nobody else write from then on, so that what follows cannot be late.
                connection.execute(insert(PENDING_AUDITS).values(record=audit))
                for change in changes:
                    _change_api_key(connection, change)
                _set_value(connection, _API_KEYS_VERSION, secrets.token_hex(8))
        except (_Stale, IntegrityError):
            return False
        return True

    def pending_audits(self) -> list[tuple[int, bytes]]:
        """What changes of API keys are still to tell the ledger, in the order of the changes."""
        with self._begin() as connection:
            found = connection.execute(select(PENDING_AUDITS).order_by(PENDING_AUDITS.c.number))
            return [(row.number, bytes(row.record)) for row in found]

    def clear_audits(self, numbers: Collection[int]) -> None:
        """Forget what has been written to the ledger."""
        with self._begin() as connection:
            for number in numbers:
                connection.execute(delete(PENDING_AUDITS).where(PENDING_AUDITS.c.number == number))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _scrub(self) -> None:
        if self._engine.dialect.name != "sqlite":
            return
        outside_transactions = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with outside_transactions.connect() as connection:
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        if busy:
            why = "another process reads the store, so its write-ahead log cannot be emptied"
            raise BusyError("cannot scrub the key", why=why, fix="run the same command again", about=self._about)

    def _first(self, query: Any) -> Any:
        with self._begin() as connection:
            return connection.execute(query).first()

    def _insert(self, statement: Any) -> None:
        try:
            with self._begin() as connection:
                connection.execute(statement)
        except IntegrityError:
            return  # another process made the same row first, and the caller reads that one

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except (OperationalError, DatabaseError) as error:
            raise self._translate(error) from error

    def _translate(self, error: DatabaseError) -> ProveoutError:
        said = str(error.orig)
        for fragment, meaning, fix in _MEANINGS:
            if fragment in said:
                return meaning("cannot use the store", why=said, fix=fix, about=self._about)
        fix = "restore .proveout from a backup; without its keys, encrypted entries cannot be read"
        return StoreCorrupt("cannot use the store", why=said, fix=fix, about=self._about)


def _value(connection: Connection, name: str) -> str | None:
    found = connection.execute(select(CONFIGURATION.c.value).where(CONFIGURATION.c.name == name)).first()
    return None if found is None else str(found[0])


def _set_value(connection: Connection, name: str, value: str) -> None:
    changed = connection.execute(update(CONFIGURATION).where(CONFIGURATION.c.name == name).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(CONFIGURATION).values(name=name, value=value))


def _create_tables(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))


class _Stale(Exception):
    """A row is not what it was when it was read."""


def _change_api_key(connection: Connection, change: ApiKeyChange) -> None:
    if change.old is None:
        connection.execute(insert(API_KEYS).values(id=change.id, record=change.new))
        return
    as_read = (API_KEYS.c.id == change.id, API_KEYS.c.record == change.old)
    changed = (
        connection.execute(delete(API_KEYS).where(*as_read))
        if change.new is None
        else connection.execute(update(API_KEYS).where(*as_read).values(record=change.new))
    )
    if changed.rowcount == 0:
        raise _Stale


def _make_private(database: Path) -> None:
    with translated_os_errors(database):
        try:
            descriptor = os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            # Opening and closing it once more would let go of the locks that SQLite has on it for another connection
            # of this process (POSIX, fcntl), and another process could then cut off the write-ahead log under it.
            return
        # SQLite gives its -wal and -shm files the permissions of the database.
        os.close(descriptor)


def _on_connect(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
