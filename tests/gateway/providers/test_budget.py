from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.providers import RetryBudget
from proveout.gateway.providers._budget import RESERVE, RESERVE_PER_SECOND

STEPS = st.lists(st.one_of(st.just("request"), st.just("retry"), st.floats(0.0, 5.0)), max_size=400)


@given(share=st.floats(0.0, 1.0), steps=STEPS)
def test_retries_are_at_most_their_share_of_requests_and_a_reserve(share: float, steps: list[str | float]) -> None:
    now = 0.0
    budget = RetryBudget(share, clock=lambda: now)
    requests = retries = 0
    for step in steps:
        if step == "request":
            budget.deposit()
            requests += 1
        elif step == "retry":
            retries += budget.withdraw()
        else:
            now += float(step)
        allowed = share * requests + (RESERVE + now * RESERVE_PER_SECOND if share else 0.0)
        assert retries <= allowed + 1e-6


def test_a_share_of_nothing_allows_no_retry_at_all() -> None:
    now = 0.0
    budget = RetryBudget(0.0, clock=lambda: now)
    for _ in range(1000):
        budget.deposit()
    now = 1e6
    assert not budget.withdraw()


def test_ten_requests_at_a_tenth_earn_one_retry() -> None:
    budget = RetryBudget(0.1, clock=lambda: 0.0)
    while budget.withdraw():
        pass
    for _ in range(10):
        budget.deposit()
    assert budget.withdraw()
    assert not budget.withdraw()


def test_a_clock_that_goes_back_earns_and_takes_nothing() -> None:
    now = 100.0
    budget = RetryBudget(0.5, clock=lambda: now)
    while budget.withdraw():
        pass
    now = 0.0
    assert not budget.withdraw()
    assert budget.balance == 0.0
