from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import UpstreamFailed
from proveout.gateway._settings import Provider
from proveout.gateway.providers import RetryBudget
from proveout.gateway.providers._failure import FIRST_PAUSE, MOST_PAUSE, Failure, failure_of_status, jitter, pause

ERROR = UpstreamFailed("the provider did not answer", why="503", fix="try again", about="one")


@pytest.mark.parametrize(
    ("status", "again", "elsewhere", "well"),
    [
        (301, False, True, None),
        (400, False, False, True),
        (401, False, False, True),
        (404, False, False, True),
        (408, True, True, None),
        (422, False, False, True),
        (429, True, True, None),
        (500, True, True, False),
        (503, True, True, False),
        (529, True, True, False),
    ],
)
def test_what_a_status_means(*, status: int, again: bool, elsewhere: bool, well: bool | None) -> None:
    found = failure_of_status(status, ERROR)
    assert (found.again, found.elsewhere, found.well) == (again, elsewhere, well)


@given(tried=st.integers(0, 30), seed=st.integers())
def test_jitter_is_full_and_has_a_bound_that_doubles(tried: int, seed: int) -> None:
    assert 0.0 <= jitter(tried, Random(seed)) <= min(FIRST_PAUSE * 2**tried, MOST_PAUSE)


def test_jitter_uses_all_of_its_range() -> None:
    rng = Random(1)
    drawn = [jitter(0, rng) for _ in range(1000)]
    assert min(drawn) < 0.01 * FIRST_PAUSE
    assert max(drawn) > 0.99 * FIRST_PAUSE


@given(
    again=st.booleans(),
    tried=st.integers(0, 5),
    retries=st.integers(0, 5),
    asked=st.none() | st.floats(0.0, 10.0) | st.just(float("inf")),
    left=st.floats(0.0, 20.0),
    share=st.sampled_from([0.0, 1.0]),
)
def test_a_pause_fits_into_the_time_left_and_spends_one_retry(
    *, again: bool, tried: int, retries: int, asked: float | None, left: float, share: float
) -> None:
    budget = RetryBudget(share, clock=lambda: 0.0)
    before = budget.balance
    failure = Failure(error=ERROR, again=again, retry_after=asked)
    terms = Provider(base_url="http://x/v1", retries=retries)
    wait = pause(failure, tried, terms, budget=budget, rng=Random(3), left=left)
    if wait is None:
        assert budget.balance == before
        return
    assert again
    assert tried < retries
    assert (asked or 0.0) <= wait < left
    assert budget.balance == before - 1.0


@pytest.mark.parametrize(("asked", "waits"), [(None, True), (1.0, True), (30.0, False), (float("inf"), False)])
def test_only_a_short_retry_after_is_waited_for(*, asked: float | None, waits: bool) -> None:
    failure = Failure(error=ERROR, retry_after=asked)
    terms = Provider(base_url="http://x/v1")
    budget = RetryBudget(1.0, clock=lambda: 0.0)
    assert (pause(failure, 0, terms, budget=budget, rng=Random(0), left=600.0) is not None) == waits
