from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy import Fact, Policy, Rule, _questions, parse_expression
from proveout.families.symbolic.policy._questions import next_question
from proveout.families.symbolic.policy._reasoner import Reasoner


def fewest(naive: Any, reasoner: Reasoner, known: dict[str, Any]) -> float:
    """The least expected number of questions, by trying every order of questions over the cells."""
    policy = reasoner.policy

    @cache
    def expected(state: frozenset[tuple[str, Any]]) -> float:
        if len(naive.outcomes(policy, dict(state))) == 1:
            return 0.0
        names = [name for name in reasoner.cells if name not in dict(state)]
        return min(
            1 + sum(expected(state | {(name, cell.sample)}) for cell in cells) / len(cells)
            for name in names
            for cells in [reasoner.cells[name].cells]
        )

    return expected(frozenset(known.items()))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_question_is_the_best_first_one_and_its_expectation_exact(data: st.DataObject, naive: Any) -> None:
    policy, known = data.draw(naive.policies()), data.draw(naive.facts())
    reasoner = Reasoner(policy)
    known = {
        name: reasoner.cells[name].cells[reasoner.cells[name].number_of(fact, known[name])].sample
        for fact in policy.facts
        if (name := fact.name) in known
    }
    question = next_question(reasoner, known)
    least = fewest(naive, reasoner, known)
    assert (question is None) == (least == 0.0)
    if question is not None and question.exact:
        assert question.expected == pytest.approx(least)
        rest = [
            fewest(naive, reasoner, {**known, question.fact: cell.sample})
            for cell in reasoner.cells[question.fact].cells
        ]
        assert 1 + sum(rest) / len(rest) == pytest.approx(least)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_only_what_can_matter_is_asked_and_asking_on_settles_it(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    truth = next(iter(naive.completions(policy, data.draw(naive.facts()))))
    reasoner = Reasoner(policy)
    known: dict[str, Any] = {}
    for _ in range(len(policy.facts) + 1):
        question = next_question(reasoner, known)
        if question is None:
            break
        assert question.fact not in known
        one, other = question.cases
        assert one.outcome != other.outcome
        assert {name for name in one.facts if one.facts[name] != other.facts[name]} == {question.fact}
        for case in question.cases:
            assert case.facts.items() >= known.items()
            assert naive.outcome(policy, case.facts) == case.outcome
        known[question.fact] = truth[question.fact]
    assert len(naive.outcomes(policy, known)) == 1


def test_the_desk_asks_for_the_reason_first_and_then_what_that_reason_needs(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    first = next_question(reasoner, {})
    assert first is not None
    assert (first.fact, first.text) == ("reason", "What is wrong with the order, or why would you like a refund?")
    parcel = next_question(reasoner, {"reason": "not_arrived", "category": "home", "price": 30})
    assert parcel is not None
    assert (parcel.fact, parcel.exact) == ("tracking", True)
    assert parcel.expected == pytest.approx(4 / 3)
    assert (
        next_question(reasoner, {"reason": "not_arrived", "category": "home", "price": 30, "tracking": "lost"}) is None
    )
    assert next_question(reasoner, {"injury": True}) is None
    # A closed fact is asked for when it is said to be unknown.
    again = next_question(reasoner, {"reason": "not_arrived", "category": "beauty", "tracking": "lost", "injury": None})
    assert again is not None
    assert (again.fact, again.why) == ("injury", "approve if injury is False, escalate if injury is True")


def policy_of(*rules: tuple[str, str], names: str = "abc") -> Policy:
    facts = tuple(Fact(name=name, type="boolean") for name in names)
    made = tuple(
        Rule(id=f"r{number}", when=parse_expression(text, "rule"), then=then, priority=-number)
        for number, (text, then) in enumerate(rules)
    )
    return Policy(name="p", version=1, decisions=("yes", "no"), facts=facts, rules=made)


def test_probabilities_of_values_choose_what_settles_it_sooner() -> None:
    reasoner = Reasoner(policy_of(("a and b", "yes"), ("True", "no")))
    for rare, chance in (("a", 0.1), ("b", 0.2)):
        question = next_question(reasoner, {}, {rare: {True: chance}})
        assert question is not None
        assert (question.fact, question.exact) == (rare, True)
        assert question.expected == pytest.approx(1 + chance)
    with pytest.raises(FactInvalid):
        next_question(reasoner, {"z": True})


def test_a_fact_that_only_seems_to_matter_is_not_asked() -> None:
    reasoner = Reasoner(policy_of(("a or not a", "yes"), ("b", "no"), ("True", "no")))
    assert next_question(reasoner, {}) is None
    reasoner = Reasoner(policy_of(("c and a", "yes"), ("c and not a", "yes"), ("True", "no")))
    question = next_question(reasoner, {})
    assert question is not None
    assert question.fact == "c"
    assert question.expected == 1.0


def test_with_too_many_states_the_gain_of_information_decides(monkeypatch: pytest.MonkeyPatch, desk: Policy) -> None:
    monkeypatch.setattr(_questions, "MOST_STATES", 3)
    reasoner = Reasoner(replace(desk))
    question = next_question(reasoner, {})
    assert question is not None
    assert (question.fact, question.exact) == ("reason", False)
    assert question.expected >= 1.0
    assert next_question(reasoner, {}) == question
