from __future__ import annotations

import time
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._verdicts import decide, verify
from proveout.families.symbolic.policy._z3 import Budget


def policy_of(facts: tuple[Fact, ...], *rules: tuple[str, str], decisions: tuple[str, ...] = ("yes", "no")) -> Policy:
    made = tuple(
        Rule(id=f"r{number}", when=parse_expression(text, "rule"), then=then, priority=-number)
        for number, (text, then) in enumerate(rules)
    )
    return Policy(name="p", version=1, decisions=decisions, facts=facts, rules=made)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_status_is_that_of_brute_force_over_all_completions(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    reasoner = Reasoner(policy)
    for _ in range(3):
        facts, claim = data.draw(naive.facts()), data.draw(st.sampled_from(naive.decisions))
        outcomes = naive.outcomes(policy, facts)
        wanted = "valid" if outcomes == {claim} else "underdetermined" if claim in outcomes else "invalid"
        verdict = verify(reasoner, claim, facts)
        assert verdict.status == wanted
        assert decide(reasoner, facts) == (
            outcomes.pop() if outcomes <= {*naive.decisions} and len(outcomes) == 1 else None
        )
        if wanted == "underdetermined":
            yes, no = verdict.witnesses
            for case in (yes, no):
                assert case.facts.items() >= facts.items()
                assert naive.outcome(policy, case.facts) == case.outcome
            assert yes.outcome == claim != no.outcome


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_facts_responsible_suffice_and_none_can_be_left_out(data: st.DataObject, naive: Any) -> None:
    policy, claim = data.draw(naive.policies(arithmetic=True)), data.draw(st.sampled_from(naive.decisions))
    facts = data.draw(naive.facts())
    verdict = verify(Reasoner(policy), claim, facts)

    def holds(names: tuple[str, ...]) -> bool:
        outcomes = naive.outcomes(policy, {name: facts[name] for name in names})
        return outcomes == {claim} if verdict.status == "valid" else claim not in outcomes

    if verdict.status in {"valid", "invalid"}:
        assert holds(verdict.responsible)
        for left_out in verdict.responsible:
            assert not holds(tuple(name for name in verdict.responsible if name != left_out))


def test_answers_do_not_depend_on_what_was_asked_before(desk: Policy) -> None:
    rng = Random(5)
    reasoner = Reasoner(desk)
    questions = []
    for _ in range(40):
        case = {name: rng.choice(cells.cells).sample for name, cells in reasoner.cells.items() if rng.random() < 0.6}
        questions.append((rng.choice(desk.decisions), case))
    told = [_untimed(verify(reasoner, *question)) for question in questions]
    rng.shuffle(order := list(range(len(questions))))
    other = Reasoner(desk)
    assert [_untimed(verify(other, *questions[number])) for number in order] == [told[number] for number in order]
    statuses = [verdict[0] for verdict in told]
    assert min(statuses.count("valid"), statuses.count("invalid"), statuses.count("underdetermined")) >= 3


def _untimed(verdict: Any) -> tuple[Any, ...]:
    return verdict.status, verdict.responsible, verdict.assumed, verdict.witnesses


def test_plain_evaluation_and_the_prover_agree_on_complete_cases(desk: Policy, naive: Any) -> None:
    rng, reasoner = Random(11), Reasoner(desk)
    for _ in range(400):
        case = {name: rng.choice(cells.cells).sample for name, cells in reasoner.cells.items()}
        case["days_since_delivery"] = rng.randint(0, 365)
        case["price"] = Fraction(rng.randint(100, 500_000), 100)
        outcome = naive.outcome(desk, case)
        assert outcome == reasoner.cases.outcome(case) == decide(reasoner, case)


def test_on_incomplete_cases_plain_evaluation_never_says_more_than_the_prover(desk: Policy) -> None:
    rng, reasoner = Random(12), Reasoner(desk)
    defaults = {fact.name: fact.default for fact in desk.facts if fact.world == "closed"}
    more = 0
    for _ in range(300):
        case = {name: rng.choice(cells.cells).sample for name, cells in reasoner.cells.items() if rng.random() < 0.5}
        said, proved = reasoner.cases.outcome({**defaults, **case}), decide(reasoner, case)
        assert said in {"(unknown)", proved}
        more += said != proved and proved is not None
    # The prover sees what three-valued logic does not: that all cases of an unknown fact come to the same.
    assert more > 0


def test_defaults_of_closed_facts_are_named_when_they_are_responsible(desk: Policy) -> None:
    facts: dict[str, Any] = {"reason": "damaged", "category": "home", "days_since_delivery": 3, "price": 100}
    verdict = verify(Reasoner(desk), "ask", facts)
    assert verdict.status == "valid"
    assert "photo" in verdict.responsible
    assert set(verdict.assumed) == {"photo", "injury", "legal_threat"} & set(verdict.responsible)
    open_again = verify(Reasoner(desk), "ask", {**facts, "photo": None})
    assert open_again.status == "underdetermined"
    assert [case.facts["photo"] for case in open_again.witnesses] == [False, True]


def test_facts_that_cannot_be_so_are_impossible(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    for facts in ({"days_late": 61}, {"days_late": -1}, {"price": Fraction("2.505")}, {"reason": "bored"}):
        verdict = verify(reasoner, "approve", facts)
        assert (verdict.status, verdict.responsible) == ("impossible", tuple(facts))
        assert decide(reasoner, facts) is None


def test_assumptions_take_part_and_are_named(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    assumptions = {
        "dear": parse_expression("price > 400", "here"),
        "bulky": parse_expression('category in ["electronics", "home"]', "here"),
        "cheap": parse_expression("price < 20", "here"),
    }
    some = {name: assumptions[name] for name in ("dear", "bulky")}
    verdict = verify(reasoner, "approve", {"reason": "wrong_item"}, some)
    assert verdict.status == "invalid"
    assert set(verdict.responsible) == {"reason", "dear", "bulky"}
    verdict = verify(reasoner, "approve", {"reason": "wrong_item"}, assumptions)
    assert (verdict.status, set(verdict.responsible)) == ("impossible", {"dear", "cheap"})
    # An assumption may see into a stretch of values that the policy does not tell apart.
    within = {"odd": parse_expression("days_late == 7", "here")}
    assert verify(reasoner, "approve", {"days_late": 8}, within).status == "impossible"


@pytest.mark.parametrize(
    ("claim", "facts"),
    [("perhaps", {}), ("approve", {"colour": "red"}), ("approve", {"opened": 1}), ("approve", {"price": True})],
)
def test_claims_and_facts_of_another_policy_are_refused(desk: Policy, claim: str, facts: dict[str, Any]) -> None:
    with pytest.raises(FactInvalid):
        verify(Reasoner(desk), claim, facts)


def test_texts_are_compared_whether_a_rule_mentions_them_or_not() -> None:
    facts = (Fact(name="city", type="text"), Fact(name="home", type="text"))
    reasoner = Reasoner(policy_of(facts, ('city == "Rome"', "yes"), ("city == home", "yes"), ("True", "no")))
    assert decide(reasoner, {"city": "Rome"}) == "yes"
    assert decide(reasoner, {"city": "Oslo", "home": "Oslo"}) == "yes"
    assert decide(reasoner, {"city": "Oslo", "home": "Bergen"}) == "no"
    verdict = verify(reasoner, "yes", {"city": "Oslo"})
    assert verdict.status == "underdetermined"
    yes, no = verdict.witnesses
    assert yes.facts["home"] == "Oslo" != no.facts["home"]


def test_dates_and_continuous_numbers() -> None:
    facts = (
        Fact(name="bought", type="date"),
        Fact(name="now", type="date"),
        Fact(name="weight", type="number", low=0),
    )
    rules = (("now - bought > days(30)", "no"), ("now < bought + weeks(1) and weight * 3 < 1", "yes"), ("True", "no"))
    reasoner = Reasoner(policy_of(facts, *rules))
    bought = {"bought": date(2026, 1, 1)}
    assert decide(reasoner, {**bought, "now": date(2026, 1, 7), "weight": Fraction(1, 4)}) == "yes"
    assert decide(reasoner, {**bought, "now": date(2026, 1, 7), "weight": Fraction(1, 3)}) == "no"
    assert decide(reasoner, {**bought, "now": date(2026, 1, 8)}) == "no"
    yes, no = verify(reasoner, "yes", {**bought, "now": date(2026, 1, 2)}).witnesses
    assert yes.outcome == "yes" != no.outcome
    assert Fraction(str(yes.facts["weight"])) < Fraction(1, 3) <= Fraction(str(no.facts["weight"]))


def test_a_question_beyond_the_budget_is_too_complex_and_soon() -> None:
    facts = tuple(Fact(name=name, type="number", low=2, high=10**9, step=Fraction(1)) for name in "abc")
    cubes = "a * a * a + b * b * b == c * c * c"
    reasoner = Reasoner(policy_of(facts, (cubes, "yes"), ("True", "no")), Budget(steps=20_000, milliseconds=2_000))
    begun = time.monotonic()
    verdict = verify(reasoner, "no", {})
    assert verdict.status == "too complex"
    assert decide(reasoner, {}) is None
    assert time.monotonic() - begun < 15
    # Its next question is answered none the less.
    assert verify(reasoner, "no", {"a": 2, "b": 3, "c": 4}).status == "valid"
