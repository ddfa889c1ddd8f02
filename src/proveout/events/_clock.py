"""The two clocks of the event loop, and what tells a jump of one from the passing of time."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "JumpWatch", "ManualClock", "SystemClock"]

SECOND = 1_000_000_000


class Clock(Protocol):
    """Where time comes from."""

    def wall(self) -> int:
        """Nanoseconds since the epoch; may be set by anybody."""
        ...

    def monotonic(self) -> int:
        """Nanoseconds since some moment; only ever advances."""
        ...


class SystemClock:
    """The clocks of the machine."""

    def wall(self) -> int:
        """As `Clock.wall`."""
        return time.time_ns()

    def monotonic(self) -> int:
        """As `Clock.monotonic`."""
        return time.monotonic_ns()


class ManualClock:
    """A clock that stands still until it is told: for tests, and for replays in the time of the events.

    Example:
        >>> clock = ManualClock(wall=0)
        >>> clock.advance(seconds=2)
        >>> clock.wall()
        2000000000
    """

    def __init__(self, *, wall: int = 0) -> None:
        self._wall = wall
        self._monotonic = 0

    def wall(self) -> int:
        """As `Clock.wall`."""
        return self._wall

    def monotonic(self) -> int:
        """As `Clock.monotonic`."""
        return self._monotonic

    def advance(self, *, seconds: float) -> None:
        """Let time pass."""
        step = round(seconds * SECOND)
        self._wall += step
        self._monotonic += step

    def advance_to(self, wall: int) -> None:
        """Let time pass until ``wall``; nothing when that is over already."""
        if wall > self._wall:
            self._monotonic += wall - self._wall
            self._wall = wall

    def jump(self, *, seconds: float) -> None:
        """Set the wall clock, as an operator or a time server does."""
        self._wall += round(seconds * SECOND)


class JumpWatch:
    """Tells by how much the wall clock was set since it last looked: what waits is then moved along with it."""

    def __init__(self, clock: Clock, *, tolerance: int = 2 * SECOND) -> None:
        self._clock = clock
        self._tolerance = tolerance
        self._offset = clock.wall() - clock.monotonic()

    def jumped(self) -> int:
        """Nanoseconds by which the wall clock left the steady one; 0 within the tolerance, which drift stays under."""
        offset = self._clock.wall() - self._clock.monotonic()
        moved, self._offset = offset - self._offset, offset
        return moved if abs(moved) > self._tolerance else 0
