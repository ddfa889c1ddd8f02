from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._monotone import (
    Proved,
    Range,
    Refuted,
    Thresholds,
    prove_monotone,
    prove_never,
    prove_threshold,
)
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._z3 import Budget, TooComplex


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_monotonicity_is_that_of_brute_force(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    fact = data.draw(st.sampled_from(["days", "price", "photo"]))
    order = tuple(data.draw(st.lists(st.sampled_from(naive.decisions), min_size=1, unique=True)))
    direction: Literal["up", "down"] = data.draw(st.sampled_from(["up", "down"]))

    def rank(case: dict[str, Any]) -> int:
        outcome = naive.outcome(policy, case)
        return order.index(outcome) if outcome in order else -1

    def worse(less: dict[str, Any], more: dict[str, Any]) -> bool:
        return rank(more) < rank(less) if direction == "up" else rank(less) < rank(more)

    declared = next(one for one in policy.facts if one.name == fact)
    wrong = any(
        worse(case, {**case, fact: value})
        for case in naive.completions(policy, {})
        for value in naive.values(declared)
        if value > case[fact]
    )
    found = prove_monotone(Reasoner(policy), fact, order, direction)
    assert isinstance(found, Refuted if wrong else Proved)
    if isinstance(found, Refuted):
        pair: list[dict[str, Any]] = [dict(case.facts) for case in found.witnesses]
        less, more = pair
        assert less[fact] < more[fact]
        assert {**less, fact: 0} == {**more, fact: 0}
        assert worse(less, more)
        assert [case.outcome for case in found.witnesses] == [naive.outcome(policy, case) for case in (less, more)]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_thresholds_are_those_of_brute_force(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    fact, decision = data.draw(st.sampled_from(["days", "price"])), data.draw(st.sampled_from(naive.decisions))
    facts = {name: value for name, value in data.draw(naive.facts()).items() if name != fact}
    found = prove_threshold(Reasoner(policy), fact, decision, facts)
    assert isinstance(found, Thresholds)
    ranges: list[tuple[Any, Any]] = [(one.low, one.high) for one in found.ranges]
    opened: list[tuple[Any, Any]] = [(one.low, one.high) for one in found.open]
    for value in range(5):
        outcomes = naive.outcomes(policy, {**facts, fact: value})
        assert any(low <= value <= high for low, high in ranges) == (outcomes == {decision})
        assert any(low <= value <= high for low, high in opened) == (decision in outcomes and len(outcomes) > 1)
    for (_, high), (low, _) in pairwise(ranges):
        assert high + 1 < low


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_never_decided_is_that_of_brute_force(data: st.DataObject, naive: Any) -> None:
    policy, decision = data.draw(naive.policies()), data.draw(st.sampled_from(naive.decisions))
    condition = parse_expression(
        data.draw(st.sampled_from(["photo", "days > 2 and price == 1", "days == price"])), "here"
    )
    found = prove_never(Reasoner(policy), condition, decision)
    ever = any(
        naive.value(condition, case) and naive.outcome(policy, case) == decision
        for case in naive.completions(policy, {})
    )
    assert isinstance(found, Refuted if ever else Proved)
    if isinstance(found, Refuted):
        assert naive.value(condition, found.witnesses[0].facts)
        assert found.witnesses[0].outcome == decision


def test_properties_of_the_desk(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    assert isinstance(prove_monotone(reasoner, "days_since_delivery", ("approve",), "down"), Proved)
    refuted = prove_monotone(reasoner, "days_since_delivery", ("approve",), "up")
    assert isinstance(refuted, Refuted)
    assert [case.outcome for case in refuted.witnesses] == ["approve", "refuse"]
    # A late parcel is what days since the order make up for.
    assert isinstance(prove_monotone(reasoner, "days_since_order", ("approve",), "down"), Refuted)
    assert isinstance(prove_monotone(reasoner, "photo", ("approve",), "up"), Proved)
    assert isinstance(prove_never(reasoner, parse_expression("injury", "here"), "approve"), Proved)
    late: dict[str, Any] = {"reason": "changed_mind", "category": "electronics", "opened": False, "price": 100}
    found = prove_threshold(reasoner, "days_since_delivery", "approve", late)
    assert isinstance(found, Thresholds)
    assert found.ranges == (Range(0, 30),)
    gold = prove_threshold(reasoner, "days_since_delivery", "approve", {**late, "member": "gold"})
    assert isinstance(gold, Thresholds)
    assert gold.ranges == (Range(0, 60),)
    unknown = prove_threshold(reasoner, "days_since_delivery", "approve", {**late, "member": None, "price": None})
    assert isinstance(unknown, Thresholds)
    assert (unknown.ranges, unknown.open) == ((), (Range(0, 60),))


def policy_of(when: str, *facts: Fact) -> Policy:
    rule = Rule(id="good", when=parse_expression(when, "good"), then="yes")
    return Policy(name="p", version=1, decisions=("yes",), facts=facts, rules=(rule,))


def test_thresholds_of_continuous_numbers_are_open_or_closed() -> None:
    weight = Fact(name="weight", type="number", low=0)
    found = prove_threshold(
        Reasoner(policy_of("1 < weight and weight <= 2.5 or weight > 7", weight)), "weight", "yes", {}
    )
    assert isinstance(found, Thresholds)
    assert found.ranges == (
        Range(1, Fraction(5, 2), open_low=True, open_high=False),
        Range(7, None, open_low=True, open_high=False),
    )
    computed = prove_threshold(Reasoner(policy_of("weight * 2 > 7", weight)), "weight", "yes", {})
    assert isinstance(computed, TooComplex)


def test_thresholds_are_found_where_the_policy_computes() -> None:
    income = Fact(name="income", type="money", unit="USD", low=0, high=100_000, step=Fraction(1, 100))
    debt = Fact(name="debt", type="money", unit="USD", low=0, high=100_000, step=Fraction(1, 100))
    policy = policy_of("income * 3 - debt > 1000 and abs(income - 50000) > 1", income, debt)
    found = prove_threshold(Reasoner(policy), "income", "yes", {"debt": 500})
    assert isinstance(found, Thresholds)
    assert found.ranges == (
        Range(Fraction("500.01"), Fraction("49998.99")),
        Range(Fraction("50001.01"), 100_000),
    )


def test_a_fact_without_order_or_a_decision_of_another_policy_is_refused(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    for fact, decision in (("reason", "approve"), ("colour", "approve"), ("price", "perhaps")):
        with pytest.raises(FactInvalid):
            prove_monotone(reasoner, fact, (decision,))
        with pytest.raises(FactInvalid):
            prove_threshold(reasoner, fact, decision, {})


def test_products_are_too_complex_on_a_small_budget() -> None:
    facts = tuple(Fact(name=name, type="number", low=2, high=10**9, step=Fraction(1)) for name in "abc")
    policy = policy_of("a * a * a + b * b * b == c * c * c", *facts)
    reasoner = Reasoner(policy, Budget(steps=20_000, milliseconds=2_000))
    assert isinstance(prove_monotone(reasoner, "a", ("yes",)), TooComplex)
    assert isinstance(prove_never(reasoner, parse_expression("a > 5", "here"), "yes"), TooComplex)
    assert isinstance(prove_threshold(reasoner, "a", "yes", {}), TooComplex)
