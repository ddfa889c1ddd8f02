"""What was spent in the present day and month: a fold over the ledger's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import SubjectErased
from proveout.gateway._entries import RequestServed
from proveout.gateway.limits._calendar import windows_at
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proveout.store import Workspace

__all__ = ["Cost", "Spent", "fold_spent", "spent_from_ledger"]

NANOSECONDS, MICROSECONDS = 1e9, 1e6


class Spent(msgspec.Struct, frozen=True):
    """US dollars spent by one key or task.

    Attributes:
        day: in the present day (UTC).
        month: in the present month (UTC).
    """

    day: float
    month: float


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What of a request's record says what it cost, when, and whom; the rest of the record is not read.

    Attributes:
        received: nanoseconds since the epoch.
        microseconds: from arrival to the end: a request counts in the window in which it ends, as it does when live.
        key: id.
        task: name.
        usd: paid to a provider.
    """

    received: int
    microseconds: int = 0
    key: str = ""
    task: str = ""
    usd: float = 0.0


_decode = msgspec.json.Decoder(Cost).decode


def spent_from_ledger(workspace: Workspace, now: float) -> dict[str, Spent]:
    """Fold the ledger into what keys and tasks have spent, by the names that `subjects_of` gives them.

    Args:
        workspace: whose ledger; one that was never written to has nothing.
        now: seconds since the epoch.

    Raises:
        LedgerCorrupt: it does not verify.
    """
    if not (workspace.ledger / "segments").is_dir():
        return {}
    with LedgerReader.open(workspace) as reader:
        return fold_spent(_costs(reader), now)


def fold_spent(costs: Iterable[Cost], now: float) -> dict[str, Spent]:
    """As `spent_from_ledger`, of costs at hand.

    Example:
        >>> fold_spent([Cost(received=0, key="a", usd=0.5), Cost(received=0, key="a", usd=0.25)], now=3600.0)
        {'key:a': Spent(day=0.75, month=0.75)}
    """
    today = windows_at(now)
    day: dict[str, float] = {}
    month: dict[str, float] = {}
    for cost in costs:
        ended = windows_at(cost.received / NANOSECONDS + cost.microseconds / MICROSECONDS)
        # Of later windows, too: the clock may have been set back since.
        if not cost.usd or ended.month < today.month:
            continue
        for name in (f"key:{cost.key}", f"task:{cost.task}") if cost.task else (f"key:{cost.key}",):
            month[name] = month.get(name, 0.0) + cost.usd
            if ended.day >= today.day:
                day[name] = day.get(name, 0.0) + cost.usd
    return {name: Spent(day.get(name, 0.0), total) for name, total in month.items()}


def _costs(reader: LedgerReader) -> Iterable[Cost]:
    for found in reader.entries(RequestServed.kind):
        try:
            yield _decode(found.payload())
        except SubjectErased:
            continue  # whom it was about is forgotten, and so is what they spent
