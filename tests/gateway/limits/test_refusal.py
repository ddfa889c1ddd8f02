from __future__ import annotations

from proveout.errors import QuotaSpent, RateLimited
from proveout.gateway import Limits
from proveout.gateway.limits._refusal import Asked, refusal
from proveout.gateway.limits._slots import CELL, DAY_SPENT, REQUESTS
from proveout.gateway.limits._terms import NANO, Terms


def terms(name: str, cell: int, limits: Limits) -> Terms:
    return Terms(name, limits, cell, cell * CELL)


def test_money_goes_before_rates_and_the_longest_wait_is_told() -> None:
    cells = [0.0] * (2 * CELL)
    cells[REQUESTS] = 50.0 + 3600.0
    cells[CELL + DAY_SPENT] = NANO
    both = [
        terms("key:a", 0, Limits(requests_per_minute=60, burst_seconds=10)),
        terms("task:t", 1, Limits(usd_per_day=1)),
    ]
    error = refusal(both, cells, Asked(tokens=0, nano=1.0, now=50.0, wall=86_400.0 - 60), [])
    assert isinstance(error, QuotaSpent)
    assert error.about == "task:t"
    assert error.retry_after is not None
    assert 3590 < error.retry_after < 3592  # the rate keeps it out for longer than the budget


def test_what_never_fits_goes_before_everything() -> None:
    cells = [0.0] * (2 * CELL)
    cells[DAY_SPENT] = NANO
    both = [terms("key:a", 0, Limits(usd_per_day=1)), terms("task:t", 1, Limits(tokens_per_minute=60))]
    error = refusal(both, cells, Asked(tokens=61, nano=1.0, now=0.0, wall=0.0), [(b"a", b"b")])
    assert isinstance(error, RateLimited)
    assert error.retry_after is None
    assert error.headers == ((b"a", b"b"),)


def test_a_window_that_ends_this_moment_is_waited_for_a_moment() -> None:
    cells = [0.0] * CELL
    cells[DAY_SPENT] = NANO
    error = refusal([terms("key:a", 0, Limits(usd_per_day=1))], cells, Asked(0, 1.0, 0.0, 86_401.0), [])
    assert error.retry_after == 0.001
