"""The YAML policy, read by an evaluator of this test's own, decides as the Python reference does."""

from __future__ import annotations

import ast
import operator
import random
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any, NamedTuple, get_args

import pytest
import yaml

from proveout.demo._facts import Category, Facts, Member, Reason
from proveout.demo._reference import decide

POLICY: dict[str, Any] = yaml.safe_load(files("proveout.demo").joinpath("desk/policy.yaml").read_text("utf-8"))
RULES: list[dict[str, Any]] = POLICY["rules"]
TREES: dict[str, ast.expr] = {rule["id"]: ast.parse(rule["if"], mode="eval").body for rule in RULES}
Kleene = bool | None

COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def evaluate(node: ast.expr, facts: dict[str, Any]) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return facts[name]
        case ast.List(elements):
            return [evaluate(element, facts) for element in elements]
        case ast.UnaryOp(ast.Not(), operand):
            return negated(evaluate(operand, facts))
        case ast.BoolOp(connective, values):
            parts = [evaluate(value, facts) for value in values]
            return conjunction(parts) if isinstance(connective, ast.And) else negated(conjunction(map(negated, parts)))
        case ast.Compare(left, [comparison], [right]):
            sides = evaluate(left, facts), evaluate(right, facts)
            return None if None in sides else COMPARE[type(comparison)](*sides)
    raise AssertionError(ast.dump(node))


def negated(value: Kleene) -> Kleene:
    return None if value is None else not value


def conjunction(parts: Any) -> Kleene:
    values = list(parts)
    if False in values:
        return False
    return None if None in values else True


def condition(rule: dict[str, Any], facts: dict[str, Any]) -> Kleene:
    value = evaluate(TREES[rule["id"]], facts)
    assert value in {True, False, None}
    return value  # type: ignore[no-any-return]


class Outcome(NamedTuple):
    decision: str
    rule: str
    waiting: frozenset[str]


def by_policy(facts: Facts) -> Outcome:
    known = {fact["name"]: getattr(facts, fact["name"]) for fact in POLICY["facts"]}
    conditions = {rule["id"]: condition(rule, known) for rule in RULES}
    applies = dict(conditions)
    for rule in RULES:
        for loser in rule.get("overrides", []):
            applies[loser] = conjunction([conditions[loser], negated(conditions[rule["id"]])])
    ranked = sorted(RULES, key=lambda rule: -rule["priority"])
    winner = next(rule for rule in ranked if applies[rule["id"]])
    open_rules = [
        rule
        for rule in ranked
        if applies[rule["id"]] is None and rule["priority"] > winner["priority"] and rule["then"] != winner["then"]
    ]
    if not open_rules:
        return Outcome(winner["then"], winner["id"], frozenset())
    involved = {
        name.id
        for rule in RULES
        for name in ast.walk(TREES[rule["id"]])
        if isinstance(name, ast.Name)
        and any(rule is one or one["id"] in rule.get("overrides", []) for one in open_rules)
    }
    return Outcome("ask", "", frozenset(name for name in involved if known[name] is None))


def random_facts(rng: random.Random) -> Facts:
    def maybe(value: Any) -> Any:
        return None if rng.random() < 0.15 else value

    def near(*edges: int) -> int:
        return max(0, rng.choice(edges) + rng.randint(-2, 2))

    return Facts(
        reason=maybe(rng.choice(get_args(Reason))),
        category=maybe(rng.choice(get_args(Category))),
        days_since_delivery=maybe(near(0, 7, 14, 30, 60, 90)),
        days_since_order=maybe(near(0, 14, 21, 60)),
        price=maybe(rng.choice([9.5, 24.99, 25.0, 80.0, 399.99, 400.0, 400.01, 900.0])),
        opened=maybe(rng.random() < 0.5),
        downloaded=maybe(rng.random() < 0.5),
        tracking=maybe(rng.choice(["in_transit", "delivered", "lost"])),
        shipping=maybe(rng.choice(["standard", "express"])),
        days_late=maybe(rng.randint(0, 3)),
        final_sale=rng.random() < 0.3,
        photo=rng.random() < 0.5,
        member=rng.choice(get_args(Member)),
        refunds_this_year=rng.choice([0, 1, 4, 5, 9]),
        injury=rng.random() < 0.03,
        legal_threat=rng.random() < 0.03,
    )


def test_policy_and_reference_agree() -> None:
    rng = random.Random(20)
    seen: Counter[str] = Counter()
    for _ in range(5_000):
        facts = random_facts(rng)
        expected, got = by_policy(facts), decide(facts)
        assert got.decision == expected.decision, facts
        if expected.waiting:
            assert got.rule.removeprefix("needs-") in expected.waiting, facts
        else:
            assert got.rule == expected.rule, facts
        seen[got.rule] += 1
    assert {rule["id"] for rule in RULES} <= set(seen)


def test_rules_of_one_priority_decide_alike() -> None:
    decisions: dict[int, set[str]] = {}
    for rule in RULES:
        decisions.setdefault(rule["priority"], set()).add(rule["then"])
    assert all(len(one) == 1 for one in decisions.values()), decisions


def test_facts_are_those_of_the_policy() -> None:
    blank = Facts()
    for fact in POLICY["facts"]:
        assert getattr(blank, fact["name"]) == (fact["default"] if fact["world"] == "closed" else None), fact["name"]
    assert [fact["name"] for fact in POLICY["facts"]] == list(Facts.__struct_fields__)


@pytest.mark.parametrize("rule", RULES, ids=[rule["id"] for rule in RULES])
def test_every_rule_names_known_facts(rule: dict[str, Any]) -> None:
    names = {node.id for node in ast.walk(TREES[rule["id"]]) if isinstance(node, ast.Name)}
    assert names <= {fact["name"] for fact in POLICY["facts"]}
