"""A circuit breaker: what fails time and again is left alone for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Breaker"]

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Closed while a provider answers, open after too many failures in a row, half-open when one request may try.

    A failure is: no connection, no answer in time, an answer that is not HTTP, JSON or as long as stated, a status of
    5xx, and a stream that breaks off. A 4xx is the request's own fault and shows that the provider answers. A 429
    says neither: the provider is well and wants less, for which there is ``Retry-After``. After M. Nygard,
    *Release It!*, 2007.

    Each change of state begins an epoch, and what a request of an earlier epoch reports changes nothing: a late answer
    from before the breaker opened does not close it.

    Args:
        break_after: failures one after another that open it.
        break_seconds: that it stays open before one request may try.
        clock: seconds, monotonic.

    Example:
        >>> breaker = Breaker(1, 10.0, clock=lambda: 0.0)
        >>> breaker.record(breaker.enter(), well=False)
        >>> breaker.state, breaker.enter()
        ('open', None)
    """

    __slots__ = ("_after", "_clock", "_epoch", "_failures", "_seconds", "_since", "_state")

    def __init__(self, break_after: int, break_seconds: float, *, clock: Callable[[], float]) -> None:
        self._after = break_after
        self._seconds = break_seconds
        self._clock = clock
        self._state: State = "closed"
        self._epoch = 0
        self._failures = 0
        self._since = 0.0

    @property
    def state(self) -> State:
        """``closed``, ``open`` or ``half-open``."""
        return self._state

    @property
    def failures(self) -> int:
        """Failures one after another."""
        return self._failures

    @property
    def seconds_left(self) -> float:
        """Until a request may try; 0 when it is not open."""
        if self._state == "closed":
            return 0.0
        return min(max(self._since + self._seconds - self._clock(), 0.0), self._seconds)

    def enter(self) -> int | None:
        """Ask to make a call: the permit that its outcome is recorded with, or None when none may be made now."""
        if self._state == "closed":
            return self._epoch
        # A probe whose outcome nobody reports stops holding the place after as long again.
        if self.seconds_left > 0.0:
            return None
        self._turn("half-open")
        return self._epoch

    def record(self, permit: int | None, *, well: bool | None) -> None:
        """Say what became of a call.

        Args:
            permit: what `enter` gave; None was no call.
            well: whether the provider answered; None when the call says nothing about it.
        """
        if permit != self._epoch:
            return
        if well:
            self._failures = 0
            if self._state != "closed":
                self._turn("closed")
        elif well is not None:
            self._failures += 1
            if self._state == "half-open" or self._failures >= self._after:
                self._turn("open")
        elif self._state == "half-open":
            # The probe ended without a verdict: the next request may try at once.
            self._since = self._clock() - self._seconds

    def _turn(self, state: State) -> None:
        self._state = state
        self._epoch += 1
        self._since = self._clock()
