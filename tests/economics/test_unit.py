"""What one request costs, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from proveout.economics import ArchitectureTerms, Inputs, ModelPrice, PriceTerms, Tier, Traffic, typical
from proveout.economics._inputs import draw
from proveout.economics._unit import fixed_usd_per_day, one_off_usd, request_cost

Make = Callable[..., Inputs]


def test_escalated_requests_are_paid_for_twice_and_audits_are_charged(make: Make) -> None:
    terms = ArchitectureTerms(escalation_rate=0.25, error_rate=0.1)
    inputs = make(
        traffic=Traffic(queries_per_day=100.0, audit_share=0.2),
        prices=PriceTerms(usd_per_audit=0.01, usd_per_error=2.0, usd_per_cpu_hour=1.0),
        architectures={"small": terms},
    )
    found = request_cost(inputs, typical(inputs), "small")
    llm = Fraction(1, 1000)
    assert found.provider == 0
    assert found.processor == Fraction("3.6") / 3_600_000
    assert found.escalation == llm / 4
    assert found.audit == Fraction(3, 4) * Fraction(1, 5) * (llm + Fraction(1, 100))
    assert found.errors == 2 * (Fraction(3, 4) * Fraction(1, 10) + Fraction(1, 4) * Fraction(6, 100))
    assert found.total == found.billed + found.errors


def test_the_incumbent_neither_escalates_nor_is_audited(make: Make) -> None:
    inputs = make(traffic=Traffic(queries_per_day=100.0, audit_share=0.5), prices=PriceTerms(usd_per_error=1.0))
    found = request_cost(inputs, typical(inputs), "llm")
    assert found.escalation == found.audit == 0
    assert found.total == Fraction(1, 1000) + Fraction(6, 100)


def test_tokens_at_a_price_and_tiers_that_use_more(make: Make) -> None:
    terms = ArchitectureTerms(model="mine", tokens_in=1000.0, tokens_out=100.0)
    inputs = make(
        architectures={"llm": terms},
        models=(ModelPrice(model="mine", usd_per_million_in=3.0, usd_per_million_out=15.0),),
        tiers=(Tier(name="free", share=0.75), Tier(name="gold", share=0.25, tokens_factor=3.0)),
    )
    found = request_cost(inputs, typical(inputs), "llm")
    assert found.provider == (Fraction(3, 1000) + Fraction(15, 10_000)) * Fraction(3, 2)


def test_fixed_and_one_off_costs(make: Make) -> None:
    terms = ArchitectureTerms(
        storage_gb=10.0, ops_usd_per_month=365.0, build_usd=50.0, engineer_hours=2.0, labels=100.0
    )
    inputs = make(architectures={"small": terms}, prices=PriceTerms(usd_per_gb_month=3.65, usd_per_label=0.5))
    values = typical(inputs)
    fixed = fixed_usd_per_day(values, "small")
    assert (fixed.storage, fixed.operations, fixed.total) == (Fraction(12, 10), Fraction(12), Fraction(132, 10))
    assert one_off_usd(values, "small") == 50 + 200 + 50


def test_arrays_give_what_fractions_give(make: Make) -> None:
    inputs = make(prices=PriceTerms(usd_per_error=0.7))
    draws = draw(inputs.parameters, 4, 0)
    for name in ("llm", "small"):
        exact, drawn = request_cost(inputs, typical(inputs), name), request_cost(inputs, draws, name)
        for part, array in zip(exact, drawn, strict=True):
            assert np.asarray(array) == pytest.approx(float(part))
