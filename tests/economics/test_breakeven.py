"""Break-even of two architectures, and its spread."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.economics import (
    ArchitectureTerms,
    BreakEven,
    DecisionTerms,
    Flow,
    Inputs,
    MonteCarlo,
    Normal,
    PriceTerms,
    Traffic,
    break_even,
    break_even_day,
    draw,
    typical,
)
from proveout.economics._breakeven import payback_days
from proveout.economics._distributions import exact

Make = Callable[..., Inputs]


def weigh(inputs: Inputs, old: str = "llm", new: str = "small") -> BreakEven:
    terms = inputs.scenario.monte_carlo
    return break_even(inputs, typical(inputs), draw(inputs.parameters, terms.draws, terms.seed), old, new)


def test_by_hand(make: Make) -> None:
    free = PriceTerms(usd_per_cpu_hour=0.0, usd_per_gb_month=0.0)
    found = weigh(make(prices=free))
    # 10,000 requests at 0.001 USD save 10 USD a day, running it costs 1.2, building it 1,000.
    assert found.saving_usd_per_day == 8.8
    assert (found.days, found.requests) == (ceil(1000 / 8.8), 1_140_000)
    assert found.net_usd == round(8.8 * 1095 - 1000, 6)
    assert found.probability_of_saving == found.probability_in_time == 1.0
    assert found.npv.p10 == found.npv.p90 == pytest.approx(found.npv_usd)
    assert found.payback.p50 == found.days


def test_there_and_back(make: Make) -> None:
    inputs = make()
    there, back = weigh(inputs), weigh(inputs, "small", "llm")
    assert (there.net_usd, there.npv_usd, there.one_off_usd) == (-back.net_usd, -back.npv_usd, -back.one_off_usd)
    assert there.saving_usd_per_request == -back.saving_usd_per_request


def test_too_little_traffic_never_pays_back(make: Make) -> None:
    found = weigh(make(traffic=Traffic(queries_per_day=200.0)))
    assert (found.days, found.requests, found.payback.p10) == (None, None, None)
    assert found.saving_usd_per_day < 0
    assert found.probability_of_saving == 0.0


# The fixture makes inputs anew at each call, so that one serves all examples.
ANEW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
QUICK = MonteCarlo(draws=100)


@given(few=st.floats(100, 1e6), factor=st.floats(1.0, 5.0))
@ANEW
def test_more_traffic_is_worth_more(make: Make, few: float, factor: float) -> None:
    fewer, more = (
        weigh(make(traffic=Traffic(queries_per_day=volume), monte_carlo=QUICK)) for volume in (few, few * factor)
    )
    assert more.npv_usd >= fewer.npv_usd
    assert fewer.days is None or (more.days is not None and more.days <= fewer.days)


@given(price=st.floats(0.0, 10.0), more=st.floats(0.0, 10.0))
@ANEW
def test_a_dearer_incumbent_makes_the_move_worth_more(make: Make, price: float, more: float) -> None:
    found = [
        weigh(make(architectures={"llm": ArchitectureTerms(provider_usd_per_1000=usd)}, monte_carlo=QUICK)).npv_usd
        for usd in (price, price + more)
    ]
    assert found[0] <= found[1]


def test_percentiles_of_a_linear_outcome_are_analytic(make: Make) -> None:
    hours = Normal(mean=40.0, sd=5.0)
    inputs = make(
        architectures={"small": ArchitectureTerms(engineer_hours=hours)},
        prices=PriceTerms(usd_per_engineer_hour=100.0),
        monte_carlo=MonteCarlo(draws=50_000),
    )
    found = weigh(inputs)
    for share, drawn in zip((0.1, 0.5, 0.9), (found.npv.p10, found.npv.p50, found.npv.p90), strict=True):
        z = NormalDist().inv_cdf(share)
        assert drawn == pytest.approx(found.npv_usd + 500 * z, abs=15)  # 5 standard errors of a quantile are 19 USD


def test_the_probability_of_paying_back_in_time(make: Make) -> None:
    # 1,000 USD an hour, 8.8 USD a day: in time when it takes at most 8.8 * 100 / 100 = 8.8 hours to build.
    inputs = make(
        architectures={"small": ArchitectureTerms(engineer_hours=Normal(mean=8.8, sd=1.0), ops_usd_per_month=36.5)},
        prices=PriceTerms(usd_per_cpu_hour=0.0, usd_per_gb_month=0.0),
        decision=DecisionTerms(payback_days=100),
        monte_carlo=MonteCarlo(draws=20_000),
    )
    assert weigh(inputs).probability_in_time == pytest.approx(0.5, abs=0.02)


@given(
    st.integers(1, 5000),
    st.sampled_from([-0.2, 0.0, 0.1]),
    st.integers(-100, 900),
    st.integers(-300, 500),
    st.integers(-100, 90_000),
)
def test_days_of_draws_are_those_of_fractions(volume: int, growth: float, saving: int, fixed: int, once: int) -> None:
    parts = (float(volume), growth, saving / 1e5, fixed / 100, once / 100)
    found = payback_days(Flow(*(np.full(1, part) for part in parts)), 730)[0]
    wanted = break_even_day(Flow(*map(exact, parts)), 730)
    if wanted is None:
        assert np.isinf(found) or found == 730
    else:
        assert abs(found - wanted) <= 1  # a sum of floats may miss a day on which nothing is left to pay


def test_processor_hours_saved(make: Make) -> None:
    found = weigh(make(architectures={"llm": ArchitectureTerms(cpu_seconds_per_1000=36.0)}))
    assert found.cpu_hours_saved_per_month == pytest.approx(10_000 * 365 / 12 * (36.0 - 3.6) / 1000 / 3600, abs=1e-6)
    assert weigh(make()).cpu_hours_saved_per_month < 0
