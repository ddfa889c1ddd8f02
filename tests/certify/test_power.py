from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout import certify
from proveout.certify import Claim, Expected, Grid


def grid(claim: Claim = "agreement", alpha: float = 0.01) -> Grid:
    return Grid(claim=claim, alpha=alpha, delta=0.05, thresholds=(0.5,), bets=(0.5,) if claim != "agreement" else ())


def expected(worse: int, better: int = 0, units: int = 1000, disagreement: float = 0.1) -> Expected:
    return Expected(threshold=None, coverage=0.0, worse=worse, better=better, units=units, disagreement=disagreement)


@pytest.mark.parametrize("worse", [1, 3, 5])
def test_the_rows_said_to_be_needed_do_in_four_of_five_draws(worse: int) -> None:
    found = certify.needed(grid(), expected(worse), 500)
    assert found.rows is not None
    rate = (worse + 0.5) / 1001
    losses = np.random.default_rng(0).binomial(found.rows, rate, size=20_000)
    assert 0.78 <= np.mean(certify.binomial_p(losses, found.rows, 0.01) <= 0.05) <= 0.96
    assert found.more == found.rows - 500
    assert found.labels == 0


def test_the_same_for_a_net_loss() -> None:
    found = certify.needed(grid("non-inferiority"), expected(20, 40), 100)
    assert found.rows is not None
    rng = np.random.default_rng(0)
    worse, better = rng.multinomial(found.rows, [20.5 / 1001, 0.04, 1 - 20.5 / 1001 - 0.04], size=5000).T[:2]
    bet = certify.kelly_bet(20, 40, 1000, 0.01)
    won = np.mean(certify.betting_p(worse, better, found.rows, 0.01, np.full(5000, bet)) <= 0.05)
    assert 0.7 <= won <= 0.95
    assert found.labels == pytest.approx(found.rows * 0.1, abs=1)


def test_more_rows_do_not_help_a_loss_over_alpha() -> None:
    found = certify.needed(grid(), expected(20), 500)
    assert (found.rows, found.more) == (None, None)
    assert "a better candidate would" in found.why
    assert certify.needed(Grid(claim="agreement", alpha=0.1, delta=0.1, thresholds=()), expected(0), 5).rows is None


@given(per_day=st.floats(0, 1e4), days=st.floats(0, 400))
def test_traffic_is_enough_when_it_brings_the_rows(per_day: float, days: float) -> None:
    found = certify.enough_traffic(per_day, days, alpha=0.01, delta=0.05)
    assert found.enough == (found.rows >= 299)
    assert found.enough or "shadow" in found.advice
    assert found.enough or "replay" in found.advice


def test_negative_traffic_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        certify.enough_traffic(-1, 30, alpha=0.01, delta=0.05)
    assert certify.enough_traffic(0, 30, alpha=0.01, delta=0.05).days == float("inf")


def test_more_may_be_needed_than_the_least() -> None:
    found = certify.enough_traffic(10, 50, alpha=0.01, delta=0.05, rows=700)
    assert not found.enough
    assert (found.needed, found.days) == (700, 70.0)
