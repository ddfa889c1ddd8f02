from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proveout.families.symbolic.policy import (
    Change,
    Definition,
    Evaluator,
    NoChange,
    Policy,
    Reasoner,
    check_counterfactual,
    check_policy,
    decide,
    parse_expression,
    parse_policy,
    policy_to_json,
    render_proof,
    smallest_change,
    solver_findings,
)
from proveout.families.symbolic.policy import _check_change as checker
from proveout.families.symbolic.policy._check_language import Reader
from proveout.families.symbolic.policy._check_logic import Logic

STATUS = {"undetermined": "(unknown)", "conflict": "(contradiction)", "uncovered": "(none)"}
# "days" is a word of the language, which the evaluator takes for no fact.
NAMES = {"days": "wait"}
# Quotients by what may be zero, in every place where an expression can stand.
PARTS = (
    "6 / price {op} {n}",
    "price / (price - 2) {op} {n}",
    "(wait * 2) / wait {op} {n}",
    "max(6 / price, 1) {op} {n}",
    "abs(price - 6 / price) {op} {n}",
    "(1 / price if photo else price) {op} {n}",
    "(price if 6 / price > 2 else 1) {op} {n}",
    "6 / price in [1, 2, {n}]",
    "6 / price not in [3, {n}]",
    "(6 / price > 2) == photo",
    "photo if 6 / price {op} {n} else wait > 2",
    "ratio {op} {n}",
    "dear",
    "not dear",
    "price / 0 {op} {n}",
)
COMPARES = ("<", "<=", ">", ">=", "==", "!=")
DEFINITIONS = {"ratio": "12 / (price - 1)", "dear": "ratio > 3 or photo"}


@st.composite
def divided(draw: st.DrawFn, policies: Callable[[], st.SearchStrategy[Policy]]) -> Policy:
    """A random policy some of whose conditions hold a quotient."""
    policy = draw(policies())
    rules = []
    for rule in policy.rules:
        part = draw(st.sampled_from(PARTS)).format(op=draw(st.sampled_from(COMPARES)), n=draw(st.integers(0, 4)))
        text = rule.text.replace("days", "wait")
        texts = [text, f"({part}) {draw(st.sampled_from(['and', 'or']))} ({text})", f"not ({part})", part]
        rules.append(replace(rule, when=parse_expression(draw(st.sampled_from(texts)), rule.id)))
    definitions = tuple(Definition(name=name, means=parse_expression(text, name)) for name, text in DEFINITIONS.items())
    facts = tuple(replace(fact, name=NAMES.get(fact.name, fact.name)) for fact in policy.facts)
    return replace(policy, facts=facts, rules=tuple(rules), definitions=definitions)


def some_of(facts: dict[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in facts.items()}


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_evaluator_cases_checkers_and_prover_agree_where_something_is_divided_by_zero(
    data: st.DataObject, naive: Any
) -> None:
    policy = data.draw(divided(naive.policies))
    evaluator, reasoner, plain = Evaluator(policy), Reasoner(policy), policy_to_json(policy)
    reader = Reader(plain, Logic())
    rng = data.draw(st.randoms(use_true_random=False))
    cases = list(naive.completions(policy, {}))
    for case in [rng.choice(cases) for _ in range(12)] + [case for case in cases if case["price"] == 0][:3]:
        verdict = evaluator.decide(case)
        outcome = STATUS.get(verdict.status, verdict.decision)
        assert reasoner.cases.outcome(case) == outcome
        assert check_policy(verdict.proof, plain, evaluator.normalise(case).to_json()) == []
        assert decide(reasoner, case) == (verdict.decision if verdict.status == "decided" else None)
        given = list(reasoner.given(case, exactly=True).literals.values())
        assert [name for name in reasoner.formulas.outcomes if reasoner.possible([*given, reasoner.outcome(name)])] == [
            outcome
        ]
        numbers = {name: reader.number(value) for name, value in case.items()}
        assert [wanted for wanted in naive.decisions if reader.decides(numbers, wanted) is True] == [
            one for one in naive.decisions if one == outcome
        ]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_prover_decides_what_every_completion_decides(data: st.DataObject, naive: Any) -> None:
    policy, facts = data.draw(divided(naive.policies)), some_of(data.draw(naive.facts()))
    evaluator = Evaluator(policy)
    verdicts = [evaluator.decide(case, prove=False) for case in naive.completions(policy, facts)]
    outcomes = {verdict.decision if verdict.status == "decided" else None for verdict in verdicts}
    assert decide(Reasoner(policy), facts) == (outcomes.pop() if len(outcomes) == 1 else None)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_changes_are_checked_alike_by_cases_and_by_formulas(data: st.DataObject, naive: Any) -> None:
    policy, facts = data.draw(divided(naive.policies)), some_of(data.draw(naive.facts()))
    plain = policy_to_json(policy)
    for wanted in naive.decisions:
        found = smallest_change(Reasoner(policy), facts, wanted)
        if isinstance(found, Change | NoChange):
            for most in (10_000, 0):
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(checker, "_MOST_CASES", most)
                    assert check_counterfactual(found.proof, plain) == [], (wanted, most)


def test_a_complete_case_that_hangs_on_a_division_by_zero_says_so() -> None:
    policy = parse_policy("""
{version: 1, name: p, decisions: [yes, no, ask], undetermined: ask,
 facts: [{name: paid, type: number}, {name: taken, type: number, step: 1}],
 rules: [{id: often, if: paid / taken > 3, then: no}, {id: usual, if: paid > 0, then: yes, priority: -1}]}""")
    verdict = Evaluator(policy).decide({"paid": 2, "taken": 0})
    assert (verdict.status, verdict.decision, verdict.missing) == ("undetermined", "ask", ())
    assert "a division by zero has no value" in render_proof(verdict.proof, "short")
    assert decide(Reasoner(policy), {"paid": 2, "taken": 0}) is None
    assert decide(Reasoner(policy), {"paid": 2, "taken": 1}) == "yes"
    assert decide(Reasoner(policy), {"paid": 2}) is None


def test_what_a_division_by_zero_cannot_change_is_decided() -> None:
    policy = parse_policy("""
{version: 1, name: p, decisions: [yes, no], facts: [{name: paid, type: number, step: 1}],
 rules: [{id: odd, if: 6 / paid > 3, then: yes, priority: 1}, {id: usual, if: true, then: yes}]}""")
    assert Evaluator(policy).decide({"paid": 0}).decision == "yes"
    assert decide(Reasoner(policy), {}) == "yes"
    assert [one.code for one in solver_findings(Reasoner(policy)) if one.severity == "error"] == []
