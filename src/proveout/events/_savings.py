"""What the change gate saved: a view of the ledger, priced at what the calls that were made have cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.events._entries import EventDead, EventHandled, EventsSkipped
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proveout.ledger import EntryBody
    from proveout.store import Workspace

__all__ = ["Savings", "fold_savings", "savings"]

SECONDS_PER_HOUR = 3600.0


class Savings(msgspec.Struct, frozen=True, kw_only=True):
    """Calls made and calls avoided for one trigger.

    Attributes:
        trigger: its name.
        events: delivered to it: the sum of the following four.
        calls: of the handler that gave a result.
        unchanged: calls avoided because the context had not changed.
        coalesced: calls avoided because a later event stood for this one.
        dead: put aside.
        usd_per_call: mean of the calls made, US dollars.
        cpu_seconds_per_call: mean of the calls made.
        usd_saved: calls avoided at ``usd_per_call``.
        cpu_hours_saved: calls avoided at ``cpu_seconds_per_call``.
    """

    trigger: str
    events: int
    calls: int
    unchanged: int
    coalesced: int
    dead: int
    usd_per_call: float
    cpu_seconds_per_call: float
    usd_saved: float
    cpu_hours_saved: float

    @property
    def avoided_share(self) -> float:
        """Of calls and calls avoided, the share avoided; 0 when there were neither."""
        avoided = self.unchanged + self.coalesced
        return avoided / (self.calls + avoided) if self.calls + avoided else 0.0


class _Sum:
    """What was seen of one trigger; each delivery counts once, whatever was written of it twice."""

    def __init__(self) -> None:
        self.calls: dict[str, EventHandled] = {}
        self.skipped: dict[str, str] = {}
        self.dead: set[str] = set()


def savings(workspace: Workspace, *, replay: str = "") -> tuple[Savings, ...]:
    """Fold the ledger into the savings of each trigger, sorted by name.

    Args:
        workspace: whose ledger.
        replay: hash of a replayed file; "" for live events.
    """
    kinds = {EventHandled.kind, EventsSkipped.kind, EventDead.kind}
    with LedgerReader.open(workspace) as reader:
        return fold_savings((entry.body() for entry in reader.entries() if entry.kind in kinds), replay=replay)


def fold_savings(bodies: Iterable[EntryBody], *, replay: str = "") -> tuple[Savings, ...]:
    """As `savings`, of entries at hand.

    Example:
        >>> from proveout.events import EventHandled, EventsSkipped
        >>> call = EventHandled(
        ...     key="a",
        ...     trigger="t",
        ...     source="/s",
        ...     id="1",
        ...     type="x",
        ...     about="",
        ...     verdict="first",
        ...     attempts=1,
        ...     result=1,
        ...     usd=0.02,
        ... )
        >>> skipped = EventsSkipped(trigger="t", verdict="unchanged", keys=("b", "c", "d"), stands=("a", "a", "a"))
        >>> (found,) = fold_savings([call, skipped])
        >>> found.avoided_share, found.usd_saved
        (0.75, 0.06)
    """
    sums: dict[str, _Sum] = {}
    for body in bodies:
        if isinstance(body, EventHandled | EventsSkipped | EventDead) and body.replay == replay:
            _add(sums.setdefault(body.trigger, _Sum()), body)
    return tuple(_priced(trigger, sums[trigger]) for trigger in sorted(sums))


def _add(total: _Sum, body: EventHandled | EventsSkipped | EventDead) -> None:
    if isinstance(body, EventHandled):
        total.calls.setdefault(body.key, body)
    elif isinstance(body, EventDead):
        total.dead.add(body.key)
    else:
        total.skipped.update(dict.fromkeys(body.keys, body.verdict))


def _priced(trigger: str, total: _Sum) -> Savings:
    calls = len(total.calls)
    unchanged = sum(verdict == "unchanged" for verdict in total.skipped.values())
    avoided = len(total.skipped)
    dead = len(total.dead - total.calls.keys() - total.skipped.keys())
    usd = sum(one.usd for one in total.calls.values()) / max(calls, 1)
    cpu = sum(one.cpu_seconds for one in total.calls.values()) / max(calls, 1)
    return Savings(
        trigger=trigger,
        events=calls + avoided + dead,
        calls=calls,
        unchanged=unchanged,
        coalesced=avoided - unchanged,
        dead=dead,
        usd_per_call=usd,
        cpu_seconds_per_call=cpu,
        usd_saved=usd * avoided,
        cpu_hours_saved=cpu * avoided / SECONDS_PER_HOUR,
    )
