from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import BudgetExceeded
from proveout.families.llm._budget import Budget
from proveout.task import Prices

DOLLAR_A_TOKEN = Prices(usd_per_million_in=1e6, usd_per_million_out=1e6)


@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 100)), max_size=30),
)
def test_no_more_is_spent_than_the_cap(cap: int, calls: list[tuple[int, int]]) -> None:
    budget = Budget(float(cap), DOLLAR_A_TOKEN, about="m")

    def call(worst: int, share: int) -> bool:
        try:
            with budget.hold(worst, 0) as held:
                held.settle(worst * share / 100, answered=True)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda one: call(*one), calls))
    assert budget.spent <= cap
    assert budget.answered == sum(done)


def test_a_call_waits_for_those_under_way_before_it_gives_up() -> None:
    budget = Budget(10.0, DOLLAR_A_TOKEN, about="m")
    begun, told = threading.Event(), threading.Event()

    def first() -> None:
        with budget.hold(8, 0) as held:
            begun.set()
            told.wait(5)
            held.settle(1.0, answered=True)

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(5)
    threading.Timer(0.05, told.set).start()
    with budget.hold(8, 0) as held:
        held.settle(2.0, answered=True)
    thread.join()
    assert budget.spent == 3.0


def test_the_error_states_what_was_spent_and_done() -> None:
    budget = Budget(10.0, DOLLAR_A_TOKEN, about="the-model")
    with budget.hold(6, 0) as held:
        held.settle(5.0, answered=True)
    with pytest.raises(BudgetExceeded) as caught, budget.hold(3, 3):
        pytest.fail("the call was made")
    assert caught.value.exit_code == 7
    for stated in ("the-model", "build_usd is 10", "$5.000000", "1 answers", "$6.000000", "not paid again"):
        assert stated in str(caught.value)


def test_a_call_that_breaks_off_counts_at_its_worst() -> None:
    budget = Budget(None, DOLLAR_A_TOKEN, about="m")
    with pytest.raises(OSError, match="gone"), budget.hold(2, 1):
        raise OSError("gone")
    assert (budget.spent, budget.answered) == (3.0, 0)


def test_a_cap_needs_a_price() -> None:
    unknown = Prices(unknown="no list knows it")
    with (
        pytest.raises(BudgetExceeded, match="price is unknown: no list knows it"),
        Budget(1.0, unknown, about="m").hold(1, 1),
    ):
        pytest.fail("the call was made")
    with Budget(None, unknown, about="m").hold(1, 1) as held:
        assert held.usd == 0
