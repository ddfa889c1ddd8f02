"""The verdict: migrate, do not migrate with its reason, or not enough evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from proveout.economics import (
    ArchitectureTerms,
    Certified,
    Criterion,
    CriterionScore,
    DecisionTerms,
    Difference,
    GateTerms,
    Inputs,
    Measured,
    PriceTerms,
    Traffic,
    Uniform,
    cost,
    decide,
    decision_to_json,
)
from proveout.errors import ScenarioInvalid

Make = Callable[..., Inputs]
LLM = Measured(architecture="llm", candidate="llm@1", provider_usd_per_1000=1.0, quality=0.94, remote=True)
SMALL = Measured(
    architecture="small",
    candidate="small@0123456789",
    cpu_seconds_per_1000=3.6,
    provider_usd_per_1000=0.0,
    quality=0.95,
    difference=Difference(value=0.01, low=-0.002, high=0.022, rows=600),
    latency_p95_ms=12.0,
)


def small(**changes: Any) -> Measured:
    return msgspec.structs.replace(SMALL, **changes)


def worse(value: float, arm: float = 0.01) -> Difference:
    return Difference(value=value, low=value - arm, high=value + arm, rows=300)


def test_migrate(make: Make) -> None:
    found = decide(make())
    assert (found.verdict, found.to, found.choice.by) == ("migrate", "small", "money")
    assert "pays back after 114 days" in found.reason
    assert {gate.name: gate.holds for gate in found.options[0].gates} == {"quality": True}
    assert "ledger 4, 5" in found.options[0].gates[0].evidence


def test_low_volume_says_do_not_migrate(make: Make) -> None:
    found = decide(make(traffic=Traffic(queries_per_day=200.0)))
    assert (found.verdict, found.to) == ("do not migrate", "")
    assert found.options[0].outcome.code == "never"
    assert "never breaks even: it costs $1.00 a day more than it saves" in found.reason


def test_too_slow(make: Make) -> None:
    found = decide(make(decision=DecisionTerms(payback_days=60)))
    assert (found.verdict, found.options[0].outcome.code) == ("do not migrate", "too-slow")
    assert "too slow: it pays back after 114 days, and 60 days are allowed" in found.reason


def test_savings_that_come_after_the_horizon(make: Make) -> None:
    found = decide(make(traffic=Traffic(queries_per_day=10_000.0, horizon_days=90)))
    assert (found.verdict, found.options[0].outcome.code) == ("do not migrate", "loss")


@pytest.mark.parametrize(
    ("candidate", "tables", "gate"),
    [
        (small(difference=worse(-0.05)), {}, "quality"),
        (small(latency_p95_ms=300.0), {"gates": GateTerms(latency_p95_ms=200.0)}, "latency"),
        (small(), {"gates": GateTerms(usd_per_1000=0.00001)}, "budget"),
        (small(remote=True), {"gates": GateTerms(residency="own")}, "residency"),
    ],
)
def test_a_gate_that_fails(make: Make, candidate: Measured, tables: dict[str, Any], gate: str) -> None:
    found = decide(make(LLM, candidate, **tables))
    assert (found.verdict, found.options[0].outcome.code) == ("do not migrate", "gate-failed")
    assert f"the {gate} gate fails" in found.reason


@pytest.mark.parametrize(
    ("candidate", "tables", "gate"),
    [
        (small(difference=worse(-0.01)), {}, "quality"),
        (small(difference=None), {}, "quality"),
        (small(latency_p95_ms=None), {"gates": GateTerms(latency_p95_ms=200.0)}, "latency"),
        (small(), {"gates": GateTerms(certificate="required")}, "certificate"),
    ],
)
def test_a_gate_that_is_open_is_not_enough_evidence(
    make: Make, candidate: Measured, tables: dict[str, Any], gate: str
) -> None:
    found = decide(make(LLM, candidate, **tables))
    assert (found.verdict, found.options[0].outcome.code) == ("not enough evidence", "gate-open")
    assert f"the {gate} gate is open" in found.reason


def test_what_loses_money_needs_no_more_evidence(make: Make) -> None:
    found = decide(make(LLM, small(difference=None), traffic=Traffic(queries_per_day=200.0)))
    assert found.verdict == "do not migrate"


def test_escalations_to_a_provider_break_residency(make: Make) -> None:
    terms = {"small": ArchitectureTerms(escalation_rate=0.1)}
    found = decide(make(LLM, SMALL, architectures=terms, gates=GateTerms(residency="own")))
    assert "requests passed on or audited leave" in found.reason
    kept = decide(make(LLM, SMALL, architectures={}, gates=GateTerms(residency="own")))
    assert kept.verdict == "migrate"


def test_a_certificate_holds_the_quality_gate(make: Make) -> None:
    own = Certified(
        certificate="certificate@1",
        candidate=SMALL.candidate,
        claim="non-inferiority",
        alpha=0.01,
        delta=0.05,
        coverage=0.8,
    )
    gates = GateTerms(certificate="required")
    inputs = make(LLM, small(difference=None), measured={"certificates": (own,)}, gates=gates)
    found = decide(inputs)
    assert found.verdict == "migrate"
    assert {gate.name: gate.evidence for gate in found.options[0].gates} == {
        "quality": "certificate@1",
        "certificate": "certificate@1",
    }
    nothing = msgspec.structs.replace(own, coverage=0.0)
    refused = decide(make(LLM, SMALL, measured={"certificates": (nothing,)}, gates=gates))
    assert "the certificate lets it serve nothing" in refused.reason


def test_costs_too_uncertain_name_what_they_hang_on(make: Make) -> None:
    terms = {"small": ArchitectureTerms(engineer_hours=Uniform(low=5.0, high=60.0), ops_usd_per_month=36.5)}
    found = decide(make(architectures=terms))
    assert (found.verdict, found.options[0].outcome.code) == ("not enough evidence", "uncertain")
    assert "It hangs most on small.engineer_hours" in found.reason


def test_nothing_to_move_to(make: Make) -> None:
    found = decide(make(LLM, architectures={}))
    assert (found.verdict, found.options) == ("do not migrate", ())
    assert "nothing to move to" in found.reason


def test_two_candidates_that_only_criteria_tell_apart(make: Make) -> None:
    twin = small(architecture="twin", candidate="twin@1")
    score = {"llm": 0.1, "small": 0.9, "twin": 0.2}
    scores = {name: CriterionScore(score=value, evidence="ledger:3") for name, value in score.items()}
    terms = {name: ArchitectureTerms(engineer_hours=Uniform(low=5.0, high=15.0)) for name in ("small", "twin")}
    found = decide(
        make(LLM, SMALL, twin, architectures=terms, criteria=(Criterion(name="ours", weight=1.0, scores=scores),))
    )
    assert (found.verdict, found.to, found.choice.by) == ("migrate", "small", "criteria")
    assert {one.evidence for one in found.scores} == {"ledger:3"}
    open_choice = decide(make(LLM, SMALL, twin, architectures=terms))
    assert (open_choice.verdict, open_choice.to, open_choice.choice.by) == ("migrate", "", "none")
    assert set(open_choice.target.split(" or ")) == {"small", "twin"}
    assert "is worth it: money does not tell" in open_choice.reason


def test_no_telling_a_move_that_is_worth_it_from_one_that_is_not_known_to_be(make: Make) -> None:
    sure = ArchitectureTerms(engineer_hours=10.0)
    unsure = ArchitectureTerms(engineer_hours=Uniform(low=0.0, high=19.0))
    twin = small(architecture="twin", candidate="twin@1")
    found = decide(
        make(
            LLM,
            SMALL,
            twin,
            architectures={"small": sure, "twin": unsure},
            decision=DecisionTerms(payback_days=130),
        )
    )
    outcomes = {option.architecture: option.outcome.code for option in found.options}
    assert outcomes == {"small": "pays", "twin": "uncertain"}
    assert (found.verdict, found.to) == ("not enough evidence", "")
    assert "small would pay back, and which to take is open" in found.reason


def test_a_score_must_name_its_evidence(make: Make) -> None:
    hearsay = {name: CriterionScore(score=0.5, evidence="everybody knows") for name in ("llm", "small")}
    with pytest.raises(ScenarioInvalid, match="a score without evidence"):
        decide(make(criteria=(Criterion(name="ours", weight=1.0, scores=hearsay),)))
    with pytest.raises(ScenarioInvalid, match="a score is missing"):
        decide(
            make(
                criteria=(
                    Criterion(name="ours", weight=1.0, scores={"llm": CriterionScore(score=0.5, evidence="ledger:1")}),
                )
            )
        )
    with pytest.raises(ScenarioInvalid, match="measured no causal"):
        decide(make(criteria=(Criterion(name="ours", weight=1.0, measured="causal"),)))


def test_a_measured_criterion_links_to_the_trial(make: Make) -> None:
    found = decide(make(criteria=(Criterion(name="proof", weight=1.0, measured="interpretability"),)))
    assert {(one.option, one.score) for one in found.scores} == {("llm", 0.0), ("small", 0.9)}
    assert {one.evidence for one in found.scores} == {"trial@0123456789abcdef"}


def test_what_is_counted_as_0_is_said(make: Make) -> None:
    said = " ".join(cost(make(architectures={})).warnings)
    for words in ("no running costs of small", "no labour to build small", "what an error costs", "no distribution"):
        assert words in said
    simulated = msgspec.structs.replace(LLM, simulated=True)
    assert "llm: simulated answers" in cost(make(simulated, SMALL)).warnings[0]


def test_a_decision_as_json_is_plain(make: Make) -> None:
    inputs = make(prices=PriceTerms(usd_per_error=Uniform(low=0.1, high=0.2)))
    found = decision_to_json(decide(inputs))
    assert msgspec.json.decode(msgspec.json.encode(found)) == msgspec.json.decode(msgspec.json.encode(found))
    assert found["verdict"] == "migrate"
    assert found["cost"]["parameters"]["usd_per_error"]["value"] == "uniform(low 0.1, high 0.2)"


def test_a_move_that_is_too_slow_does_not_stand_in_the_way_of_one_that_is_not(make: Make) -> None:
    dear = small(architecture="dear", candidate="dear@1")
    terms = {
        "small": ArchitectureTerms(engineer_hours=10.0, ops_usd_per_month=36.5),
        "dear": ArchitectureTerms(engineer_hours=13.0),
    }
    found = decide(make(LLM, SMALL, dear, architectures=terms, decision=DecisionTerms(payback_days=120)))
    assert {one.architecture: one.outcome.code for one in found.options} == {"small": "pays", "dear": "too-slow"}
    assert (found.verdict, found.to) == ("migrate", "small")


def test_an_error_rate_nobody_knows_is_said_where_errors_have_a_price(make: Make) -> None:
    bought = {"bought": ArchitectureTerms(provider_usd_per_1000=0.1)}
    words = "nobody measured or stated how often bought is wrong"
    assert words in " ".join(cost(make(architectures=bought, prices=PriceTerms(usd_per_error=1.0))).warnings)
    assert words not in " ".join(cost(make(architectures=bought)).warnings)


def test_what_costs_more_from_the_first_day_is_not_said_to_pay_back(make: Make) -> None:
    bare = {"small": ArchitectureTerms(ops_usd_per_month=3650.0)}
    found = decide(make(architectures=bare))
    assert (found.verdict, found.options[0].outcome.code) == ("do not migrate", "loss")
    assert "a day more than it saves" in found.reason
    assert "pays back" not in found.reason


def test_what_was_compared_with_another_is_not_taken_for_this_incumbent(make: Make) -> None:
    old = Measured(architecture="old", candidate="old@1", provider_usd_per_1000=2.0, quality=0.99)
    terms = DecisionTerms(incumbent="old")

    def gate(**measured: object) -> tuple[bool | None, str]:
        inputs = make(LLM, SMALL, old, decision=terms, measured=measured)
        option = next(one for one in decide(inputs).options if one.architecture == "small")
        found = next(one for one in option.gates if one.name == "quality")
        return found.holds, found.detail

    assert gate() == (None, "it was compared with llm, and not with old")
    own = Certified(
        certificate="certificate@1",
        candidate=SMALL.candidate,
        claim="agreement",
        alpha=0.01,
        delta=0.05,
        coverage=0.7,
        incumbent="llm@1",
    )
    assert gate(certificates=(own,))[0] is None
    assert gate(certificates=(msgspec.structs.replace(own, incumbent="expected labels"),))[0] is True
