"""The inbox: every event is on disk before it is acknowledged, and stays until what it triggers is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.events._database import Database
from proveout.events._event import invalid
from proveout.events._gate import Kept, decode_context, encode_context
from proveout.events._order import Planner
from proveout.events._parse import MOST_DEPTH, parse_event
from proveout.events._tables import SCHEMA, SCHEMA_VERSION, Accepted, Delivery, Finished, Refusal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from proveout.events._clock import Clock
    from proveout.events._event import Event
    from proveout.events._order import Planned
    from proveout.events._trigger import Trigger

__all__ = ["Inbox"]

REFUSED_BYTES = 64 * 1024
REFUSED_KEPT = 1000
SECOND = 1_000_000_000
NO_LIMIT = 2**62
_DELIVERY = "d.event, e.body, d.trigger, d.key, d.position, d.run, d.attempts, d.received, d.forced"
_JOINED = f"SELECT {_DELIVERY} FROM deliveries d JOIN events e ON e.seq = d.event"  # noqa: S608  a literal
_REQUEUE = (
    "UPDATE deliveries SET state = 'waiting', attempts = 0, forced = 1, run = run + ?, due = ?, outcome = '',"
    " reason = ''"
)
_WAITING = "trigger = :trigger AND key = :key AND state = 'waiting' AND attempts = 0"
_DEBOUNCE = (
    f"UPDATE deliveries SET due = min(:due, (SELECT min(received) FROM deliveries WHERE {_WAITING}) + :most)"  # noqa: S608  a literal
    f" WHERE {_WAITING}"
)
_FORGET_POSITIONS = (
    "DELETE FROM positions WHERE NOT EXISTS"
    " (SELECT 1 FROM deliveries d WHERE d.trigger = positions.trigger AND d.key = positions.key)"
)
_WITH_REASON = _JOINED.replace(" FROM", ", d.reason FROM", 1)


class Inbox:
    """At least once, in the order that each trigger declares; any number of threads and processes may hand in.

    Args:
        database: opened with the schema of the inbox.
        triggers: who the events are for.
        clock: for the time of receipt.
        salt: makes the idempotency keys of a replay others than those of live events.

    Example:
        >>> from proveout.events import Event, ManualClock, Trigger
        >>> inbox = Inbox.open(None, [Trigger(name="t", types=("a",))], ManualClock())
        >>> inbox.accept([Event(id="1", source="/s", type="a")] * 2, via="http")
        Accepted(accepted=1, duplicates=1, unmatched=0)
        >>> [delivery.trigger for delivery in inbox.take(10)]
        ['t']
    """

    def __init__(self, database: Database, triggers: Sequence[Trigger], clock: Clock, *, salt: str = "") -> None:
        self._database = database
        self._triggers = {trigger.name: trigger for trigger in triggers}
        self._planner = Planner(list(triggers))
        self._clock = clock
        self._salt = salt
        self._again = False

    @classmethod
    def open(cls, file: Path | None, triggers: Sequence[Trigger], clock: Clock, *, salt: str = "") -> Self:
        """Open the inbox in a file, making it at first use; None keeps it in memory.

        Raises:
            NotWritable: this user may not write there.
            DiskFull: no space is left.
            StoreCorrupt: the file is damaged.
        """
        return cls(Database.open(file, schema=SCHEMA, version=SCHEMA_VERSION), triggers, clock, salt=salt)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def accept(self, events: Sequence[Event], *, via: str) -> Accepted:
        """Store events, all or none; durable on return.

        Raises:
            DiskFull: no space is left; nothing of it was kept.
            BusyError: another process keeps the file locked.
        """
        return self.accept_each([events], via=via)[0]

    def accept_each(self, groups: Sequence[Sequence[Event]], *, via: str) -> list[Accepted]:
        """As `accept` for several callers, with one sync for all of them: all are stored or none."""
        now = self._clock.wall()
        with self._database.transaction() as connection:
            found = [self._store(connection, events, via, now) for events in groups]
            _count(connection, "duplicates", sum(one.duplicates for one in found))
        return found

    def _store(self, connection: sqlite3.Connection, events: Sequence[Event], via: str, now: int) -> Accepted:
        accepted = duplicates = unmatched = 0
        for event in events:
            done = connection.execute(
                "INSERT OR IGNORE INTO events (source, id, via, received, body) VALUES (?, ?, ?, ?, ?)",
                (event.source, event.id, via, now, _body(event)),
            )
            if not done.rowcount:
                duplicates += 1
                continue
            accepted += 1
            seq = done.lastrowid or 0
            planned = self._planner.plan(event, seq=seq, now=now)
            unmatched += not planned
            for one in planned:
                _insert(connection, seq, one, now)
        return Accepted(accepted=accepted, duplicates=duplicates, unmatched=unmatched)

    def refuse(self, body: bytes, reason: str, *, via: str) -> None:
        """Keep what is no event, so that it can be looked at; the last thousand are kept."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO refused (via, received, reason, body) VALUES (?, ?, ?, ?)",
                (via, self._clock.wall(), reason, body[:REFUSED_BYTES]),
            )
            connection.execute("DELETE FROM refused WHERE seq <= (SELECT max(seq) FROM refused) - ?", (REFUSED_KEPT,))

    def refused(self) -> list[Refusal]:
        """What was refused, newest first."""
        rows = self._database.read("SELECT via, received, reason, body FROM refused ORDER BY seq DESC")
        return [Refusal(via=via, received=at, reason=reason, body=body) for via, at, reason, body in rows]

    def take(self, limit: int) -> list[Delivery]:
        """Hand out what is due, in order; each counts as tried from now on, durably.

        One that was tried before comes alone: should it bring the process down, it drags no other with it.
        """
        now = self._clock.wall()
        with self._database.transaction() as connection:
            due = self._due(connection, "attempts = 0", now, limit)
            again = self._due(connection, "attempts > 0", now, 1)
            # In turn, so that neither those that fail nor those that are new keep the others waiting.
            self._again = bool(again) and not (self._again and due)
            taken = again if self._again else self._with_earlier(connection, due)
            marks = [(one.seq, one.trigger) for one in taken]
            connection.executemany(
                "UPDATE deliveries SET state = 'running', attempts = attempts + 1 WHERE event = ? AND trigger = ?",
                marks,
            )
        return taken

    def _due(self, connection: sqlite3.Connection, which: str, now: int, limit: int) -> list[Delivery]:
        query = f"{_JOINED} WHERE d.state = 'waiting' AND d.due <= ? AND d.{which} ORDER BY d.due, d.position LIMIT ?"
        return [self._delivery(row) for row in connection.execute(query, (now, limit))]

    def _delivery(self, row: Sequence[Any]) -> Delivery:
        seq, body, trigger, key, position, run, attempts, received, forced = row
        return Delivery(
            seq=seq,
            event=parse_event(body, most_bytes=NO_LIMIT),
            trigger=trigger,
            key=key,
            position=position,
            run=run,
            attempts=attempts,
            received=received,
            forced=bool(forced),
            salt=self._salt,
        )

    def _with_earlier(self, connection: sqlite3.Connection, due: list[Delivery]) -> list[Delivery]:
        """Each due delivery behind those of its key that stand before it, due or not."""
        taken: dict[tuple[int, str], Delivery] = {}
        for one in due:
            trigger = self._triggers.get(one.trigger)
            if trigger is not None and (trigger.order != "arrival" or trigger.coalesce):
                query = (
                    f"{_JOINED} WHERE d.trigger = ? AND d.key = ? AND d.state = 'waiting' AND d.attempts = 0"
                    " AND d.position <= ? ORDER BY d.position, d.event"
                )
                for row in connection.execute(query, (one.trigger, one.key, one.position)):
                    earlier = self._delivery(row)
                    taken.setdefault((earlier.seq, earlier.trigger), earlier)
            taken.setdefault((one.seq, one.trigger), one)
        return list(taken.values())

    def is_late(self, delivery: Delivery) -> bool:
        """Whether one that stands behind it was handled already."""
        query = "SELECT position FROM positions WHERE trigger = ? AND key = ?"
        rows = self._database.read(query, (delivery.trigger, delivery.key))
        return bool(rows) and delivery.position < rows[0][0]

    def finish(self, results: Sequence[Finished], *, counts: dict[str, int], forgotten: Sequence[Any] = ()) -> None:
        """Write down how tries ended, all or none, with what the gates remember.

        Args:
            results: of deliveries that were taken.
            counts: numbers to set by name.
            forgotten: (trigger, key) of what the gates let go of.
        """
        now = self._clock.wall()
        with self._database.transaction() as connection:
            for one in results:
                _finish(connection, one, now)
            connection.executemany("DELETE FROM gates WHERE trigger = ? AND key = ?", forgotten)
            for name, number in counts.items():
                connection.execute("INSERT OR REPLACE INTO counts VALUES (?, ?)", (name, number))

    def running(self) -> list[Delivery]:
        """Taken and not finished: what a process that died was at."""
        return [
            self._delivery(row) for row in self._database.read(f"{_JOINED} WHERE d.state = 'running' ORDER BY d.event")
        ]

    def put_back(self) -> None:
        """Let what is running wait again.

        What was received in the future, because a clock was set back while nobody ran, is due now.
        """
        now = self._clock.wall()
        with self._database.transaction() as connection:
            connection.execute("UPDATE deliveries SET state = 'waiting', due = ? WHERE state = 'running'", (now,))
            connection.execute(
                "UPDATE deliveries SET due = ? WHERE state = 'waiting' AND received > ? + ?", (now, now, SECOND)
            )

    def shift(self, nanoseconds: int) -> None:
        """Move everything that waits along with a wall clock that was set."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET due = due + ?, received = received + ? WHERE state = 'waiting'",
                (nanoseconds, nanoseconds),
            )

    def requeue(self, state: str, *, trigger: str = "", ids: Collection[str] = ()) -> int:
        """Hand out again what is ``dead``, with the same idempotency key, or ``done``, with a new one.

        Returns:
            How many deliveries.
        """
        where = "state = ?"
        values: list[Any] = [state == "done", self._clock.wall(), state]
        if trigger:
            where += " AND trigger = ?"
            values.append(trigger)
        if ids:
            where += f" AND event IN (SELECT seq FROM events WHERE id IN ({','.join('?' * len(ids))}))"  # noqa: S608  marks
            values += ids
        with self._database.transaction() as connection:
            return connection.execute(f"{_REQUEUE} WHERE {where}", values).rowcount

    def next_due(self) -> int | None:
        """When the next delivery is due, nanoseconds since the epoch; None when nothing waits."""
        return self._database.read("SELECT min(due) FROM deliveries WHERE state = 'waiting'")[0][0]  # type: ignore[no-any-return]

    def states(self) -> dict[str, int]:
        """Deliveries by outcome, or by state where there is none yet; and duplicates dropped."""
        query = "SELECT iif(outcome = '', state, outcome) AS o, count(*) FROM deliveries GROUP BY o ORDER BY o"
        return dict(self._database.read(query)) | {"duplicates": self.count("duplicates")}

    def dead(self) -> list[tuple[Delivery, str]]:
        """Dead letters with their reasons, oldest first."""
        rows = self._database.read(f"{_WITH_REASON} WHERE d.state = 'dead' ORDER BY d.event")
        return [(self._delivery(row[:-1]), row[-1]) for row in rows]

    def count(self, name: str) -> int:
        """A number that was counted or set; 0 when it never was."""
        rows = self._database.read("SELECT number FROM counts WHERE name = ?", (name,))
        return rows[0][0] if rows else 0

    def received_after(self, seq: int, limit: int) -> list[tuple[int, str, bytes]]:
        """(number, how it came, body) of events stored after that number."""
        query = "SELECT seq, via, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        return self._database.read(query, (seq, limit))

    def gate(self, trigger: str, limit: int) -> list[tuple[str, Kept]]:
        """What a trigger's gate remembers, oldest answer first."""
        query = "SELECT key, context, time, answer FROM gates WHERE trigger = ? ORDER BY time DESC LIMIT ?"
        rows = self._database.read(query, (trigger, limit))
        return [(key, Kept(decode_context(context), time, answer)) for key, context, time, answer in reversed(rows)]

    def standing(self, trigger: str, key: str) -> Any:
        """The result that stands for a key: the last answered, as JSON values; None when there is none."""
        rows = self._database.read("SELECT result FROM gates WHERE trigger = ? AND key = ?", (trigger, key))
        return msgspec.json.decode(rows[0][0]) if rows else None

    def prune(self, *, older_than: int) -> int:
        """Drop what was received before that moment, is in the ledger and has no delivery that is not done.

        A duplicate of such an event is then a new one.
        """
        query = (
            "DELETE FROM events WHERE received < ? AND seq <= (SELECT number FROM counts WHERE name = 'received')"
            " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = events.seq AND d.state <> 'done')"
        )
        with self._database.transaction() as connection:
            dropped = connection.execute(query, (older_than,)).rowcount
            if dropped:
                connection.execute(_FORGET_POSITIONS)
        return dropped


