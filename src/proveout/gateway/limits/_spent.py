"""What was spent in the present day and month: a fold over the ledger's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import SubjectErased
from proveout.gateway._entries import RequestServed
from proveout.gateway.limits._calendar import windows_at
from proveout.ledger import LedgerReader
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from proveout.ledger import Entry
    from proveout.store import Workspace

__all__ = ["Cost", "Spent", "fold_spent", "spent_from_ledger"]

NANOSECONDS, MICROSECONDS = 1e9, 1e6
# Fewer entries are folded again in less time than a file takes to be synced.
WORTH_KEEPING = 5_000


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


class _Sums(msgspec.Struct, kw_only=True):
    """What was spent by name, in each day and month that is not over.

    Attributes:
        size: entries of the ledger that are in here.
        leaf: of the last of them, by which a ledger is known again.
        days: by number of the day.
        months: by number of the month.
    """

    size: int = 0
    leaf: bytes = b""
    days: dict[int, dict[str, float]] = {}
    months: dict[int, dict[str, float]] = {}


_decode = msgspec.json.Decoder(Cost).decode


def spent_from_ledger(workspace: Workspace, now: float) -> dict[str, Spent]:
    """Fold the ledger into what keys and tasks have spent, by the names that `subjects_of` gives them.

    What was folded before is kept in the workspace's cache, so that a later call, of this or another process, reads
    what came since only.

    Args:
        workspace: whose ledger; one that was never written to has nothing.
        now: seconds since the epoch.

    Raises:
        LedgerCorrupt: it does not verify.
        DiskFull: the cache cannot be written.
    """
    if not (workspace.ledger / "segments").is_dir():
        return {}
    cache = workspace.cache / "spent.json"
    with LedgerReader.open(workspace) as reader:
        sums, entries = _resumed(cache, reader)
        size = sums.size
        _add(sums, _costs(entries, sums), now)
    if sums.size - size >= WORTH_KEEPING:
        write_atomic(cache, msgspec.json.encode(sums))
    return _spent(sums, now)


def fold_spent(costs: Iterable[Cost], now: float) -> dict[str, Spent]:
    """As `spent_from_ledger`, of costs at hand.

    Example:
        >>> fold_spent([Cost(received=0, key="a", usd=0.5), Cost(received=0, key="a", usd=0.25)], now=3600.0)
        {'key:a': Spent(day=0.75, month=0.75)}
    """
    sums = _Sums()
    _add(sums, costs, now)
    return _spent(sums, now)


def _add(sums: _Sums, costs: Iterable[Cost], now: float) -> None:
    today = windows = windows_at(now)
    sums.days = {day: found for day, found in sums.days.items() if day >= today.day}
    sums.months = {month: found for month, found in sums.months.items() if month >= today.month}
    for cost in costs:
        ended = cost.received / NANOSECONDS + cost.microseconds / MICROSECONDS
        if not windows.start <= ended < windows.end:
            windows = windows_at(ended)
        # Later windows count, too: the clock may have been set back since.
        if not cost.usd or windows.month < today.month:
            continue
        _count(sums.months.setdefault(int(windows.month), {}), cost)
        if windows.day >= today.day:
            _count(sums.days.setdefault(int(windows.day), {}), cost)


def _count(total: dict[str, float], cost: Cost) -> None:
    for name in (f"key:{cost.key}", f"task:{cost.task}") if cost.task else (f"key:{cost.key}",):
        total[name] = total.get(name, 0.0) + cost.usd


def _spent(sums: _Sums, now: float) -> dict[str, Spent]:
    today = windows_at(now)
    days = [found for day, found in sums.days.items() if day >= today.day]
    months = [found for month, found in sums.months.items() if month >= today.month]
    names = {name for found in months for name in found}
    return {name: Spent(_total(days, name), _total(months, name)) for name in sorted(names)}


def _total(windows: list[dict[str, float]], name: str) -> float:
    return sum(found.get(name, 0.0) for found in windows)


def _resumed(cache: Path, reader: LedgerReader) -> tuple[_Sums, Iterator[Entry]]:
    """What was folded of this very ledger, and the entries since; all of them where there is nothing to be used."""
    try:
        sums = msgspec.json.decode(cache.read_bytes(), type=_Sums)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return _Sums(), reader.entries()
    if 0 < sums.size <= len(reader):
        entries = reader.entries(start=sums.size - 1)
        if next(entries).leaf == sums.leaf:
            return sums, entries
    return _Sums(), reader.entries()


def _costs(entries: Iterable[Entry], sums: _Sums) -> Iterator[Cost]:
    """Costs of entries that are not in the sums yet, which come to be of all the ledger."""
    last: Entry | None = None
    for last in entries:
        if last.kind != RequestServed.kind:
            continue
        try:
            yield _decode(last.payload())
        except SubjectErased:
            continue  # whom it was about is forgotten, and so is what they spent
    if last is not None:
        sums.size, sums.leaf = last.index + 1, last.leaf
