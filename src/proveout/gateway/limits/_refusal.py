"""What a client is told when a limit is reached: which, and in how long the same request would be let in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from proveout.errors import QuotaSpent, RateLimited
from proveout.gateway.limits._calendar import day_end, month_end
from proveout.gateway.limits._gcra import booked
from proveout.gateway.limits._slots import DAY, DAY_SPENT, HELD, MONTH, MONTH_SPENT, REQUESTS, TOKENS
from proveout.gateway.limits._terms import SLACK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proveout.errors import Refused
    from proveout.gateway.limits._slots import Numbers
    from proveout.gateway.limits._terms import Terms

__all__ = ["Asked", "refusal"]

NEVER = float("inf")
# Past the very end of a window, which the rounding of a sum could miss.
BEYOND = 0.001


class Asked(NamedTuple):
    """What a request wants, and when.

    Attributes:
        tokens: in and out, at most.
        nano: nanodollars, at most.
        now: of the monotonic clock.
        wall: seconds since the epoch.
    """

    tokens: int
    nano: float
    now: float
    wall: float


class _Reached(NamedTuple):
    """One limit that a request does not fit into, and the seconds until it does."""

    wait: float
    money: bool
    terms: Terms
    why: str


def refusal(all_terms: Iterable[Terms], cells: Numbers, asked: Asked, headers: list[tuple[bytes, bytes]]) -> Refused:
    """The error of the limit that matters most: one that will never let the request in, then one of money."""
    reached = [one for terms in all_terms for one in (*_rates(terms, cells, asked), *_budgets(terms, cells, asked))]
    worst = max(reached, key=lambda one: (one.wait == NEVER, one.money, one.wait))
    wait = max(one.wait for one in reached)
    kind, what, fix = (
        (QuotaSpent, "the budget does not allow this request", _money_fix(worst, asked))
        if worst.money
        else (RateLimited, "too much in too short a time", _rate_fix(wait))
    )
    retry_after = None if wait == NEVER else wait
    return kind(what, why=worst.why, fix=fix, about=worst.terms.name, retry_after=retry_after, headers=tuple(headers))


def _rates(terms: Terms, cells: Numbers, asked: Asked) -> Iterable[_Reached]:
    limits, base = terms.limits, terms.base
    late = booked(cells[base + REQUESTS], asked.now, terms.request_seconds) - asked.now - terms.request_most
    if late > 0.0:
        why = f"the limit is {limits.requests_per_minute:g} requests a minute"
        yield _Reached(late + SLACK, money=False, terms=terms, why=why)
    seconds = asked.tokens * terms.token_seconds
    late = booked(cells[base + TOKENS], asked.now, seconds) - asked.now - terms.token_most
    if late > 0.0:
        most = int(terms.token_most / terms.token_seconds)
        why = (
            f"the limit is {limits.tokens_per_minute:g} tokens a minute, {most} at once, and it may take {asked.tokens}"
        )
        yield _Reached(late + SLACK if seconds <= terms.token_most else NEVER, money=False, terms=terms, why=why)


def _budgets(terms: Terms, cells: Numbers, asked: Asked) -> Iterable[_Reached]:
    limits, base = terms.limits, terms.base
    windows = (
        (terms.day_most, DAY, DAY_SPENT, day_end, "day", limits.usd_per_day),
        (terms.month_most, MONTH, MONTH_SPENT, month_end, "month", limits.usd_per_month),
    )
    for most, window, spent, end, name, usd in windows:
        if asked.nano and cells[base + spent] + (cells[base + HELD] + asked.nano) > most:
            wait = NEVER if asked.nano > most else max(end(cells[base + window]) - asked.wall, 0.0) + BEYOND
            yield _Reached(wait, money=True, terms=terms, why=f"the budget is {usd:g} US dollars a {name} (UTC)")


def _rate_fix(wait: float) -> str:
    if wait == NEVER:
        return "ask for fewer tokens at once: a shorter prompt, or a smaller max_tokens"
    return f"try again in {wait:.3f} seconds"


def _money_fix(worst: _Reached, asked: Asked) -> str:
    if worst.wait == NEVER:
        return "ask for less: a shorter prompt, a smaller max_tokens or a cheaper model"
    at = datetime.fromtimestamp(asked.wall + worst.wait, tz=UTC).strftime("%Y-%m-%dT%H:%MZ")
    return f"try again after {at}, or ask whoever runs the gateway for a larger budget"
