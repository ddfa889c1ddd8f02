from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._diff import Difference, diff
from proveout.families.symbolic.policy._monotone import Range
from proveout.families.symbolic.policy._z3 import Budget


def inside(difference: Difference, case: dict[str, Any]) -> bool:
    return all(
        values.low <= case[name] <= values.high if isinstance(values, Range) else case[name] in values
        for name, values in difference.region.items()
    )


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_differences_are_those_of_brute_force(data: st.DataObject, naive: Any) -> None:
    arithmetic = data.draw(st.booleans())
    old, new = (data.draw(naive.policies(arithmetic=arithmetic)) for _ in range(2))
    cases = list(naive.completions(old, {}))
    pairs = [(naive.outcome(old, case), naive.outcome(new, case)) for case in cases]
    found = diff(old, new)
    told = {(one.old, one.new): one for one in found.differences}
    assert set(told) == {pair for pair in pairs if pair[0] != pair[1]}
    assert found.alike == (not told)
    for pair, difference in told.items():
        assert (naive.outcome(old, difference.witness), naive.outcome(new, difference.witness)) == pair
        assert inside(difference, difference.witness)
        within = [inside(difference, case) for case in cases]
        assert all(this == pair for this, held in zip(pairs, within, strict=True) if held)
        assert difference.all == all(held for this, held in zip(pairs, within, strict=True) if this == pair)


def test_the_desk_is_as_itself_and_a_longer_window_differs_where_it_should(desk: Policy) -> None:
    same = diff(desk, desk)
    assert same.alike
    assert (same.differences, same.rules, same.facts_changed) == ((), (), ())
    longer = parse_expression(
        'reason == "changed_mind" and category not in ["digital", "gift_card"] and days_since_delivery > 45', "rule"
    )
    rules = tuple(replace(rule, when=longer) if rule.id == "window-late" else rule for rule in desk.rules)
    found = diff(desk, replace(desk, rules=rules))
    assert [(one.old, one.new) for one in found.differences] == [("refuse", "escalate")]
    (difference,) = found.differences
    assert difference.all
    assert (difference.old_rules, difference.new_rules) == (("window-late",), ("otherwise",))
    assert difference.region["days_since_delivery"] == Range(31, 45)
    assert difference.region["member"] == ("none", "silver")
    assert difference.witness["days_since_delivery"] == 31
    assert [(rule.rule, rule.change, set(rule.fields)) for rule in found.rules] == [("window-late", "changed", {"if"})]


def version(*facts: Fact, **rules: str) -> Policy:
    made = tuple(
        Rule(id=name, when=parse_expression(text, name), then="yes", priority=1) for name, text in rules.items()
    )
    last = Rule(id="last", when=parse_expression("True", "last"), then="no")
    return Policy(name="p", version=1, decisions=("yes", "no"), facts=facts, rules=(*made, last))


DAYS = Fact(name="days", type="duration", unit="day", low=0, high=100, step=Fraction(1))
GOLD = Fact(name="gold", type="boolean")


def test_facts_that_come_and_go_are_reported() -> None:
    old = version(DAYS, soon="days < 10")
    new = version(replace(DAYS, high=50), GOLD, soon="days < 10", gold="gold and days < 20")
    found = diff(old, new)
    assert (found.facts_added, found.facts_removed, found.facts_changed) == (("gold",), (), ("days",))
    (difference,) = found.differences
    assert (difference.old, difference.new) == ("no", "yes")
    assert difference.region == {"days": Range(10, 19), "gold": (True,)}
    back = diff(new, old)
    assert (back.facts_added, back.facts_removed) == ((), ("gold",))
    assert [(rule.rule, rule.change) for rule in back.rules] == [("gold", "removed")]
    assert [(one.old, one.new) for one in back.differences] == [("yes", "no")]
    # A difference where one version does not allow the case is none.
    beyond = version(replace(DAYS, high=50), soon="days < 10 or days > 60")
    assert diff(old, beyond).alike


def test_written_differently_and_meaning_the_same() -> None:
    found = diff(
        version(DAYS, GOLD, soon="days < 10 and not gold"), version(DAYS, GOLD, soon="not (gold or days >= 10)")
    )
    assert found.alike
    assert [rule.rule for rule in found.rules] == ["soon"]


def test_a_fact_of_two_types_is_refused() -> None:
    with pytest.raises(PolicyInvalid):
        diff(version(DAYS), version(Fact(name="days", type="boolean")))


def test_what_the_budget_does_not_settle_is_not_called_alike() -> None:
    facts = tuple(Fact(name=name, type="number", low=2, high=10**9, step=Fraction(1)) for name in "abc")
    new = version(*facts, fermat="a * a * a + b * b * b == c * c * c")
    found = diff(version(*facts), new, Budget(steps=20_000, milliseconds=2_000))
    assert not found.alike
    assert ("no", "yes") in found.too_complex
    assert set(found.too_complex) <= set(product(("yes", "no", "(contradiction)", "(none)"), repeat=2))
