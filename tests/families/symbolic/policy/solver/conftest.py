from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._load import load_policy

DECISIONS = ("approve", "refuse", "escalate")
LEVELS = ("none", "silver", "gold")
NUMBERS = range(5)

# Naive on purpose: every node is looked at each time, and nothing of the evaluator or of the encoder is used.
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def naive_value(node: Any, case: dict[str, Any]) -> Any:
    kind = type(node).__name__
    if kind in {"Compare", "Arithmetic"}:
        return BINARY[node.op](naive_value(node.left, case), naive_value(node.right, case))
    if kind in {"All", "AnyOf"}:
        return (all if kind == "All" else any)([naive_value(part, case) for part in node.of])
    simple: dict[str, Callable[[], Any]] = {
        "Constant": lambda: node.value,
        "Name": lambda: case[node.name],
        "Not": lambda: not naive_value(node.of, case),
        "In": lambda: naive_value(node.item, case) in [literal.value for literal in node.of],
    }
    return simple[kind]()


def naive_active(policy: Policy, case: dict[str, Any]) -> dict[str, bool]:
    def active(rule: Rule) -> bool:
        above = [other for other in policy.rules if rule.id in other.overrides]
        return naive_value(rule.when, case) and not any(active(other) for other in above)

    return {rule.id: active(rule) for rule in policy.rules}


def naive_outcome(policy: Policy, case: dict[str, Any]) -> str:
    active = naive_active(policy, case)
    found = [rule for rule in policy.rules if active[rule.id]]
    if not found:
        return "(none)"
    top = max(rule.priority for rule in found)
    thens = {rule.then for rule in found if rule.priority == top}
    return thens.pop() if len(thens) == 1 else "(contradiction)"


def values_of(fact: Fact) -> list[Any]:
    if fact.type == "boolean":
        return [False, True]
    if fact.type == "enum":
        return list(fact.values)
    return list(range(int(str(fact.low)), int(str(fact.high)) + 1))


def completions(policy: Policy, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    free = [fact for fact in policy.facts if fact.name not in facts]
    for values in product(*(values_of(fact) for fact in free)):
        case = {**facts, **dict(zip([fact.name for fact in free], values, strict=True))}
        yield {fact.name: case[fact.name] for fact in policy.facts}


FACTS = (
    Fact(name="photo", type="boolean", mutable=True),
    Fact(name="member", type="enum", values=LEVELS, mutable=True),
    Fact(name="days", type="duration", unit="day", low=0, high=4, step=Fraction(1), mutable=True),
    Fact(name="price", type="number", low=0, high=4, step=Fraction(1)),
)


def conditions(*, arithmetic: bool) -> st.SearchStrategy[str]:
    number = st.sampled_from(NUMBERS).map(str)
    compare = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    atoms = st.one_of(
        st.just("photo"),
        st.sampled_from(LEVELS).map(lambda level: f'member == "{level}"'),
        st.just('member in ["silver", "gold"]'),
        st.tuples(st.sampled_from(["days", "price"]), compare, number).map(" ".join),
        *(
            [st.tuples(compare, number).map(lambda pair: f"price + price * 2 - 1 {pair[0]} {pair[1]}")]
            if arithmetic
            else []
        ),
    )
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: "({}) {} ({})".format(*parts)),
        ),
        max_leaves=4,
    )


@st.composite
def random_policies(draw: st.DrawFn, *, arithmetic: bool = False) -> Policy:
    count = draw(st.integers(1, 6))
    rules = []
    for number in range(count):
        text = draw(conditions(arithmetic=arithmetic))
        rule = Rule(
            id=f"r{number}",
            when=parse_expression(text, f"rule r{number}"),
            then=draw(st.sampled_from(DECISIONS)),
            priority=draw(st.integers(0, 2)),
            overrides=tuple(f"r{other}" for other in range(number) if draw(st.integers(0, 4)) == 0),
            text=text,
        )
        rules.append(rule)
    return Policy(name="random", version=1, decisions=DECISIONS, facts=FACTS, rules=tuple(rules))


@st.composite
def some_facts(draw: st.DrawFn) -> dict[str, Any]:
    return {fact.name: draw(st.sampled_from(values_of(fact))) for fact in FACTS if draw(st.integers(0, 2))}


class Naive:
    """The reference that brute force is made of, and random policies to try it on."""

    decisions = DECISIONS
    policies = staticmethod(random_policies)
    facts = staticmethod(some_facts)
    value = staticmethod(naive_value)
    active = staticmethod(naive_active)
    outcome = staticmethod(naive_outcome)
    values = staticmethod(values_of)
    completions = staticmethod(completions)

    @staticmethod
    def outcomes(policy: Policy, facts: dict[str, Any]) -> set[str]:
        return {naive_outcome(policy, case) for case in completions(policy, facts)}


@pytest.fixture(scope="session")
def naive() -> type[Naive]:
    return Naive


@pytest.fixture(scope="session")
def desk() -> Policy:
    return load_policy(Path(str(files("proveout.demo").joinpath("desk", "policy.yaml"))))
