"""Schedules: runs that are started by the clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.engine._model import ScheduleInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from proveout.families.modular.engine._journal import Journal

__all__ = ["Timing", "add_schedule", "fire", "first_after", "latest_until", "read_schedules", "remove_schedule"]

PUT = "INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
COLUMNS = "name, graph, input, cron, every, zone, queue, priority, next, last"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When a schedule fires: by a cron expression in a time zone, or at each multiple of an interval since the epoch.

    Example:
        >>> first_after(Timing(every_seconds=60), 130.0), latest_until(Timing(every_seconds=60), 60.0, 190.0)
        (180, 180)
    """

    cron: str = ""
    every_seconds: float = 0.0
    zone: str = "UTC"


def first_after(timing: Timing, moment: float) -> float:
    """The first time, strictly after a moment, for which a schedule fires.

    Raises:
        WorkflowInvalid: the expression or the zone cannot be read, or it never fires.
    """
    if not timing.cron:
        if not (timing.every_seconds > 0 and math.isfinite(timing.every_seconds)):
            raise _invalid(f"the interval is {timing.every_seconds} s", "give cron, or every_seconds above 0")
        at = (math.floor(moment / timing.every_seconds) + 1) * timing.every_seconds
        return at if at > moment else at + timing.every_seconds
    return _cron(timing, moment, reverse=False)


def latest_until(timing: Timing, first: float, now: float) -> float:
    """The last time at or before now, from a first one on: times that were missed count as one."""
    if not timing.cron:
        return max(first, math.floor(now / timing.every_seconds) * timing.every_seconds)
    return max(first, _cron(timing, math.floor(now) + 1.0, reverse=True))


def _cron(timing: Timing, moment: float, *, reverse: bool) -> float:
    """The first match after a moment, or the last before it."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415  only those who use cron load it

    try:
        start = datetime.fromtimestamp(moment, tz=UTC).astimezone(ZoneInfo(timing.zone))
        return next(CronSim(timing.cron, start, reverse=reverse)).timestamp()
    except StopIteration as error:
        raise _invalid(f"{timing.cron!r} matches no day", "correct the expression") from error
    except (CronSimError, ZoneInfoNotFoundError, ValueError) as error:
        why = f"{timing.cron!r} in {timing.zone}: {error}"
        raise _invalid(why, "write five fields, as in '30 6 * * MON-FRI', and a zone as Europe/Berlin") from error


def _invalid(why: str, fix: str) -> WorkflowInvalid:
    return WorkflowInvalid("a schedule cannot be kept", why=why, fix=fix, about="schedule")


def add_schedule(journal: Journal, schedule: ScheduleInfo) -> None:
    """Write a schedule down, in place of the one of that name."""
    values = (
        *(schedule.name, schedule.graph, msgspec.json.encode(schedule.inputs), schedule.cron, schedule.every_seconds),
        *(schedule.zone, schedule.queue, schedule.priority, schedule.next, schedule.last),
    )
    with journal.transaction(durable=True):
        journal.execute(PUT, values)


def remove_schedule(journal: Journal, name: str) -> bool:
    """Forget a schedule; whether there was one."""
    with journal.transaction(durable=True):
        return journal.execute("DELETE FROM schedules WHERE name = ?", (name,)) == 1


def read_schedules(journal: Journal, where: str = "1", values: tuple[Any, ...] = ()) -> list[ScheduleInfo]:
    """Schedules by name."""
    found = []
    for row in journal.query(f"SELECT {COLUMNS} FROM schedules WHERE {where} ORDER BY name", values):  # noqa: S608
        name, graph, content, cron, every, zone, queue, priority, following, last = row
        found.append(
            ScheduleInfo(
                name=name,
                graph=graph,
                inputs=msgspec.json.decode(content),
                cron=cron,
                every_seconds=every,
                zone=zone,
                queue=queue,
                priority=priority,
                next=following,
                last=last,
            )
        )
    return found


def fire(
    journal: Journal, now: float, graphs: Collection[str], start: Callable[[ScheduleInfo, str], None]
) -> list[WorkflowInvalid]:
    """Start what is due. A schedule fires once for all the times it missed, and never again for a time it fired for.

    Args:
        journal: that holds the schedules.
        now: seconds since the epoch.
        graphs: names of those that can be started here; schedules of others are left to other workers.
        start: called with the schedule and the key of the run, inside the transaction that moves the schedule on.

    Returns:
        Why runs could not be started: the graph takes other inputs by now. Their schedules move on all the same.
    """
    if not journal.query("SELECT 1 FROM schedules WHERE next <= ? LIMIT 1", (now,)):
        return []
    refused = []
    with journal.transaction(durable=True):
        for one in read_schedules(journal, "next <= ?", (now,)):
            if one.graph not in graphs:
                continue
            timing = Timing(cron=one.cron, every_seconds=one.every_seconds, zone=one.zone)
            at = latest_until(timing, one.next, now)
            try:
                start(one, f"{one.name}@{at:.3f}")
            except WorkflowInvalid as error:
                refused.append(error)
            following = first_after(timing, max(at, now))
            journal.execute("UPDATE schedules SET next = ?, last = ? WHERE name = ?", (following, at, one.name))
    return refused
