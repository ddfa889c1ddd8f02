"""Draws against what analysis says of them."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.economics import Distribution, Lognormal, Normal, Triangular, Uniform
from proveout.economics._distributions import exact, stated

COUNT = 40_000
ALL: list[Distribution] = [
    Uniform(low=2.0, high=6.0),
    Triangular(low=1.0, mode=2.0, high=7.0),
    Normal(mean=10.0, sd=2.0),
    Lognormal(median=5.0, sigma=0.4),
]


@pytest.mark.parametrize("made", ALL, ids=lambda one: type(one).__name__)
def test_percentiles_of_draws_are_the_analytic_ones(made: Distribution) -> None:
    draws = made.draw(np.random.default_rng(1), COUNT)
    for share in (0.1, 0.5, 0.9):
        # The share of draws below the analytic quantile is binomial: five standard errors.
        below = float(np.mean(draws <= made.quantile(share)))
        assert abs(below - share) < 5 * math.sqrt(share * (1 - share) / COUNT)


@pytest.mark.parametrize("made", ALL, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(("low", "high"), [(0.0, 4.0), (3.0, 20.0), (2.5, 5.5)])
def test_the_probability_outside_is_the_share_of_draws_outside(made: Distribution, low: float, high: float) -> None:
    draws = made.draw(np.random.default_rng(2), COUNT)
    outside = float(np.mean((draws < low) | (draws > high)))
    assert made.outside(low, high) == pytest.approx(outside, abs=5 * math.sqrt(0.25 / COUNT))


def test_known_quantiles() -> None:
    assert Uniform(low=0.0, high=10.0).quantile(0.9) == 9.0
    assert Triangular(low=0.0, mode=0.0, high=1.0).quantile(0.75) == pytest.approx(0.5)
    assert Normal(mean=0.0, sd=1.0).quantile(0.9) == pytest.approx(NormalDist().inv_cdf(0.9))
    assert Lognormal(median=1.0, sigma=1.0).quantile(0.9) == pytest.approx(math.exp(NormalDist().inv_cdf(0.9)))


def test_distributions_of_no_width() -> None:
    rng = np.random.default_rng(0)
    for made in (Uniform(low=3.0, high=3.0), Triangular(low=3.0, mode=3.0, high=3.0)):
        assert made.quantile(0.1) == made.quantile(0.9) == 3.0
        assert set(made.draw(rng, 5)) == {3.0}
        assert (made.outside(0, 5), made.outside(4, 5)) == (0.0, 1.0)


def test_what_is_no_distribution() -> None:
    assert Uniform(low=2.0, high=1.0).problem
    assert Triangular(low=0.0, mode=3.0, high=2.0).problem
    assert not any(made.problem for made in ALL)


def test_the_typical_values() -> None:
    assert [float(made.typical) for made in ALL] == [4.0, 2.0, 10.0, 5.0]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_exact_is_the_number_as_written(value: float) -> None:
    assert exact(value) == Fraction(repr(value))


def test_quantities_in_words() -> None:
    assert stated(ALL[1]) == "triangular(low 1, mode 2, high 7)"
    assert stated(1234567.5) == "1,234,567.5"
