from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._verdicts import decide, verify


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_model_is_a_case_and_the_simplest_is_the_first(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    reasoner = Reasoner(policy)
    for outcome in reasoner.formulas.outcomes:
        cases = [case for case in naive.completions(policy, {}) if naive.outcome(policy, case) == outcome]
        simplest = reasoner.simplest([reasoner.outcome(outcome)])
        assert (simplest is None) == (not cases)
        if simplest is not None:
            assert naive.outcome(policy, simplest) == outcome
            # False before True, and the values of an enum in its order: no case comes before it in its first two facts.
            first = min((case["photo"], ("none", "silver", "gold").index(case["member"])) for case in cases)
            assert (simplest["photo"], ("none", "silver", "gold").index(str(simplest["member"]))) == first
            holds = partial(_is_decided, naive, policy, outcome)
            quick = reasoner.simplest([reasoner.outcome(outcome)], holds=holds)
            assert quick == simplest


def _is_decided(naive: Any, policy: Policy, outcome: str, case: dict[str, Any]) -> bool:
    return bool(naive.outcome(policy, case) == outcome)


def big_policy(count: int) -> Policy:
    rng = Random(1)
    facts = tuple(
        Fact(name=f"n{number}", type="number", low=0, high=1000, step=Fraction(1)) for number in range(20)
    ) + tuple(Fact(name=f"b{number}", type="boolean") for number in range(20))
    rules = []
    for number in range(count):
        one, other, flag = rng.randrange(20), rng.randrange(20), rng.randrange(20)
        text = f"n{one} > {rng.randrange(1000)} and n{other} <= {rng.randrange(1000)} and b{flag}"
        overrides = (f"r{rng.randrange(number)}",) if number % 7 == 3 else ()
        rule = Rule(
            id=f"r{number}",
            when=parse_expression(text, "rule"),
            then=rng.choice(["yes", "no"]),
            priority=number,
            overrides=overrides,
        )
        rules.append(rule)
    rules.append(Rule(id="else", when=parse_expression("True", "rule"), then="no", priority=-1))
    return Policy(name="big", version=1, decisions=("yes", "no"), facts=facts, rules=tuple(rules))


def test_a_thousand_rules_are_encoded_and_asked_in_seconds() -> None:
    policy, begun = big_policy(1_000), time.process_time()
    reasoner = Reasoner(policy)
    assert time.process_time() - begun < 10
    rng, begun = Random(2), time.process_time()
    for _ in range(2):
        case: dict[str, Any] = {f"n{number}": rng.randrange(1001) for number in range(20)}
        case |= {f"b{number}": rng.random() < 0.5 for number in range(20)}
        assert decide(reasoner, case) == reasoner.cases.outcome(case)
        assert verify(reasoner, "yes", case).status in {"valid", "invalid"}
    assert time.process_time() - begun < 15


def test_threads_take_turns(desk: Policy) -> None:
    reasoner = Reasoner(desk)
    facts: list[dict[str, Any]] = [
        {"reason": "damaged", "days_since_delivery": days, "category": "home", "price": 10} for days in range(55, 67)
    ]
    alone = [decide(reasoner, case) for case in facts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda case: decide(reasoner, case), facts)) == alone
    assert alone[:2] != alone[-2:]


def test_rules_that_override_each_other_in_a_circle_are_refused() -> None:
    yes = parse_expression("True", "rule")
    rules = (Rule(id="a", when=yes, then="x", overrides=("b",)), Rule(id="b", when=yes, then="x", overrides=("a",)))
    with pytest.raises(PolicyInvalid):
        Reasoner(Policy(name="p", version=1, decisions=("x",), rules=rules))


def test_an_overridden_rule_overrides_nothing() -> None:
    yes = parse_expression("True", "rule")
    rules = (
        Rule(id="a", when=yes, then="x"),
        Rule(id="b", when=yes, then="y", overrides=("a",)),
        Rule(id="c", when=yes, then="x", overrides=("b",)),
    )
    policy = Policy(name="p", version=1, decisions=("x", "y"), rules=rules)
    assert decide(Reasoner(policy), {}) == "x"
    assert decide(Reasoner(replace(policy, rules=rules[:2])), {}) == "y"
