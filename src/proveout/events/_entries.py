"""What the events write to the ledger."""

from __future__ import annotations

from typing import Any

from proveout.ledger import EntryBody, entry

__all__ = ["EventDead", "EventHandled", "EventsReceived", "EventsRequeued", "EventsSkipped"]


@entry("events.received", version=1)
class EventsReceived(EntryBody, frozen=True, kw_only=True):
    """Events were stored in the inbox, numbered from ``first`` to ``last`` without a gap.

    Attributes:
        first: number of the first event.
        last: number of the last.
        via: how many came which way.
        hash: BLAKE2b-256 over the stored events, in order, each as one line.
        duplicates: dropped since the inbox began.
        replay: hash of the file that was replayed; "" for live events.

    Example:
        >>> EventsReceived(first=1, last=2, via={"http": 2}, hash="ab", duplicates=0).kind
        'events.received'
    """

    first: int
    last: int
    via: dict[str, int]
    hash: str
    duplicates: int
    replay: str = ""


@entry("events.handled", version=1)
class EventHandled(EntryBody, frozen=True, kw_only=True):
    """A trigger's handler ran on an event and gave a result.

    Attributes:
        key: of idempotency; no two entries have the same.
        trigger: its name.
        source: of the event.
        id: of the event.
        type: of the event.
        about: the trigger's key of the event, often its subject.
        verdict: of the gate: ``first``, ``changed PATH``, ``expired``; ``ungated`` without one, ``late`` out of order.
        attempts: tries, this one included.
        result: as JSON values.
        wall_seconds: the handler took.
        cpu_seconds: of this process.
        usd: paid to a provider.
        replay: hash of the file that was replayed; "" for live events.

    Example:
        >>> EventHandled(
        ...     key="k", trigger="t", source="/s", id="1", type="a", about="", verdict="first", attempts=1, result=None
        ... ).kind
        'events.handled'
    """

    key: str
    trigger: str
    source: str
    id: str
    type: str
    about: str
    verdict: str
    attempts: int
    result: Any
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    usd: float = 0.0
    replay: str = ""


@entry("events.skipped", version=1)
class EventsSkipped(EntryBody, frozen=True, kw_only=True):
    """Events that needed no call: their context was ``unchanged``, or a later event of their key stood for them.

    Attributes:
        trigger: its name.
        verdict: ``unchanged`` or ``coalesced``.
        keys: of idempotency.
        stands: for each of them, the key of the call whose result stands; "" where that is still to come.
        replay: hash of the file that was replayed; "" for live events.

    Example:
        >>> EventsSkipped(trigger="t", verdict="unchanged", keys=("b",), stands=("a",)).kind
        'events.skipped'
    """

    trigger: str
    verdict: str
    keys: tuple[str, ...]
    stands: tuple[str, ...]
    replay: str = ""


@entry("events.dead", version=1)
class EventDead(EntryBody, frozen=True, kw_only=True):
    """An event was put aside: it could not be handled, or came too late.

    Attributes:
        key: of idempotency; kept when it is handed out again.
        trigger: its name.
        source: of the event.
        id: of the event.
        reason: why.
        attempts: tries.
        replay: hash of the file that was replayed; "" for live events.

    Example:
        >>> EventDead(key="k", trigger="t", source="/s", id="1", reason="no such field", attempts=1).kind
        'events.dead'
    """

    key: str
    trigger: str
    source: str
    id: str
    reason: str
    attempts: int
    replay: str = ""


@entry("events.requeued", version=1)
class EventsRequeued(EntryBody, frozen=True, kw_only=True):
    """Deliveries were handed out again by hand: ``dead`` ones with their old keys, ``done`` ones with new keys.

    Example:
        >>> EventsRequeued(state="dead", trigger="", deliveries=3).kind
        'events.requeued'
    """

    state: str
    trigger: str
    deliveries: int
