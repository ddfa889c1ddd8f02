from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from proveout.certify import (
    betting_p,
    binomial_p,
    binomial_upper,
    coverage_margin,
    fewest_rows,
    kelly_bet,
    most_losses,
)
from proveout.certify._bounds import largest_bet

SHARES = st.floats(0.001, 0.5)
DRAWS = 20_000


@given(rows=st.integers(1, 2000), data=st.data(), alpha=SHARES)
def test_the_binomial_test_and_bound_are_those_of_scipy(rows: int, data: st.DataObject, alpha: float) -> None:
    losses = data.draw(st.integers(0, rows))
    found = binomtest(losses, rows, alpha, alternative="less")
    assert float(binomial_p(losses, rows, alpha)) == pytest.approx(found.pvalue, rel=1e-9, abs=1e-300)
    high = found.proportion_ci(confidence_level=0.95, method="exact").high
    assert float(binomial_upper(losses, rows, 0.05)) == pytest.approx(high, rel=1e-9)


@given(rows=st.integers(2, 3000), data=st.data(), alpha=SHARES)
def test_more_losses_are_worse(rows: int, data: st.DataObject, alpha: float) -> None:
    losses = data.draw(st.integers(0, rows - 1))
    assert binomial_p(losses, rows, alpha) <= binomial_p(losses + 1, rows, alpha)
    assert binomial_upper(losses, rows, 0.05) <= binomial_upper(losses + 1, rows, 0.05)
    better = data.draw(st.integers(0, rows - losses - 1))
    now, worse, fewer = (
        float(betting_p(one, two, rows, alpha, [0.5]))
        for one, two in ((losses, better), (losses + 1, better), (losses, 0))
    )
    assert now <= worse + 1e-12
    assert now <= fewer + 1e-12


@given(rows=st.integers(0, 3000), alpha=SHARES, delta=st.floats(0.001, 0.3))
def test_the_most_losses_are_the_most(rows: int, alpha: float, delta: float) -> None:
    most = int(most_losses(rows, alpha, delta))
    assert most == -1 or binomial_p(most, rows, alpha) <= delta
    assert binomial_p(most + 1, rows, alpha) > delta or most + 1 > rows


@given(alpha=SHARES, delta=st.floats(0.001, 0.3))
def test_fewer_rows_can_certify_nothing(alpha: float, delta: float) -> None:
    least = fewest_rows(alpha, delta)
    assert (1 - alpha) ** least <= delta * (1 + 1e-9)
    assert (1 - alpha) ** (least - 1) > delta * (1 - 1e-9)


@pytest.mark.parametrize("alpha", [0.01, 0.02, 0.1])
def test_at_the_boundary_few_certify_and_the_naive_rule_breaks_in_half(alpha: float) -> None:
    losses = np.random.default_rng(0).binomial(1000, alpha, size=DRAWS)
    certified = np.mean(binomial_p(losses, 1000, alpha) <= 0.05)
    # Three standard deviations of 20,000 draws above 5 %.
    assert certified <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / DRAWS)
    assert np.mean(losses <= alpha * 1000) > 0.5


@pytest.mark.parametrize("churn", [0.0, 0.03, 0.2])
def test_betting_keeps_its_promise_at_the_boundary(churn: float) -> None:
    alpha, rows = 0.02, 1000
    rng = np.random.default_rng(1)
    worse, better = rng.multinomial(rows, [churn + alpha, churn, 1 - 2 * churn - alpha], size=DRAWS).T[:2]
    for tuned in (0.02, 0.2, 0.9):
        certified = np.mean(betting_p(worse, better, rows, alpha, np.full(DRAWS, tuned)) <= 0.05)
        assert certified <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / DRAWS)


def test_betting_has_power() -> None:
    rng = np.random.default_rng(2)
    worse, better = rng.multinomial(1000, [0.02, 0.05, 0.93], size=2000).T[:2]
    bet = kelly_bet(20, 50, 1000, 0.01)
    assert np.mean(betting_p(worse, better, 1000, 0.01, np.full(2000, bet)) <= 0.05) > 0.8


@given(worse=st.integers(0, 50), better=st.integers(0, 50), alpha=SHARES)
def test_a_bet_never_risks_all(worse: int, better: int, alpha: float) -> None:
    assert 0 < kelly_bet(worse, better, 1000, alpha) < 1 / (1 - alpha)


def test_the_margin_of_coverage_holds_at_every_threshold_at_once() -> None:
    rng = np.random.default_rng(3)
    far = [np.abs(np.sort(rng.random(500)) - (np.arange(500) + 0.5) / 500).max() for _ in range(1000)]
    assert np.mean(np.array(far) > coverage_margin(500)) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert coverage_margin(0) == 1.0


@given(alpha=SHARES, delta=st.floats(0.001, 0.3), share=st.floats(0.001, 1.0))
def test_fewer_rows_can_certify_no_net_loss_though_all_gain(alpha: float, delta: float, share: float) -> None:
    least = fewest_rows(alpha, delta, "non-inferiority")
    assert least <= fewest_rows(alpha, delta)
    assert betting_p(0, least - 1, least - 1, alpha, [share * largest_bet(alpha)]) > delta * (1 - 1e-9)
    assert betting_p(0, 2 * least + 10, 2 * least + 10, alpha, [largest_bet(alpha)]) <= delta
