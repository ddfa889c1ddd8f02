"""After a kill: the ledger is the truth, and the inbox catches up with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.events._entries import EventDead, EventHandled, EventsReceived, EventsSkipped
from proveout.events._gate import Kept
from proveout.events._tables import Delivery, Finished
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.events._gate import ChangeGate
    from proveout.events._inbox import Inbox
    from proveout.ledger import Entry
    from proveout.store import Workspace

__all__ = ["recover"]

_KINDS = frozenset({EventHandled.kind, EventsSkipped.kind, EventDead.kind, EventsReceived.kind})


def recover(inbox: Inbox, workspace: Workspace, gates: Mapping[str, ChangeGate | None], *, replay: str = "") -> None:
    """Tick off what the ledger holds and the inbox does not know of; let the rest of what was running wait again."""
    start = inbox.count("ledger")
    received, entries, size = inbox.count("received"), [], start
    with LedgerReader.open(workspace) as reader:
        size = max(size, len(reader))
        for entry in reader.entries(start=start):
            if entry.kind in _KINDS:
                body: Any = entry.body()
                if body.replay != replay:
                    continue
                entries.append((entry, body))
                if isinstance(body, EventsReceived):
                    received = max(received, body.last)
    running = {one.idempotency_key: one for one in inbox.running()}
    results = [done for entry, body in entries for done in _finished(entry, body, running, gates)]
    if results or size > start:
        inbox.finish(results, counts={"ledger": size, "received": received})
    inbox.put_back()


def _finished(
    entry: Entry, body: Any, running: Mapping[str, Delivery], gates: Mapping[str, ChangeGate | None]
) -> list[Finished]:
    if isinstance(body, EventHandled) and body.key in running:
        delivery = running[body.key]
        gate = None if body.verdict == "late" else gates.get(delivery.trigger)
        kept = Kept(gate.context(delivery.event), _time(entry), body.key) if gate is not None else None
        return [Finished(delivery=delivery, outcome="handled", reason=body.verdict, kept=kept, result=body.result)]
    if isinstance(body, EventDead) and body.key in running:
        return [Finished(delivery=running[body.key], outcome="dead", reason=body.reason, moves=False)]
    if isinstance(body, EventsSkipped):
        pairs = zip(body.keys, body.stands, strict=True)
        outcome: Any = body.verdict
        return [
            Finished(delivery=running[key], outcome=outcome, reason=stands) for key, stands in pairs if key in running
        ]
    return []


def _time(entry: Entry) -> int:
    return round(entry.time.timestamp() * 1_000_000) * 1000
