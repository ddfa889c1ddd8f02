"""Where an event stands among those of its key, and when it is due: pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.events._paths import MISSING, compile_path
from proveout.events._trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proveout.events._event import Event

__all__ = ["Planned", "Planner", "backoff", "position"]

SECOND = 1_000_000_000
# A time further ahead of our clock is a producer's mistake, and would make everything after it late.
FUTURE_SECONDS = 300
LONGEST_BACKOFF_SECONDS = 3600
_SHIFT = 2**63


class Planned(msgspec.Struct, frozen=True):
    """One delivery to be made of an event.

    Attributes:
        trigger: which reacts.
        key: what the event is about.
        position: its place in the order of its key, as text that sorts.
        due: when it may be handed out, nanoseconds since the epoch.
    """

    trigger: Trigger
    key: str
    position: str
    due: int


class Planner:
    """Decides which triggers an event is for.

    Example:
        >>> from proveout.events import Event, Trigger
        >>> planner = Planner([Trigger(name="t", types=("a",), lateness_seconds=2)])
        >>> [one.due for one in planner.plan(Event(id="1", source="/s", type="a"), seq=1, now=0)]
        [2000000000]
    """

    def __init__(self, triggers: list[Trigger]) -> None:
        self._triggers = triggers
        self._keys: dict[str, Callable[[Event], object]] = {one.name: compile_path(one.key) for one in triggers}

    def plan(self, event: Event, *, seq: int, now: int) -> list[Planned]:
        """The deliveries of an event received ``now`` as number ``seq``."""
        return [
            Planned(one, self._key(one, event), position(one, event, seq=seq, now=now), now + _wait(one))
            for one in self._triggers
            if one.matches(event)
        ]

    def _key(self, trigger: Trigger, event: Event) -> str:
        value = self._keys[trigger.name](event)
        if value is MISSING:
            return ""
        return value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()


def _wait(trigger: Trigger) -> int:
    return round(max(trigger.lateness_seconds, trigger.debounce_seconds) * SECOND)


def position(trigger: Trigger, event: Event, *, seq: int, now: int) -> str:
    """Text that sorts as the trigger's order says; what lacks a time or a sequence stands where it came in.

    Example:
        >>> from proveout.events import Event, Trigger
        >>> trigger = Trigger(name="t", types=("a",), order="sequence")
        >>> nine, ten = (Event(id=n, source="/s", type="a", extensions={"sequence": n}) for n in ("9", "10"))
        >>> position(trigger, nine, seq=2, now=0) < position(trigger, ten, seq=1, now=0)
        True
    """
    if trigger.order == "time":
        stamped = _nanoseconds(event.time) if event.time else now
        return _sortable(now if stamped > now + FUTURE_SECONDS * SECOND else stamped)
    if trigger.order == "sequence":
        text = str(event.extensions.get("sequence", ""))
        return text.zfill(40) if text.isascii() and text.isdigit() else text
    return _sortable(seq)


def _sortable(number: int) -> str:
    return f"{number + _SHIFT:020d}"


def _nanoseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000) * 1000


def backoff(trigger: Trigger, attempts: int) -> int:
    """Nanoseconds to wait after that many failed tries: doubled each time, without chance, so that it can be tested.

    Example:
        >>> from proveout.events import Trigger
        >>> [backoff(Trigger(name="t", types=("a",)), n) // 10**9 for n in (1, 2, 3, 30)]
        [1, 2, 4, 3600]
    """
    return round(min(trigger.backoff_seconds * 2.0 ** min(attempts - 1, 60), LONGEST_BACKOFF_SECONDS) * SECOND)
