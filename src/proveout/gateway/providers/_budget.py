"""How many retries there may be: a share of the requests, so that they cannot bring down what is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RetryBudget"]

# Retries that a provider with little traffic may make at once, and how fast it earns them back.
RESERVE = 10.0
RESERVE_PER_SECOND = 0.5


class RetryBudget:
    """Tokens that requests earn and retries spend.

    Each request earns ``share`` of a token and each retry, or second call of a hedge, spends a whole one, so that over
    any stretch of time there are at most ``share`` retries for each request, and a small reserve. Counting tries for
    each request instead multiplies the load of a provider just when it is slow. This is the budget of Finagle
    (``com.twitter.finagle.service.RetryBudget``).

    Args:
        share: retries for each request; 0 allows none at all.
        clock: seconds, monotonic.

    Example:
        >>> budget = RetryBudget(0.5, clock=lambda: 0.0)
        >>> sum(budget.withdraw() for _ in range(100))
        10
        >>> budget.deposit(), budget.deposit(), budget.withdraw(), budget.withdraw()
        (None, None, True, False)
    """

    __slots__ = ("_at", "_balance", "_clock", "_most", "_share")

    def __init__(self, share: float, *, clock: Callable[[], float]) -> None:
        self._share = share
        self._clock = clock
        self._most = RESERVE if share else 0.0
        self._balance = self._most
        self._at = clock()

    @property
    def balance(self) -> float:
        """Retries that may be made now."""
        now = self._clock()
        earned = max(now - self._at, 0.0) * RESERVE_PER_SECOND
        self._at = now
        self._balance = min(self._balance + earned, self._most)
        return self._balance

    def deposit(self) -> None:
        """A request came."""
        self._balance = min(self._balance + self._share, self._most)

    def withdraw(self) -> bool:
        """Whether a retry may be made; it is spent when it may."""
        # Shares such as 0.1 do not add up to a whole token exactly.
        if self.balance < 1.0 - 1e-9:
            return False
        self._balance = max(self._balance - 1.0, 0.0)
        return True
