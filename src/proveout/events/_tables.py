"""The tables of the inbox, and their rows."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from proveout.events._event import Event
from proveout.events._gate import Kept
from proveout.task import content_hash

__all__ = ["SCHEMA", "SCHEMA_VERSION", "Accepted", "Delivery", "Finished", "Refusal"]

SCHEMA_VERSION = 1
# A delivery is one event for one trigger; `position` is its place in the order of its key, as text that sorts.
SCHEMA = """
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, id TEXT NOT NULL, via TEXT NOT NULL,
  received INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (source, id));
CREATE TABLE deliveries (
  event INTEGER NOT NULL REFERENCES events(seq) ON DELETE CASCADE, trigger TEXT NOT NULL, key TEXT NOT NULL,
  position TEXT NOT NULL, run INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL, received INTEGER NOT NULL, outcome TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
  finished INTEGER, forced INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (event, trigger));
CREATE INDEX deliveries_due ON deliveries (state, due);
CREATE INDEX deliveries_key ON deliveries (trigger, key, state, position);
CREATE TABLE positions (
  trigger TEXT NOT NULL, key TEXT NOT NULL, position TEXT NOT NULL, PRIMARY KEY (trigger, key)) WITHOUT ROWID;
CREATE TABLE gates (
  trigger TEXT NOT NULL, key TEXT NOT NULL, context BLOB NOT NULL, time INTEGER NOT NULL, answer TEXT NOT NULL,
  result BLOB NOT NULL, PRIMARY KEY (trigger, key));
CREATE TABLE refused (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, via TEXT NOT NULL, received INTEGER NOT NULL, reason TEXT NOT NULL,
  body BLOB NOT NULL);
CREATE TABLE counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID
"""

Outcome = Literal["handled", "unchanged", "coalesced", "dead", "retry"]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of events handed in.

    Attributes:
        accepted: stored for the first time.
        duplicates: known by source and id already, and dropped.
        unmatched: of the accepted, those that no trigger reacts to.
    """

    accepted: int = 0
    duplicates: int = 0
    unmatched: int = 0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one trigger.

    Attributes:
        seq: of the event in the inbox.
        event: what came.
        trigger: name.
        key: what the event is about.
        position: its place in the order of its key.
        run: how often it was handed out anew after it had been handled.
        attempts: tries before this one.
        received: nanoseconds since the epoch.
        forced: handed out again by hand, so that it is handled even when it is late.
        salt: of the idempotency keys of a replay; "" for live events.
    """

    seq: int
    event: Event
    trigger: str
    key: str
    position: str
    run: int
    attempts: int
    received: int
    forced: bool = False
    salt: str = ""

    @property
    def idempotency_key(self) -> str:
        """Equal for every try of this delivery, and for no other."""
        return content_hash([self.trigger, self.event.source, self.event.id, self.run, self.salt])[:32]


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How one try of a delivery ended.

    Attributes:
        delivery: which.
        outcome: ``retry`` puts it back until ``due``.
        reason: of the gate's verdict, or of the failure.
        due: when it is tried again, nanoseconds since the epoch.
        kept: what the gate is to remember.
        result: the answer as JSON, which stands until the context changes.
        moves: whether later deliveries of the key are late when they come before this one.
    """

    delivery: Delivery
    outcome: Outcome
    reason: str = ""
    due: int = 0
    kept: Kept | None = None
    result: Any = None
    moves: bool = True


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came in and is no event.

    Attributes:
        via: how it came.
        received: nanoseconds since the epoch.
        reason: why it is none.
        body: its first 64 KiB.
    """

    via: str
    received: int
    reason: str
    body: bytes
