"""A month of each architecture, by part and tier."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from proveout.economics import (
    ArchitectureTerms,
    Inputs,
    MonteCarlo,
    PriceTerms,
    RunRate,
    Tier,
    Traffic,
    Uniform,
    cost,
    draw,
    typical,
)
from proveout.economics._runrate import run_rates

Make = Callable[..., Inputs]


def rates(inputs: Inputs) -> tuple[RunRate, ...]:
    terms = inputs.scenario.monte_carlo
    return run_rates(inputs, typical(inputs), draw(inputs.parameters, terms.draws, terms.seed))


def test_by_hand(make: Make) -> None:
    llm, small = rates(make(prices=PriceTerms(usd_per_error=0.01)))
    days = 365 / 12
    assert llm.usd_per_month["provider"] == round(10 * days, 6)
    assert llm.usd_per_month["errors"] == round(10_000 * 0.06 * 0.01 * days, 6)
    assert llm.billed_usd_per_month == llm.usd_per_month["provider"]
    assert small.usd_per_month["operations"] == 36.5
    assert small.one_off_usd == 1000.0
    assert llm.usd_per_1000 == pytest.approx(1.0 + 0.6)
    assert llm.horizon_usd == pytest.approx(1095 * (10 + 6), abs=1e-6)


def test_the_parts_are_the_total(make: Make) -> None:
    for rate in rates(make(prices=PriceTerms(usd_per_error=0.5))):
        assert sum(rate.usd_per_month.values()) == pytest.approx(rate.total_usd_per_month, abs=1e-5)


def test_tiers_add_up_to_all_but_what_is_fixed(make: Make) -> None:
    tiers = (Tier(name="a", share=0.25, tokens_factor=2.0), Tier(name="b", share=0.75, error_factor=3.0))
    for rate in rates(make(tiers=tiers, prices=PriceTerms(usd_per_error=0.5))):
        for part in ("provider", "processor", "escalation", "audit", "errors"):
            assert sum(tier.usd_per_month[part] for tier in rate.tiers) == pytest.approx(
                rate.usd_per_month[part], abs=1e-5
            )
        assert sum(tier.queries_per_day for tier in rate.tiers) == 10_000.0


def test_the_spread_of_a_month_follows_the_volume(make: Make) -> None:
    traffic = Traffic(queries_per_day=Uniform(low=5_000.0, high=15_000.0))
    llm = rates(make(traffic=traffic, monte_carlo=MonteCarlo(draws=40_000)))[0]
    days = 365 / 12
    for found, share in ((llm.monthly.p10, 0.1), (llm.monthly.p50, 0.5), (llm.monthly.p90, 0.9)):
        assert found == pytest.approx((5 + 10 * share) * days, rel=0.02)


def test_growth_counts_until_the_horizon(make: Make) -> None:
    llm = rates(make(traffic=Traffic(queries_per_day=1_000.0, growth_per_30_days=0.1, horizon_days=75)))[0]
    assert llm.horizon_usd == pytest.approx(30 + 33 + 15 * 1.21)


def test_the_same_inputs_give_the_same_report(make: Make) -> None:
    assert cost(make()) == cost(make())


def test_energy_of_ones_own_machines_and_of_the_providers(make: Make) -> None:
    terms = {"small": ArchitectureTerms(escalation_rate=0.2)}
    llm, small = rates(make(architectures=terms, traffic=Traffic(queries_per_day=10.0, audit_share=0.5)))
    assert [(one.source, one.wh_per_1000_high) for one in llm.energy] == [("published range", 2900.0)]
    assert [one.source for one in small.energy] == ["estimated", "published range"]
    assert small.energy[1].wh_per_1000_high == pytest.approx(2900.0 * (0.2 + 0.8 * 0.5))
    assert small.energy[0].wh_per_1000_high == pytest.approx(3.6 * 15 / 3600)
    measured = msgspec.structs.replace(make(architectures={}), joules_per_cpu_second=10.0)
    own = rates(measured)[1].energy
    assert [(one.source, one.wh_per_1000_low) for one in own] == [("measured", 0.01)]
