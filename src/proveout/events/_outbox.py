"""The SQLite outbox: an application writes events in the transaction of its own change; we take them from there."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from proveout.errors import EventInvalid
from proveout.events._database import BUSY_SECONDS, translated
from proveout.events._parse import MOST_BYTES, parse_event

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.events._event import Event
    from proveout.events._inbox import Inbox

__all__ = ["OUTBOX_SCHEMA", "OutboxSource", "write_outbox"]

OUTBOX_SCHEMA = """
CREATE TABLE IF NOT EXISTS proveout_outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, taken TEXT, refused TEXT)
"""
AT_ONCE = 500


def write_outbox(connection: sqlite3.Connection, event: Event) -> None:
    """Write an event in the caller's open transaction; it is sent if and only if that is committed.

    Example:
        >>> import sqlite3
        >>> from proveout.events import OUTBOX_SCHEMA, Event, write_outbox
        >>> shop = sqlite3.connect(":memory:")
        >>> _ = shop.execute(OUTBOX_SCHEMA)
        >>> with shop:
        ...     write_outbox(shop, Event(id="1", source="/shop", type="order.placed"))
        >>> shop.execute("SELECT count(*) FROM proveout_outbox WHERE taken IS NULL").fetchone()
        (1,)
        >>> shop.close()
    """
    connection.execute("INSERT INTO proveout_outbox (event) VALUES (?)", (event.to_json().decode(),))


class OutboxSource:
    """Polls the table ``proveout_outbox`` of another application's database.

    Rows are marked as taken once their events are on our disk; a kill in between has them taken twice, and the inbox
    drops the second. A row that holds no event is marked with the reason and passed over.

    Args:
        file: the application's database.
        inbox: where events go.
        seconds: between two looks.
    """

    def __init__(self, file: Path, inbox: Inbox, *, seconds: float = 1.0) -> None:
        self._file = file
        self._inbox = inbox
        self._seconds = seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until ``stop``."""
        while not stop.is_set():
            if await asyncio.to_thread(self.poll):
                continue
            try:
                await asyncio.wait_for(stop.wait(), self._seconds)
            except TimeoutError:
                continue

    def poll(self) -> int:
        """Take what waits, a batch at most; how many rows.

        Raises:
            DiskFull: our disk or that of the application is full; the rows stay.
            BusyError: the application keeps its database locked.
        """
        with translated(str(self._file)), closing(self._connect()) as connection:
            connection.execute(OUTBOX_SCHEMA)
            query = "SELECT seq, event FROM proveout_outbox WHERE taken IS NULL ORDER BY seq LIMIT ?"
            rows = connection.execute(query, (AT_ONCE,)).fetchall()
            events, refused = self._parsed(rows)
            self._inbox.accept(events, via="outbox")
            marks = [(refused.get(seq), seq) for seq, _ in rows]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "UPDATE proveout_outbox SET taken = datetime('now'), refused = ? WHERE seq = ?", marks
            )
            connection.execute("COMMIT")
        return len(rows)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)

    def _parsed(self, rows: list[tuple[int, str | bytes]]) -> tuple[list[Event], dict[int, str]]:
        events, refused = [], {}
        for seq, text in rows:
            body = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
            try:
                events.append(parse_event(body, most_bytes=MOST_BYTES))
            except EventInvalid as error:
                refused[seq] = error.why
                self._inbox.refuse(body, f"row {seq}: {error.why}", via="outbox")
        return events, refused
