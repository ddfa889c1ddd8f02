from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway._settings import Tier
from proveout.gateway.tasks import Stage, refusal, stages_for
from proveout.task import Answer, Evidence

KINDS = ["rules", "certified", "candidate", "incumbent"]
ALL = ["cache", *KINDS, "providers"]


def stage(kind: str, **fields: object) -> Stage:
    return Stage(kind=kind, candidate="c", ask=None, **fields)  # type: ignore[arg-type]


def said(confidence: float = 1.0, *, proof: bool = False) -> Answer:
    evidence = Evidence(proof={"kind": "x"} if proof else None)
    return Answer(output={"y": 1}, confidence=confidence, evidence=evidence)


@given(
    st.permutations(ALL).flatmap(lambda order: st.lists(st.sampled_from(order), unique=True)),
    st.sets(st.sampled_from(KINDS)),
)
def test_a_tier_chooses_who_answers_and_in_which_order(answers: list[str], there: set[str]) -> None:
    found = [one.kind for one in stages_for(answers, {kind: stage(kind) for kind in there})]
    assert found == [kind for kind in answers if kind in there]


def test_the_default_tier_asks_the_certified_first_and_no_rules() -> None:
    found = stages_for(Tier().answers, {kind: stage(kind) for kind in KINDS})
    assert [one.kind for one in found] == ["certified", "candidate", "incumbent"]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_certified_answer_goes_out_at_its_threshold_and_not_below(confidence: float, threshold: float) -> None:
    certified = stage("certified", thresholds={"": threshold})
    assert (refusal(certified, said(confidence), "any") == "") == (confidence >= threshold)


def test_by_segment_only_certified_segments_are_served() -> None:
    certified = stage("certified", thresholds={"gold": 0.5})
    assert refusal(certified, said(0.6), "gold") == ""
    assert "under the certified" in refusal(certified, said(0.4), "gold")
    assert refusal(certified, said(1.0), "plain") == "segment 'plain' is not certified"
    assert refusal(certified, said(1.0), "") == "segment '' is not certified"
    assert refusal(stage("certified"), said(1.0), "") != ""


def test_rules_prove_what_they_say() -> None:
    assert refusal(stage("rules"), said(), "") == "no proof"
    assert refusal(stage("rules"), said(proof=True), "") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_an_abstention_never_goes_out(kind: str) -> None:
    answer = Answer(abstention="out of scope", confidence=1.0, evidence=Evidence(proof={}))
    assert refusal(stage(kind, thresholds={"": 0.0}), answer, "") == "abstained: out of scope"
