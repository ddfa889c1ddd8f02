from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._check_change import check_counterfactual
from proveout.families.symbolic.policy._counterfactual import Change, NoChange, smallest_change
from proveout.families.symbolic.policy._dump import policy_to_json
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._z3 import Budget, TooComplex

WEIGHTS: dict[str, int | Fraction] = {"photo": 2, "days": Fraction(3, 2)}


def size(policy: Policy, before: dict[str, Any], after: dict[str, Any]) -> tuple[int, Fraction]:
    changed = [fact for fact in policy.facts if before.get(fact.name, after[fact.name]) != after[fact.name]]
    total = Fraction(0)
    for fact in changed:
        far = Fraction(abs(after["days"] - before["days"]), 4) if fact.name == "days" else Fraction(1)
        total += Fraction(WEIGHTS.get(fact.name, 1)) * far
    return len(changed), total


def smallest_by_force(naive: Any, policy: Policy, facts: dict[str, Any], wanted: str) -> tuple[int, Fraction] | None:
    fixed = {name: value for name, value in facts.items() if name == "price"}
    sizes = [
        size(policy, facts, case) for case in naive.completions(policy, fixed) if naive.outcome(policy, case) == wanted
    ]
    return min(sizes, default=None)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_change_is_as_small_as_brute_force_finds(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    complete = data.draw(st.booleans())
    facts, wanted = data.draw(naive.facts()), data.draw(st.sampled_from(naive.decisions))
    if complete:
        facts = next(iter(naive.completions(policy, facts)))
    found = smallest_change(Reasoner(policy), facts, wanted, WEIGHTS)
    smallest = smallest_by_force(naive, policy, facts, wanted)
    assert not isinstance(found, TooComplex)
    assert check_counterfactual(found.proof, policy_to_json(policy)) == []
    if smallest is None:
        assert isinstance(found, NoChange)
        kept = {name: facts[name] for name in found.responsible}
        assert wanted not in naive.outcomes(policy, kept)
        return
    assert isinstance(found, Change)
    assert (len(found.facts), found.cost) == smallest
    assert all(facts[name] == now != value for name, (now, value) in found.facts.items())
    after = {**facts, **found.given, **{name: value for name, (_, value) in found.facts.items()}}
    assert naive.outcomes(policy, after) == {wanted}
    for name in found.given:
        assert naive.outcomes(policy, {other: value for other, value in after.items() if other != name}) != {wanted}


def test_every_refusal_of_the_desk_has_a_smallest_change_or_a_proof_of_none(desk: Policy) -> None:
    rng, reasoner, plain = Random(3), Reasoner(desk), policy_to_json(desk)
    kinds: dict[str, int] = {}
    while sum(kinds.values()) < 40:
        case = {name: rng.choice(cells.cells).sample for name, cells in reasoner.cells.items()}
        if reasoner.cases.outcome(case) != "refuse":
            continue
        found = smallest_change(reasoner, case, "approve")
        assert not isinstance(found, TooComplex)
        kinds[type(found).__name__] = kinds.get(type(found).__name__, 0) + 1
        if isinstance(found, Change):
            after = {**case, **{name: value for name, (_, value) in found.facts.items()}}
            assert reasoner.cases.outcome(after) == "approve"
            assert set(found.facts) <= {"tracking", "photo", "member", "legal_threat"}
        if sum(kinds.values()) % 8 == 0:
            assert check_counterfactual(found.proof, plain) == []
    assert kinds["Change"] >= 2
    assert kinds["NoChange"] >= 3


def test_what_the_customer_of_the_desk_is_told(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    facts: dict[str, Any] = {"reason": "changed_mind", "category": "clothing", "days_since_delivery": 40}
    found = smallest_change(reasoner, facts, "approve")
    assert isinstance(found, Change)
    assert (found.facts, found.given) == ({"member": ("none", "gold")}, {"opened": False})
    none = smallest_change(reasoner, {**facts, "opened": True}, "approve")
    assert isinstance(none, NoChange)
    assert none.responsible == ("reason", "category", "opened")
    already = smallest_change(reasoner, {**facts, "days_since_delivery": 3, "opened": False}, "approve")
    assert isinstance(already, Change)
    assert not already.facts
    assert not already.given
    assert already.cost == 0


def policy_with(*facts: Fact, when: str) -> Policy:
    rules = (
        Rule(id="good", when=parse_expression(when, "good"), then="approve", priority=1),
        Rule(id="else", when=parse_expression("True", "else"), then="refuse"),
    )
    return Policy(name="loan", version=2, decisions=("approve", "refuse"), facts=facts, rules=rules)


def money(name: str, *, high: int = 100_000, mutable: bool = True, step: Fraction | None = Fraction(1, 100)) -> Fact:
    return Fact(name=name, type="money", unit="USD", low=0, high=high, step=step, mutable=mutable)


@pytest.mark.parametrize(
    ("when", "change"),
    [
        ("income >= 30000.01", Fraction("30000.01")),
        ("income > 30000", Fraction("30000.01")),
        ("income * 3 > 100000", Fraction("33333.34")),
        ("income - debt >= 25000", 35_000),
        ("income / 12 >= debt / 3", 40_000),
        ("income >= 50000 or income == 21000", 21_000),
        ("min(income, 50000) > abs(debt - 60000) - 10000", Fraction("40000.01")),
    ],
)
def test_one_number_moves_just_far_enough(when: str, change: Fraction | int) -> None:
    policy = policy_with(money("income"), money("debt", mutable=False), when=when)
    found = smallest_change(Reasoner(policy), {"income": 20_000, "debt": 10_000}, "approve")
    assert isinstance(found, Change)
    assert found.facts == {"income": (20_000, change)}
    assert found.cost == Fraction(change - 20_000, 100_000)
    assert check_counterfactual(found.proof, policy_to_json(policy)) == []


def test_two_numbers_share_a_change_when_one_alone_cannot() -> None:
    policy = policy_with(money("income", high=30_000), money("debt", high=20_000), when="income - debt >= 28000")
    reasoner = Reasoner(policy)
    found = smallest_change(reasoner, {"income": 20_000, "debt": 10_000}, "approve")
    assert isinstance(found, Change)
    assert set(found.facts) == {"income", "debt"}
    income, debt = (Fraction(str(found.facts[name][1])) for name in ("income", "debt"))
    assert income - debt == 28_000
    # A step of income counts for less of its range than a step of debt.
    assert (income, debt, found.cost) == (Fraction(30_000), Fraction(2_000), Fraction(1, 3) + Fraction(2, 5))
    assert check_counterfactual(found.proof, policy_to_json(policy)) == []
    dearer = smallest_change(reasoner, {"income": 20_000, "debt": 10_000}, "approve", {"income": 100})
    assert isinstance(dearer, Change)
    assert dearer.facts["debt"] == (10_000, 0)


@pytest.mark.parametrize(("when", "value"), [("rate > 2", "2.001"), ("rate >= 2", "2"), ("rate * 3 > 1", "0.334")])
def test_a_number_without_steps_moves_on_a_grid(when: str, value: str) -> None:
    policy = policy_with(money("rate", high=10, step=None), when=when)
    found = smallest_change(Reasoner(policy), {"rate": Fraction(1, 7)}, "approve")
    assert isinstance(found, Change)
    assert found.facts == {"rate": (Fraction(1, 7), Fraction(value))}
    assert check_counterfactual(found.proof, policy_to_json(policy)) == []


def test_what_is_out_of_range_or_no_weight_is_refused(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    with pytest.raises(FactInvalid):
        smallest_change(reasoner, {"days_late": 99}, "approve")
    with pytest.raises(FactInvalid):
        smallest_change(reasoner, {}, "approve", {"photo": 0})
    with pytest.raises(FactInvalid):
        smallest_change(reasoner, {}, "maybe")


def test_products_of_facts_are_too_complex_on_a_small_budget() -> None:
    facts = [Fact(name=name, type="number", low=2, high=10**9, step=Fraction(1), mutable=True) for name in "abc"]
    policy = policy_with(*facts, when="a * a * a + b * b * b == c * c * c")
    reasoner = Reasoner(policy, Budget(steps=20_000, milliseconds=2_000))
    assert isinstance(smallest_change(reasoner, {"a": 5, "b": 7, "c": 9}, "approve"), TooComplex)
