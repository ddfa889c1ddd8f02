"""A cap on what is paid: the worst case of each call is reserved before it is made."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from proveout.errors import BudgetExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.task import Prices

__all__ = ["Budget", "Held"]


class Held:
    """Money set aside for one call; what is not settled counts as paid in full."""

    def __init__(self, usd: float) -> None:
        self.usd = usd
        self.paid = usd
        self.answered = False

    def settle(self, usd: float, *, answered: bool) -> None:
        """Say what the call did cost, and whether an answer came of it."""
        self.paid, self.answered = usd, answered


class Budget:
    """US dollars that may be spent, shared by threads.

    Args:
        cap: the most that may be spent; None sets no limit.
        prices: of the model.
        about: what is asked, for messages.

    Attributes:
        spent: paid so far; a call that broke off counts at its worst.
        answered: calls that gave an answer so far.

    Example:
        >>> from proveout.task import Prices
        >>> budget = Budget(1.0, Prices(usd_per_million_in=1.0), about="m")
        >>> with budget.hold(900_000, 0) as held:
        ...     held.settle(0.25, answered=True)
        >>> budget.spent
        0.25
    """

    def __init__(self, cap: float | None, prices: Prices, *, about: str) -> None:
        self._cap = cap
        self._prices = prices
        self._about = about
        self._settled = threading.Condition()
        self._reserved = 0.0
        self._under_way = 0
        self.spent = 0.0
        self.answered = 0

    @contextmanager
    def hold(self, tokens_in: int, tokens_out: int) -> Iterator[Held]:
        """Reserve the worst case of one call, waiting for calls under way when only they stand in its way.

        Raises:
            BudgetExceeded: what is left cannot pay for it.
        """
        held = Held(self._prices.usd(tokens_in, tokens_out))
        with self._settled:
            self._settled.wait_for(lambda: self._fits(held.usd) or self._under_way == 0)
            if not self._fits(held.usd):
                raise self._exceeded(held.usd)
            self._reserved += held.usd
            self._under_way += 1
        try:
            yield held
        finally:
            with self._settled:
                self._under_way -= 1
                # Not by subtraction when idle: rounding must not make a free call look dear.
                self._reserved = self._reserved - held.usd if self._under_way else 0.0
                self.spent += held.paid
                self.answered += held.answered
                self._settled.notify_all()

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        """What tokens cost."""
        return self._prices.usd(tokens_in, tokens_out)

    def _fits(self, usd: float) -> bool:
        if self._cap is None:
            return True
        return not self._prices.unknown and self.spent + self._reserved + usd <= self._cap

    def _exceeded(self, usd: float) -> BudgetExceeded:
        if self._prices.unknown:
            why = f"budgets.build_usd is {self._cap:g} and the price is unknown: {self._prices.unknown}"
            return BudgetExceeded(
                "no call was made", why=why, fix="state the prices, or drop the cap", about=self._about
            )
        why = (
            f"budgets.build_usd is {self._cap:g}, at most ${self.spent:.6f} are spent on {self.answered} answers, "
            f"and the next could cost ${usd:.6f}"
        )
        fix = "raise budgets.build_usd and run again: answers paid for are kept and not paid again"
        return BudgetExceeded("stopped before overspending", why=why, fix=fix, about=self._about)
