"""Intervals of two counts, against published examples and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.economics import Counts, cpu_hours_saved, escalations_avoided, uplift
from proveout.errors import CountsInvalid


@pytest.mark.parametrize(
    ("new", "old", "low", "high"),
    # Newcombe 1998, Table II, method 10.
    [
        (Counts(56, 70), Counts(48, 80), 0.0524, 0.3339),
        (Counts(9, 10), Counts(3, 10), 0.1705, 0.8090),
        (Counts(6, 7), Counts(2, 7), 0.0582, 0.8062),
        (Counts(5, 56), Counts(0, 29), -0.0381, 0.1926),
        (Counts(0, 10), Counts(0, 20), -0.1611, 0.2775),
        (Counts(10, 10), Counts(0, 10), 0.6075, 1.0),
    ],
)
def test_the_published_intervals(new: Counts, old: Counts, low: float, high: float) -> None:
    found = uplift(old, new)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_its_coverage_is_what_it_says() -> None:
    rng = np.random.default_rng(3)
    draws, covered = 1500, 0
    for old, new in zip(rng.binomial(400, 0.05, draws), rng.binomial(300, 0.08, draws), strict=True):
        found = uplift(Counts(int(old), 400), Counts(int(new), 300))
        covered += found.low <= 0.03 <= found.high
    assert covered / draws == pytest.approx(0.95, abs=0.02)


@given(st.integers(0, 50), st.integers(0, 50))
def test_it_is_antisymmetric_and_holds_the_estimate(one: int, other: int) -> None:
    first, second = Counts(one, 50), Counts(other, 50)
    found, turned = uplift(first, second), uplift(second, first)
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert found.shown == (found.low > 0 or found.high < 0)


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_cannot_be(hits: int, n: int) -> None:
    with pytest.raises(CountsInvalid):
        Counts(hits, n)


def test_figures_that_cannot_be() -> None:
    with pytest.raises(CountsInvalid):
        uplift(Counts(1, 2), Counts(1, 2), confidence=1.0)
    with pytest.raises(CountsInvalid):
        escalations_avoided(Counts(1, 2), Counts(1, 2), -1)
    with pytest.raises(CountsInvalid):
        cpu_hours_saved(-1, 0, 0)


def test_no_relative_uplift_over_nothing() -> None:
    assert uplift(Counts(0, 10), Counts(5, 10)).relative is None
    assert uplift(Counts(5, 10), Counts(6, 10)).relative == pytest.approx(0.2)


def test_more_escalations_are_fewer_avoided() -> None:
    value, low, high = escalations_avoided(Counts(10, 1000), Counts(50, 1000), 1000)
    assert low < value < high < 0
    assert value == pytest.approx(-40)
