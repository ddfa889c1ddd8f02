"""What all connections of one process are held to, and the one timer that looks after them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable, Iterable

    from proveout.gateway._settings import Server

__all__ = ["BODY", "BUSY", "HEAD", "IDLE", "LINGER", "Guard"]

# Where a connection stands: its next head, or its body, is awaited; a request is under way; nothing is awaited; the
# last answer was given and what still comes is thrown away, so that no reset reaches the client before the answer.
HEAD, BODY, BUSY, IDLE, LINGER = range(5)
LOOK_SECONDS = 0.25
LINGER_SECONDS = 2.0


class Looked(Protocol):
    """A connection."""

    def look(self, now: float) -> None:
        """End it, if it has waited too long."""
        ...


class Guard:
    """Limits of connections, and a clock that is read once a look and not once a request.

    A timer for each request costs more than all other checks together; here a request only notes the time of the last
    look, and all connections are looked at together.

    Args:
        limits: in force; `set_limits` changes them for open connections too.
        clock: monotonic, seconds.

    Attributes:
        now: time of the last look.
        draining: connections are closed after the answer that is under way.
    """

    def __init__(self, limits: Server, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._timer: TimerHandle | None = None
        self.now = clock()
        self.draining = False
        self.set_limits(limits)

    def set_limits(self, limits: Server) -> None:
        """Hold connections to these from now on."""
        self.limits = limits
        self.most_header_bytes = limits.most_header_bytes
        self.most_body_bytes = limits.most_body_bytes
        # By phase; a request under way has the deadlines of the path.
        self.patience = (limits.head_seconds, limits.body_seconds, math.inf, limits.idle_seconds, LINGER_SECONDS)

    def look(self, connections: Iterable[Looked]) -> None:
        """Read the clock, and end the connections that have waited too long."""
        self.now = self._clock()
        for connection in list(connections):
            connection.look(self.now)

    def start(self, loop: AbstractEventLoop, connections: Iterable[Looked]) -> None:
        """Look again and again until `stop`."""
        self.look(connections)
        self._timer = loop.call_later(LOOK_SECONDS, self.start, loop, connections)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
