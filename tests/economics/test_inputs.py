"""Where each figure comes from: stated, else measured, else what a certificate bounds, else the default."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from proveout.economics import (
    ArchitectureTerms,
    Certified,
    DecisionTerms,
    Inputs,
    Measured,
    ModelPrice,
    Normal,
    Traffic,
    Uniform,
    draw,
)
from proveout.errors import ArchitectureUnknown, PriceUnknown

Make = Callable[..., Inputs]
LLM = Measured(architecture="llm", candidate="llm@1", provider_usd_per_1000=1.0, quality=0.9)
ENDPOINT = Measured(architecture="llm", candidate="llm@1", price_unknown="nobody knows", tokens_in=500.0, quality=0.9)


def test_measured_figures_name_the_trial(make: Make) -> None:
    found = make().parameters
    assert found["small.cpu_seconds_per_1000"].source.startswith("trial@")
    assert (found["small.error_rate"].quantity, found["small.engineer_hours"].source) == (0.05, "scenario")
    assert found["usd_per_error"].source == "default"


def test_what_the_scenario_states_goes_first(make: Make) -> None:
    found = make(architectures={"small": ArchitectureTerms(cpu_seconds_per_1000=9.0, error_rate=0.2)}).parameters
    assert found["small.cpu_seconds_per_1000"].quantity == 9.0
    assert found["small.error_rate"].source == "scenario"


OWN = Certified(
    certificate="certificate@1",
    candidate="small@0123456789",
    claim="agreement",
    alpha=0.01,
    delta=0.05,
    coverage=0.8,
)


def test_a_certificate_says_what_is_passed_on_and_errors_are_those_measured(make: Make) -> None:
    found = make(measured={"certificates": (OWN,)}).parameters
    assert found["small.escalation_rate"].quantity == pytest.approx(0.2)
    assert found["small.escalation_rate"].source == "certificate@1"
    assert found["small.error_rate"].source != "certificate@1"


def test_where_nothing_was_measured_the_most_that_is_promised_is_priced(make: Make) -> None:
    unmeasured = Measured(
        architecture="small", candidate=OWN.candidate, provider_usd_per_1000=0.0, cpu_seconds_per_1000=1.0
    )
    llm = msgspec.structs.replace(LLM, quality=0.94)
    found = make(llm, unmeasured, measured={"certificates": (OWN,)}).parameters
    # As served at most the incumbent's error and alpha: 0.8 * x + 0.2 * 0.06 = 0.06 + 0.01.
    assert found["small.error_rate"].quantity == pytest.approx(0.0725)
    assert found["small.error_rate"].source == "certificate@1"


def test_a_price_that_nobody_knows_is_an_error_and_not_0(make: Make) -> None:
    with pytest.raises(PriceUnknown) as caught:
        make(ENDPOINT, architectures={}, measured={"model": "obscure-7b"})
    assert (caught.value.about, "[[models]]" in caught.value.fix) == ("obscure-7b", True)


def test_tokens_are_priced_by_the_scenario_before_the_list(make: Make) -> None:
    listed = make(ENDPOINT, architectures={}, measured={"model": "known"}).parameters
    assert (listed["llm.usd_per_million_in"].quantity, listed["llm.usd_per_million_in"].source) == (1.0, "a list")
    own = (ModelPrice(model="known", usd_per_million_in=7.0, usd_per_million_out=8.0),)
    stated = make(ENDPOINT, architectures={}, measured={"model": "known"}, models=own).parameters
    assert (stated["llm.usd_per_million_in"].quantity, stated["llm.tokens_in"].quantity) == (7.0, 500.0)


def test_a_model_without_tokens(make: Make) -> None:
    with pytest.raises(ArchitectureUnknown, match="cost is not known"):
        make(LLM, architectures={"other": ArchitectureTerms(model="known")})


def test_an_incumbent_that_nobody_knows(make: Make) -> None:
    with pytest.raises(ArchitectureUnknown, match="no incumbent"):
        make(measured={"incumbent": ""})
    with pytest.raises(ArchitectureUnknown) as caught:
        make(decision=DecisionTerms(incumbent="claude"))
    assert "llm, small" in caught.value.fix


def test_an_incumbent_whose_cost_nobody_measured(make: Make) -> None:
    recorded = Measured(architecture="recorded", candidate="recorded", quality=0.9)
    with pytest.raises(ArchitectureUnknown) as caught:
        make(recorded, architectures={}, measured={"incumbent": "recorded"})
    assert "[architectures.recorded]" in caught.value.fix


def test_terms_of_what_was_not_measured_are_left_out_and_misspelt_names_are_not(make: Make) -> None:
    found = make(architectures={"modular": ArchitectureTerms(ops_usd_per_month=5.0)})
    assert found.left_out == ("modular",)
    assert [one.name for one in found.architectures] == ["llm", "small"]
    with pytest.raises(ArchitectureUnknown) as caught:
        make(architectures={"smal": ArchitectureTerms(ops_usd_per_month=5.0)})
    assert "did you mean 'small'?" in caught.value.fix


def test_an_architecture_described_and_not_measured(make: Make) -> None:
    found = make(architectures={"bought": ArchitectureTerms(provider_usd_per_1000=0.4, error_rate=0.05)})
    assert found.architecture("bought").remote
    with pytest.raises(ArchitectureUnknown):
        found.architecture("sold")


def test_one_figure_more_changes_no_draw_of_the_others(make: Make) -> None:
    traffic = Traffic(queries_per_day=Uniform(low=1.0, high=2.0), growth_per_30_days=Normal(mean=0.0, sd=0.05))
    fixed = msgspec.structs.replace(traffic, growth_per_30_days=0.0)
    both, one = (draw(make(traffic=terms).parameters, 50, 3) for terms in (traffic, fixed))
    assert np.array_equal(both["queries_per_day"], one["queries_per_day"])
    assert np.array_equal(
        both["growth_per_30_days"], draw(make(traffic=traffic).parameters, 50, 3)["growth_per_30_days"]
    )


def test_draws_are_held_at_the_bounds(make: Make) -> None:
    traffic = Traffic(queries_per_day=10.0, audit_share=Normal(mean=0.1, sd=0.042))
    drawn = draw(make(traffic=traffic).parameters, 5_000, 0)["audit_share"]
    assert drawn.min() == 0.0
    assert 0 < np.mean(drawn == 0) < 0.02


def test_what_it_abstains_from_is_passed_on_and_errors_are_of_what_it_answers(make: Make) -> None:
    own = Measured(
        architecture="small",
        candidate=OWN.candidate,
        provider_usd_per_1000=0.0,
        quality=0.9,
        answered=0.75,
        quality_answered=0.96,
    )
    found = make(LLM, own).parameters
    assert found["small.escalation_rate"].quantity == pytest.approx(0.25)
    assert found["small.error_rate"].quantity == pytest.approx(0.04)
    assert found["llm.escalation_rate"].quantity == 0
    certified = make(LLM, own, measured={"certificates": (OWN,)}).parameters
    assert certified["small.escalation_rate"].quantity == pytest.approx(0.2)
