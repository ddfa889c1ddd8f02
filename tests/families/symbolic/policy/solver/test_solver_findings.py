from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proveout.families.symbolic.policy import Definition, Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._solver_findings import solver_findings
from proveout.families.symbolic.policy._z3 import Budget


@dataclass
class Force:
    """What brute force says about the rules of a policy."""

    naive: Any
    policy: Policy

    def expected(self) -> set[tuple[str, str]]:
        cases = list(self.naive.completions(self.policy, {}))
        active = [self.naive.active(self.policy, case) for case in cases]
        outcomes = [self.naive.outcome(self.policy, case) for case in cases]
        found = {("gap", "policy")} if "(none)" in outcomes else set()
        priorities = {rule.id: rule.priority for rule in self.policy.rules}
        for rule in self.policy.rules:
            fires = any(self.naive.value(rule.when, case) for case in cases)
            ever = any(one[rule.id] for one in active)
            top = any(
                one[rule.id] and all(priorities[other] <= rule.priority for other, on in one.items() if on)
                for one in active
            )
            code = "" if top else "outranked-rule" if ever else "overridden-rule" if fires else "dead-rule"
            if not code:
                without = replace(self.policy, rules=tuple(other for other in self.policy.rules if other != rule))
                alike = [self.naive.outcome(without, case) for case in cases] == outcomes
                code = "redundant-rule" if alike else ""
            if code:
                found.add((code, f"rule {rule.id}"))
        return found


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_findings_are_those_of_brute_force(data: st.DataObject, naive: Any) -> None:
    policy = data.draw(naive.policies(arithmetic=True))
    findings = solver_findings(Reasoner(policy))
    contradictions = [finding for finding in findings if finding.code == "contradiction"]
    told = {(finding.code, finding.where) for finding in findings if finding.code != "contradiction"}
    assert told == Force(naive, policy).expected()
    outcomes = naive.outcomes(policy, {})
    assert bool(contradictions) == ("(contradiction)" in outcomes)
    for finding in contradictions:
        assert finding.severity == "error"
        assert naive.outcome(policy, finding.witness) == "(contradiction)"
        assert naive.active(policy, finding.witness)[finding.where.removeprefix("rule ")]
    for finding in findings:
        if finding.code == "gap":
            assert naive.outcome(policy, finding.witness) == "(none)"


def test_the_desk_has_no_errors_and_one_rule_without_effect(desk: Policy) -> None:
    findings = solver_findings(Reasoner(desk))
    # What happens to a disputed parcel would happen without its rule as well, by the last rule of the policy.
    assert [(finding.code, finding.where) for finding in findings] == [("redundant-rule", "rule parcel-disputed")]


def shop(*rules: tuple[str, str, str, int], definitions: tuple[Definition, ...] = ()) -> Policy:
    facts = (
        Fact(name="days", type="duration", unit="day", low=0, high=365, step=Fraction(1)),
        Fact(name="gold", type="boolean"),
    )
    made = tuple(
        Rule(id=name, when=parse_expression(text, name), then=then, priority=priority)
        for name, text, then, priority in rules
    )
    return Policy(name="shop", version=1, decisions=("yes", "no"), facts=facts, definitions=definitions, rules=made)


def test_findings_say_why() -> None:
    policy = shop(
        ("never", "gold and days > 30 and days < 10", "yes", 5),
        ("early", "days <= 30", "yes", 3),
        ("late", "days >= 20", "no", 3),
        ("hidden", "days == 7", "no", 1),
        ("usual", "True", "no", 0),
    )
    found = {finding.where: finding for finding in solver_findings(Reasoner(policy))}
    assert found["rule never"].code == "dead-rule"
    assert "parts 2 or 3 of it exclude each other" in found["rule never"].what
    assert found["rule early"].code == "contradiction"
    assert "rule late" in found["rule early"].what
    assert 20 <= found["rule early"].witness["days"] <= 30
    assert found["rule hidden"].code == "outranked-rule"
    assert found["rule hidden"].what.endswith("early")
    assert found["rule usual"].code == "outranked-rule"
    assert "early or late" in found["rule usual"].what


def test_each_pair_that_contradicts_is_named_once() -> None:
    policy = shop(("a", "days > 5", "yes", 0), ("b", "days > 7", "no", 0), ("c", "days < 9 and gold", "no", 0))
    findings = [finding for finding in solver_findings(Reasoner(policy)) if finding.code == "contradiction"]
    assert {(finding.where, finding.what.split()[3]) for finding in findings} == {("rule a", "b"), ("rule a", "c")}


def test_definitions_that_are_always_the_same() -> None:
    definitions = (
        Definition(name="long", means=parse_expression("days > 400", "long")),
        Definition(name="short", means=parse_expression("not long", "short")),
        Definition(name="weeks_late", means=parse_expression("days / 7", "weeks_late")),
        Definition(name="old", means=parse_expression("weeks_late > 9", "old")),
    )
    policy = shop(("x", "short or long or old", "yes", 0), definitions=definitions)
    found = [finding for finding in solver_findings(Reasoner(policy)) if finding.code == "constant-definition"]
    assert [(finding.where, finding.what.split()[2]) for finding in found] == [
        ("definition long", "false"),
        ("definition short", "true"),
    ]


def test_what_the_budget_does_not_settle_is_said() -> None:
    facts = tuple(Fact(name=name, type="number", low=2, high=10**9, step=Fraction(1)) for name in "abc")
    rule = Rule(id="fermat", when=parse_expression("a * a * a + b * b * b == c * c * c", "rule"), then="yes")
    policy = Policy(name="p", version=1, decisions=("yes",), facts=facts, rules=(rule,))
    findings = solver_findings(Reasoner(policy, Budget(steps=20_000, milliseconds=2_000)))
    assert "too-complex" in {finding.code for finding in findings}
    assert "dead-rule" not in {finding.code for finding in findings}
