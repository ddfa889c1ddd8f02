"""What a result hangs on, and where it turns."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from proveout.economics import (
    ArchitectureTerms,
    Inputs,
    PriceTerms,
    Traffic,
    Uniform,
    cost,
    drivers,
    flip_points,
    with_volume,
)
from proveout.economics._flow import flow_of, present_value
from proveout.economics._inputs import typical

Make = Callable[..., Inputs]


def test_the_strongest_comes_first_and_what_matters_not_is_left_out(make: Make) -> None:
    found = drivers(make(), "llm", "small")
    assert [one.swing_usd for one in found] == sorted((one.swing_usd for one in found), reverse=True)
    names = {one.name for one in found}
    assert {"queries_per_day", "llm.provider_usd_per_1000", "small.engineer_hours"} <= names
    assert "small.error_rate" not in names  # errors cost nothing here


def test_a_distribution_is_moved_from_p10_to_p90(make: Make) -> None:
    inputs = make(traffic=Traffic(queries_per_day=Uniform(low=0.0001, high=20_000.0)))
    found = next(one for one in drivers(inputs, "llm", "small") if one.name == "queries_per_day")
    assert (found.low, found.high) == pytest.approx((2_000.0, 18_000.0), rel=1e-6)
    assert found.uncertain


def test_a_flip_point_is_where_the_value_is_nothing(make: Make) -> None:
    inputs = make(prices=PriceTerms(usd_per_error=0.001))
    found = {one.name: one for one in flip_points(inputs, "llm", "small")}
    for name, point in found.items():
        exact = typical(inputs) | {name: Fraction(point.value)}
        worth = present_value(flow_of(inputs, exact, "llm", "small"), 1095, exact["discount_rate_per_year"])
        assert float(worth) == pytest.approx(0.0, abs=1e-2), name
    assert found["small.engineer_hours"].value > 10.0
    assert found["queries_per_day"].value < 10_000.0


def test_the_flip_of_the_volume_turns_the_verdict(make: Make) -> None:
    inputs = make()
    turn = next(one for one in flip_points(inputs, "llm", "small") if one.name == "queries_per_day").value
    for volume, saves in ((turn * 0.99, False), (turn * 1.01, True)):
        found = cost(make(traffic=with_volume(inputs.scenario, volume).traffic)).break_even[0]
        assert (found.npv_usd > 0) is saves


def test_nothing_turns_what_cannot_be_turned(make: Make) -> None:
    terms = {"small": ArchitectureTerms(provider_usd_per_1000=0.0)}
    names = {one.name for one in flip_points(make(architectures=terms), "llm", "small")}
    assert "small.storage_gb" in names
    assert "discount_rate_per_year" not in names