def _body(event: Event) -> bytes:
    """What is stored, and can be read back: an event that was made and not parsed may hold anything."""
    try:
        body = event.to_json()
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid(f"its data are no JSON values: {error}", about=f"{event.source} {event.id}") from error
    if body.count(b"{") + body.count(b"[") > MOST_DEPTH:
        parse_event(body, most_bytes=NO_LIMIT)
    return body


def _insert(connection: sqlite3.Connection, seq: int, planned: Planned, now: int) -> None:
    trigger = planned.trigger
    connection.execute(
        "INSERT INTO deliveries (event, trigger, key, position, state, due, received) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (seq, trigger.name, planned.key, planned.position, "waiting", planned.due, now),
    )
    if trigger.debounce_seconds:
        # The key is not quiet yet: all that wait with this one wait on, up to the longest wait of the first of them.
        longest = round((trigger.max_wait_seconds or 10 * trigger.debounce_seconds) * SECOND)
        values = {"trigger": trigger.name, "key": planned.key, "due": planned.due, "most": longest}
        connection.execute(_DEBOUNCE, values)


def _finish(connection: sqlite3.Connection, one: Finished, now: int) -> None:
    delivery = one.delivery
    at = (delivery.seq, delivery.trigger)
    if one.outcome == "retry":
        connection.execute(
            "UPDATE deliveries SET state = 'waiting', due = ?, reason = ? WHERE event = ? AND trigger = ?",
            (one.due, one.reason, *at),
        )
        return
    state = "dead" if one.outcome == "dead" else "done"
    connection.execute(
        "UPDATE deliveries SET state = ?, outcome = ?, reason = ?, finished = ? WHERE event = ? AND trigger = ?",
        (state, one.outcome, one.reason, now, *at),
    )
    if one.moves:
        connection.execute(
            "INSERT INTO positions VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET position = max(position, excluded.position)",
            (delivery.trigger, delivery.key, delivery.position),
        )
    if one.kept is not None:
        kept = (encode_context(one.kept.context), one.kept.time, one.kept.answer, msgspec.json.encode(one.result))
        connection.execute("INSERT OR REPLACE INTO gates VALUES (?, ?, ?, ?, ?, ?)", (*at[1:], delivery.key, *kept))


def _count(connection: sqlite3.Connection, name: str, more: int) -> None:
    if more:
        query = "INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number"
        connection.execute(query, (name, more))
