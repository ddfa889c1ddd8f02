"""The worker: takes what is due, asks the gate, calls handlers, writes the ledger, and only then ticks off."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import EventError, HandlerStuck, HandlerTimedOut
from proveout.events._calls import Call, Caller
from proveout.events._clock import JumpWatch
from proveout.events._entries import EventDead, EventHandled, EventsReceived, EventsSkipped
from proveout.events._gate import ChangeGate, Kept
from proveout.events._order import backoff
from proveout.events._recovery import recover
from proveout.events._tables import Delivery, Finished
from proveout.events._trigger import input_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.events._clock import Clock
    from proveout.events._gate import Embed
    from proveout.events._handlers import Handler
    from proveout.events._inbox import Inbox
    from proveout.events._trigger import Trigger
    from proveout.ledger import EntryBody, Ledger
    from proveout.store import Workspace

__all__ = ["Reaction", "Worker"]

BATCH = 64
RECEIVED_AT_ONCE = 500


class Reaction:
    """A trigger made ready: its handler, its gate, and how inputs are read from an event."""

    def __init__(
        self, trigger: Trigger, handler: Handler, *, required: Sequence[str] = (), embed: Embed | None = None
    ) -> None:
        self.trigger = trigger
        self.handler = handler
        self.read = input_reader(trigger, required)
        self.gate = ChangeGate(trigger.gate, embed=embed) if trigger.gate else None


class Worker:
    """Delivers from the inbox, at least once, with the same idempotency key for every try of a delivery.

    The ledger is written before the inbox is ticked off. After a kill in between, the inbox catches up with the
    ledger; after a kill before, the handler is called again with the same key.

    Args:
        inbox: where events come from.
        ledger: where what happened is written.
        workspace: whose ledger that is, to read it back after a kill.
        reactions: by trigger name.
        clock: for due times.
        replay: hash of the replayed file; "" for live events.
    """

    def __init__(
        self,
        inbox: Inbox,
        ledger: Ledger,
        workspace: Workspace,
        reactions: Mapping[str, Reaction],
        clock: Clock,
        *,
        replay: str = "",
    ) -> None:
        self._inbox = inbox
        self._ledger = ledger
        self._workspace = workspace
        self._reactions = reactions
        self._clock = clock
        self._replay = replay
        self._jumps = JumpWatch(clock)
        self._caller = Caller()
        self._fresh = False

    def step(self, limit: int = BATCH) -> Counter[str]:
        """Deliver what is due, a batch at most; how many ended which way.

        Raises:
            DiskFull: nothing more can be written down; what was not is delivered again, and no call recorded twice.
        """
        if not self._fresh:
            self._catch_up()
        if moved := self._jumps.jumped():
            self._inbox.shift(moved)
        taken = self._inbox.take(limit)
        # Until everything is written down, an error leaves gates and inbox apart, and the next step catches up.
        self._fresh = False
        results, entries = self._deliver(taken)
        received, last = self._received()
        entries += received
        if entries:
            self._ledger.append_many(entries)
        if results or received:
            counts = {"ledger": len(self._ledger), "received": last}
            self._inbox.finish(results, counts=counts, forgotten=self._forgotten())
        self._fresh = True
        return Counter(one.outcome for one in results)

    def drain(self, wait: Callable[[int], None] | None = None) -> Counter[str]:
        """Step until nothing is due, or, with a function that waits for nanoseconds, until nothing is left."""
        total: Counter[str] = Counter()
        while True:
            if done := self.step():
                total += done
                continue
            due = self._inbox.next_due()
            if wait is None or due is None:
                return total
            wait(max(due - self._clock.wall(), 0))

    def note(self, body: EntryBody) -> None:
        """Write an entry of its own."""
        self._ledger.append(body)

    def close(self) -> None:
        """Let go of the thread that calls handlers."""
        self._caller.close()

    def _catch_up(self) -> None:
        """Make inbox and gates agree with the ledger: at the beginning, and after a step that was cut short."""
        gates = {name: one.gate for name, one in self._reactions.items()}
        recover(self._inbox, self._workspace, gates, replay=self._replay)
        for name, one in self._reactions.items():
            if one.gate is not None:
                one.gate.clear()
                one.gate.load(self._inbox.gate(name, one.trigger.gate.max_keys if one.trigger.gate else 1))

    def _forgotten(self) -> list[tuple[str, str]]:
        found = []
        for name, one in self._reactions.items():
            if one.gate is not None:
                found += [(name, key) for key in one.gate.evicted if one.gate.kept(key) is None]
                one.gate.evicted.clear()
        return found

    def _received(self) -> tuple[list[EntryBody], int]:
        """An entry for what came in since the last one."""
        begun = self._inbox.count("received")
        rows = self._inbox.received_after(begun, RECEIVED_AT_ONCE)
        if not rows:
            return [], begun
        digest = hashlib.blake2b(b"".join(body + b"\n" for _, _, body in rows), digest_size=32).hexdigest()
        body = EventsReceived(
            first=rows[0][0],
            last=rows[-1][0],
            via=dict(Counter(via for _, via, _ in rows)),
            hash=digest,
            duplicates=self._inbox.count("duplicates"),
            replay=self._replay,
        )
        return [body], rows[-1][0]

    def _deliver(self, taken: list[Delivery]) -> tuple[list[Finished], list[EntryBody]]:
        results: list[Finished] = []
        entries: list[EntryBody] = []
        last = {(one.trigger, one.key): one for one in taken}
        for one in taken:
            reaction = self._reactions.get(one.trigger)
            if reaction is None:
                finished, entry = self._dead(one, "its trigger is no longer declared")
            elif reaction.trigger.coalesce and last[one.trigger, one.key] is not one:
                finished, entry = Finished(delivery=one, outcome="coalesced"), None
            else:
                finished, entry = self._one(reaction, one, results)
            results.append(finished)
            entries += [entry] if entry else []
        return results, entries + self._skipped(results)

    def _one(self, reaction: Reaction, delivery: Delivery, before: list[Finished]) -> tuple[Finished, EntryBody | None]:
        trigger = reaction.trigger
        if delivery.attempts >= trigger.attempts:
            return self._dead(delivery, f"the process ended while handling it, {delivery.attempts} times")
        late = trigger.order != "arrival" and (self._inbox.is_late(delivery) or _overtaken(delivery, before))
        if late and trigger.late == "dead-letter" and not delivery.forced:
            return self._dead(delivery, "a later event of its key was handled before it came")
        now = self._clock.wall()
        gate = None if late else reaction.gate
        checked = gate.check(delivery.key, delivery.event, now=now) if gate is not None else None
        if gate is not None and checked is not None and not checked.ask:
            kept = gate.kept(delivery.key)
            return Finished(delivery=delivery, outcome="unchanged", reason=kept.answer if kept else ""), None
        try:
            call = self._call(reaction, delivery)
        except HandlerStuck:
            raise
        except Exception as error:  # noqa: BLE001  whatever a handler raises, those behind it go on
            return self._failed(trigger, delivery, error)
        verdict = "late" if late else checked.reason if checked else "ungated"
        remembered = None
        if gate is not None and checked is not None:
            remembered = Kept(checked.context, now, delivery.idempotency_key)
            gate.keep(delivery.key, checked.context, now=now, answer=remembered.answer)
        entry = self._handled(delivery, call, verdict)
        return Finished(
            delivery=delivery, outcome="handled", reason=verdict, kept=remembered, result=call.result
        ), entry

    def _call(self, reaction: Reaction, delivery: Delivery) -> Call:
        inputs = reaction.read(delivery.event)
        key = delivery.idempotency_key
        return self._caller.call(
            lambda: reaction.handler(delivery.event, inputs, key), seconds=reaction.trigger.timeout_seconds
        )

    def _failed(self, trigger: Trigger, delivery: Delivery, error: Exception) -> tuple[Finished, EntryBody | None]:
        """Tried again later, unless it was the last try or would fail the same way each time."""
        reason = f"{type(error).__name__}: {error}"[:1000]
        hopeless = isinstance(error, EventError) and not isinstance(error, HandlerTimedOut)
        tries = delivery.attempts + 1
        if hopeless or tries >= trigger.attempts:
            return self._dead(delivery, reason)
        due = self._clock.wall() + backoff(trigger, tries)
        return Finished(delivery=delivery, outcome="retry", reason=reason, due=due), None

    def _dead(self, delivery: Delivery, reason: str) -> tuple[Finished, EntryBody]:
        event = delivery.event
        body = EventDead(
            key=delivery.idempotency_key,
            trigger=delivery.trigger,
            source=event.source,
            id=event.id,
            reason=reason,
            attempts=delivery.attempts + 1,
            replay=self._replay,
        )
        return Finished(delivery=delivery, outcome="dead", reason=reason, moves=False), body

    def _handled(self, delivery: Delivery, call: Call, verdict: str) -> EntryBody:
        event = delivery.event
        return EventHandled(
            key=delivery.idempotency_key,
            trigger=delivery.trigger,
            source=event.source,
            id=event.id,
            type=event.type,
            about=delivery.key,
            verdict=verdict,
            attempts=delivery.attempts + 1,
            replay=self._replay,
            **msgspec.structs.asdict(call),
        )

    def _skipped(self, results: list[Finished]) -> list[EntryBody]:
        """One entry for each trigger and verdict, not one for each event."""
        groups: dict[tuple[str, str], list[Finished]] = {}
        for one in results:
            if one.outcome in {"unchanged", "coalesced"}:
                groups.setdefault((one.delivery.trigger, one.outcome), []).append(one)
        return [
            EventsSkipped(
                trigger=trigger,
                verdict=verdict,
                keys=tuple(one.delivery.idempotency_key for one in found),
                stands=tuple(one.reason for one in found),
                replay=self._replay,
            )
            for (trigger, verdict), found in groups.items()
        ]


def _overtaken(delivery: Delivery, before: list[Finished]) -> bool:
    """Whether one that stands behind it was finished earlier in this batch."""
    return any(
        _same_key(one.delivery, delivery)
        and one.moves
        and delivery.position < one.delivery.position
        and one.outcome != "retry"
        for one in before
    )


def _same_key(one: Any, other: Any) -> bool:
    return bool(one.trigger == other.trigger and one.key == other.key)
