"""Admission: each request is checked against all limits that it is under, and let in by all of them or by none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from proveout.gateway._heads import pairs_of
from proveout.gateway.limits._calendar import windows_at
from proveout.gateway.limits._gcra import booked, refundable
from proveout.gateway.limits._headers import head_of
from proveout.gateway.limits._refusal import Asked, refusal
from proveout.gateway.limits._slots import (
    CELL,
    DAY,
    DAY_SPENT,
    HELD,
    MONTH,
    MONTH_SPENT,
    REQUESTS,
    TOKENS,
    TOKENS_TOTAL,
)
from proveout.gateway.limits._terms import Terms, nanodollars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from proveout.errors import Refused
    from proveout.gateway._settings import Limits
    from proveout.gateway.limits._calendar import Windows
    from proveout.gateway.limits._slots import Slots
    from proveout.gateway.limits._spent import Spent

__all__ = ["Hold", "Limiter"]


class Limiter:
    """Lets requests in under limits of requests, tokens and money.

    Requests and tokens are limited by GCRA on the monotonic clock, which a change of the wall clock does not touch and
    which all processes of a machine share (CLOCK_MONOTONIC). Money is limited by days and months of UTC: a request is
    let in only if what was spent, what those under way may cost, and what it may cost itself fit into the budget. A
    window is never left for an earlier one: a wall clock that is set back opens no budget again, and one that was
    wrongly ahead shuts budgets until it is there again or the gateway is restarted.

    Args:
        slots: where the state is.
        monotonic: seconds.
        wall: seconds since the epoch.

    Example:
        >>> from proveout.errors import RateLimited
        >>> from proveout.gateway import Limits
        >>> from proveout.gateway.limits import LocalSlots
        >>> limiter = Limiter(LocalSlots(), monotonic=lambda: 0.0)
        >>> limits = Limits(requests_per_minute=60, burst_seconds=1)
        >>> held = limiter.admit([("key:a", limits)], tokens=10, usd=0.0)
        >>> held.settle(tokens=7, usd=0.0)
        >>> try:
        ...     limiter.admit([("key:a", limits)], tokens=10, usd=0.0)
        ... except RateLimited as error:
        ...     round(error.retry_after, 3)
        1.0
    """

    def __init__(
        self, slots: Slots, *, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._slots = slots
        self._shared = slots.shared
        self._cells = slots.cells
        self._monotonic = monotonic
        self._wall = wall
        self._windows = windows_at(wall())
        self._terms: dict[str, Terms] = {}

    def admit(self, subjects: Sequence[tuple[str, Limits]], *, tokens: int, usd: float) -> Hold:
        """Let a request in, and hold what it may use.

        Args:
            subjects: whose limits it is under, each named once; see `subjects_of`.
            tokens: that it may take at most: an estimate of its prompt, and the completion tokens that it allows.
            usd: that it may cost at most.

        Raises:
            RateLimited: after ``retry_after`` seconds the same request would be let in, if nothing else came.
            QuotaSpent: the same, for money.
        """
        nano = nanodollars(usd) if usd else 0.0
        now = self._monotonic()
        if not self._shared:
            return self._admit(subjects, tokens, nano, now)
        self._slots.lock()
        try:
            return self._admit(subjects, tokens, nano, now)
        finally:
            self._slots.unlock()

    def fill(self, spent: Mapping[str, Spent]) -> None:
        """Set what was spent in the present day and month, by name; before any request is let in."""
        windows = self._now()
        self._slots.lock()
        try:
            for name, one in spent.items():
                base = self._slots.find(name) * CELL
                self._roll(base, windows)
                self._cells[base + DAY_SPENT] = nanodollars(one.day)
                self._cells[base + MONTH_SPENT] = nanodollars(one.month)
        finally:
            self._slots.unlock()

    def _admit(self, subjects: Sequence[tuple[str, Limits]], tokens: int, nano: float, now: float) -> Hold:
        cells = self._cells
        known = self._terms
        windows = self._now() if nano else None
        checked: list[tuple[Terms, float, float]] = []
        for name, limits in subjects:
            terms = known.get(name)
            if terms is None or terms.limits is not limits:
                terms = self._learn(name, limits)
            base = terms.base
            arrival = booked(cells[base + REQUESTS], now, terms.request_seconds)
            tokens_arrival = booked(cells[base + TOKENS], now, tokens * terms.token_seconds)
            if (
                arrival - now > terms.request_most
                or tokens_arrival - now > terms.token_most
                or (windows is not None and not self._affordable(terms, nano, windows))
            ):
                raise self._refusal(subjects, windows, Asked(tokens, nano, now, self._wall()))
            checked.append((terms, arrival, tokens_arrival))
        return Hold(self, [(one[0], self._book(one, tokens, nano)) for one in checked], tokens, nano)

    def _book(self, one: tuple[Terms, float, float], tokens: int, nano: float) -> float:
        """Hold what a request may use; the mark of its tokens."""
        terms, arrival, tokens_arrival = one
        cells, base = self._cells, terms.base
        cells[base + REQUESTS] = arrival
        cells[base + TOKENS] = tokens_arrival
        mark = cells[base + TOKENS_TOTAL] + tokens * terms.token_seconds
        cells[base + TOKENS_TOTAL] = mark
        if nano:
            self._slots.leases[terms.cell] += nano
            cells[base + HELD] += nano
        return mark

    def _affordable(self, terms: Terms, nano: float, windows: Windows) -> bool:
        cells, base = self._cells, terms.base
        self._roll(base, windows)
        committed = cells[base + HELD] + nano
        return (
            cells[base + DAY_SPENT] + committed <= terms.day_most
            and cells[base + MONTH_SPENT] + committed <= terms.month_most
        )

    def _settle(self, hold: Hold, tokens: int, nano: float) -> None:
        now = self._monotonic()
        windows = self._now() if nano else None
        slots = self._slots
        if self._shared:
            slots.lock()
        try:
            for terms, mark in hold.booked:
                if tokens != hold.tokens and terms.token_seconds:
                    self._correct(terms, mark, (hold.tokens - tokens) * terms.token_seconds, now)
                if windows is not None:
                    self._roll(terms.base, windows)
                    self._cells[terms.base + DAY_SPENT] += nano
                    self._cells[terms.base + MONTH_SPENT] += nano
                if hold.nano:
                    # In this order: a kill in between leaves the lease, from which the sum is put right.
                    self._cells[terms.base + HELD] -= hold.nano
                    slots.leases[terms.cell] -= hold.nano
        finally:
            if self._shared:
                slots.unlock()

    def _correct(self, terms: Terms, mark: float, unused: float, now: float) -> None:
        """Take back what of a booking was not needed, or book what was needed on top."""
        cells, base = self._cells, terms.base
        arrival, total = cells[base + TOKENS], cells[base + TOKENS_TOTAL]
        if unused > 0.0:
            cells[base + TOKENS] = arrival - refundable(arrival, now, total, mark, unused)
        else:
            cells[base + TOKENS] = booked(arrival, now, -unused)
            cells[base + TOKENS_TOTAL] = total - unused

    def _roll(self, base: int, windows: Windows) -> None:
        """Begin a new window where a later one than ever seen has come."""
        cells = self._cells
        if cells[base + DAY] < windows.day:
            cells[base + DAY], cells[base + DAY_SPENT] = windows.day, 0.0
        if cells[base + MONTH] < windows.month:
            cells[base + MONTH], cells[base + MONTH_SPENT] = windows.month, 0.0

    def _now(self) -> Windows:
        wall, windows = self._wall(), self._windows
        if not windows.start <= wall < windows.end:
            windows = self._windows = windows_at(wall)
        return windows

    def _learn(self, name: str, limits: Limits) -> Terms:
        cell = self._slots.find(name)
        terms = self._terms[name] = Terms(name, limits, cell, cell * CELL)
        return terms

    def _refusal(self, subjects: Iterable[tuple[str, Limits]], windows: Windows | None, asked: Asked) -> Refused:
        """The error, from the same state and time that the request was refused by."""
        all_terms = [self._terms_of(name, limits) for name, limits in subjects]
        if windows is not None:
            for terms in all_terms:
                self._roll(terms.base, windows)
        return refusal(all_terms, self._cells, asked, pairs_of(head_of(all_terms[0], self._cells, asked.now)))

    def _terms_of(self, name: str, limits: Limits) -> Terms:
        known = self._terms.get(name)
        return self._learn(name, limits) if known is None or known.limits is not limits else known

    def _head(self, terms: Terms) -> bytes:
        # Read without the lock: each is one number, and they may be a request older than another.
        return head_of(terms, self._cells, self._monotonic())


class Hold:
    """What one request holds of its limits until it is settled.

    Attributes:
        booked: limits, each with the mark of its tokens.
        tokens: held.
        nano: nanodollars held.
    """

    __slots__ = ("_limiter", "_settled", "booked", "nano", "tokens")

    def __init__(self, limiter: Limiter, booked: list[tuple[Terms, float]], tokens: int, nano: float) -> None:
        self._limiter = limiter
        self._settled = False
        self.booked = booked
        self.tokens = tokens
        self.nano = nano

    def settle(self, *, tokens: int, usd: float) -> None:
        """Replace what was held by what was used; the first call counts."""
        if not self._settled:
            self._settled = True
            self._limiter._settle(self, tokens, nanodollars(usd) if usd else 0.0)  # noqa: SLF001  its other half

    def head(self) -> bytes:
        """``x-ratelimit-*`` of the first limit, as they stand: lines of a head."""
        return self._limiter._head(self.booked[0][0]) if self.booked else b""  # noqa: SLF001  its other half
