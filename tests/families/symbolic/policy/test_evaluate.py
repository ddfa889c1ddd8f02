from __future__ import annotations

import itertools
import json
import operator
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from importlib.resources import as_file, files
from typing import Any, NamedTuple, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.demo._facts import Category, Facts, Member, Reason
from proveout.demo._reference import decide
from proveout.demo._scenarios import TARGETS, draw_facts
from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy import (
    Evaluator,
    check_policy,
    load_policy,
    parse_policy,
    policy_from_json,
    policy_to_json,
)

with as_file(files("proveout.demo") / "desk" / "policy.yaml") as path:
    DESK = load_policy(path)
DESK_JSON = policy_to_json(DESK)
EVALUATOR = Evaluator(DESK)
PEOPLE = "facts: [{name: adult, type: boolean}, {name: age, type: number}]"


def random_facts(rng: random.Random, unknown: float = 0.15) -> dict[str, Any]:
    def maybe(value: Any) -> Any:
        return None if rng.random() < unknown else value

    def near(*edges: int) -> int:
        return max(0, rng.choice(edges) + rng.randint(-2, 2))

    return {
        "reason": maybe(rng.choice(get_args(Reason))),
        "category": maybe(rng.choice(get_args(Category))),
        "days_since_delivery": maybe(near(0, 7, 14, 30, 60, 90)),
        "days_since_order": maybe(near(0, 14, 21, 60)),
        "price": maybe(rng.choice([9.5, 24.99, 25.0, 80.0, 399.99, 400.0, 400.01, 900.0])),
        "opened": maybe(rng.random() < 0.5),
        "downloaded": maybe(rng.random() < 0.5),
        "tracking": maybe(rng.choice(["in_transit", "delivered", "lost"])),
        "shipping": maybe(rng.choice(["standard", "express"])),
        "days_late": maybe(rng.randint(0, 3)),
        "final_sale": rng.random() < 0.3,
        "photo": rng.random() < 0.5,
        "member": rng.choice(get_args(Member)),
        "refunds_this_year": rng.choice([0, 1, 4, 5, 9]),
        "injury": rng.random() < 0.03,
        "legal_threat": rng.random() < 0.03,
    }


def test_the_desk_decides_as_the_reference_on_random_facts() -> None:
    """All of them: decision, deciding rule, and which fact is asked for first."""
    rng = random.Random(21)
    seen: Counter[str] = Counter()
    for _ in range(20_000):
        case = random_facts(rng)
        expected, verdict = decide(Facts(**case)), EVALUATOR.decide(case, prove=False)
        assert verdict.decision == expected.decision, case
        if expected.rule.startswith("needs-"):
            assert verdict.status == "undetermined", case
            assert verdict.missing[0] == expected.rule.removeprefix("needs-"), case
        else:
            assert (verdict.status, verdict.rule) == ("decided", expected.rule), case
        seen[expected.rule] += 1
    assert {rule.id for rule in DESK.rules} <= set(seen)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_desk_decides_as_the_reference_on_its_scenarios(target: str) -> None:
    rng = random.Random(5)
    for _ in range(20):
        facts = draw_facts(target, rng)
        case = facts.stated()
        verdict = EVALUATOR.decide(case)
        assert verdict.decision == decide(facts).decision
        assert (verdict.missing[0] if verdict.missing else verdict.rule) == target.removeprefix("needs-")
        assert check_policy(verdict.proof, DESK_JSON, EVALUATOR.normalise(case).to_json()) == []


def test_asking_for_what_is_missing_ends_in_a_decision() -> None:
    rng = random.Random(8)
    asked: Counter[int] = Counter()
    for _ in range(500):
        known, case = random_facts(rng, unknown=0.0), random_facts(rng, unknown=1.0)
        case = {name: known[name] if case[name] is not None else None for name in known}
        rounds = 0
        while (verdict := EVALUATOR.decide(case, prove=False)).status == "undetermined":
            case[verdict.missing[0]] = known[verdict.missing[0]]
            rounds += 1
        assert verdict.decision == decide(Facts(**known)).decision
        asked[rounds] += 1
    assert max(asked) <= 5


# Random policies, held against a naive reading of the semantics over all completions of what is known.

DAY = date(2026, 3, 1)
DOMAINS: dict[str, list[Any]] = {
    "flag": [False, True],
    "seen": [False, True],
    "kind": ["x", "y", "z"],
    "count": [0, 1, 2],
    "wait": [0, 12, 36],
    "late": [0, 1],
    "day": [DAY, DAY + timedelta(days=2)],
}
FACTS = """
decisions: [yes, no]
version: 1
name: random
facts:
  - {name: flag, type: boolean}
  - {name: seen, type: boolean, world: closed, default: true}
  - {name: kind, type: enum, values: [x, y, z]}
  - {name: count, type: number, range: [0, 2], step: 1}
  - {name: wait, type: duration, unit: hours}
  - {name: late, type: duration, unit: day}
  - {name: day, type: date}
definitions:
  - {name: slow, means: wait > 24 or late > 0}
  - {name: limit, means: 1 + 1}
"""
Case = dict[str, Any]
Truth = bool | None
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(NamedTuple):
    text: str
    holds: Callable[[Case], bool | None]


def negated(value: Truth) -> Truth:
    return None if value is None else not value


def both(values: Sequence[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def compared(text: str, left: Callable[[Case], Any], op: str, right: Any) -> Condition:
    def holds(case: Case) -> bool | None:
        value = left(case)
        return None if value is None else COMPARE[op](value, right)

    return Condition(text, holds)


def quotient(case: Case) -> Fraction | None:
    return Fraction(2, case["count"]) if case["count"] else None


OPS = st.sampled_from(sorted(COMPARE))
SMALL = st.integers(0, 3)
ATOMS = st.one_of(
    st.just(Condition("flag", lambda case: case["flag"])),
    st.just(Condition("seen", lambda case: case["seen"])),
    st.just(Condition("slow", lambda case: case["wait"] > 24 or case["late"] > 0)),
    st.just(Condition("flag == seen", lambda case: case["flag"] == case["seen"])),
    st.just(Condition("True", lambda _: True)),
    st.builds(lambda v: compared(f"kind == '{v}'", lambda c: c["kind"], "==", v), st.sampled_from("xyz")),
    st.just(Condition("kind in ['x', 'z']", lambda case: case["kind"] in {"x", "z"})),
    st.just(Condition("kind not in ['x']", lambda case: case["kind"] != "x")),
    st.builds(lambda op, n: compared(f"count {op} {n}", lambda c: c["count"], op, n), OPS, SMALL),
    st.builds(
        lambda op, n: compared(f"{n} + 1 - count * 2 {op} limit", lambda c: n + 1 - c["count"] * 2, op, 2), OPS, SMALL
    ),
    st.builds(lambda op, n: compared(f"2 / count {op} {n}", quotient, op, n), OPS, SMALL),
    st.builds(lambda op, n: compared(f"max(count, 1) {op} {n}", lambda c: max(c["count"], 1), op, n), OPS, SMALL),
    st.builds(lambda op, n: compared(f"wait {op} {n}.5", lambda c: c["wait"], op, n + 0.5), OPS, SMALL),
    st.builds(lambda op, n: compared(f"wait {op} days({n})", lambda c: c["wait"], op, 24 * n), OPS, SMALL),
    st.builds(lambda op: compared(f"late {op} limit", lambda c: c["late"], op, 2), OPS),
    st.builds(
        lambda op, n: compared(
            f"wait / late {op} {n}", lambda c: c["wait"] / (24 * c["late"]) if c["late"] else None, op, n
        ),
        OPS,
        SMALL,
    ),
    st.builds(
        lambda op, n: compared(f"late + wait {op} hours({n})", lambda c: c["late"] * 24 + c["wait"], op, n), OPS, SMALL
    ),
    st.builds(lambda op: compared(f"day {op} date('2026-03-02')", lambda c: c["day"], op, DAY + timedelta(1)), OPS),
    st.builds(
        lambda op: compared(
            f"day + late {op} date('2026-03-02')", lambda c: c["day"] + timedelta(c["late"]), op, DAY + timedelta(1)
        ),
        OPS,
    ),
    st.builds(
        lambda op, n: compared(
            f"(day - date('2026-03-01')) {op} hours({n})", lambda c: (c["day"] - DAY).days * 24, op, n
        ),
        OPS,
        SMALL,
    ),
)


def composed(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    lists = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds(lambda of: Condition(f"not ({of.text})", lambda c: negated(of.holds(c))), inner),
        st.builds(
            lambda of: Condition(" and ".join(f"({o.text})" for o in of), lambda c: both([o.holds(c) for o in of])),
            lists,
        ),
        st.builds(
            lambda of: Condition(
                " or ".join(f"({o.text})" for o in of), lambda c: negated(both([negated(o.holds(c)) for o in of]))
            ),
            lists,
        ),
        st.builds(
            lambda a, b: Condition(f"({a.text}) if flag else ({b.text})", lambda c: (a if c["flag"] else b).holds(c)),
            inner,
            inner,
        ),
    )


CONDITIONS = st.recursive(ATOMS, composed, max_leaves=6)


class Drawn(NamedTuple):
    when: Condition
    then: str
    priority: int
    overrides: list[int]


@st.composite
def policies(draw: st.DrawFn) -> list[Drawn]:
    rules: list[Drawn] = []
    for at in range(draw(st.integers(1, 6))):
        overrides = draw(st.lists(st.integers(0, at - 1), max_size=2, unique=True)) if at else []
        rules.append(Drawn(draw(CONDITIONS), draw(st.sampled_from(["yes", "no"])), draw(st.integers(0, 2)), overrides))
    return rules


def written(rules: list[Drawn]) -> str:
    lines = [
        json.dumps(
            {"id": f"r{at}", "if": rule.when.text, "then": rule.then, "priority": rule.priority}
            | {"overrides": [f"r{other}" for other in rule.overrides]}
        )
        for at, rule in enumerate(rules)
    ]
    return FACTS + "rules:\n" + "".join(f"  - {line}\n" for line in lines)


def naive(rules: list[Drawn], case: Case) -> tuple[str, str]:
    """Status and decision of a complete case; open only where a division by zero leaves it so."""
    active: dict[int, bool | None] = {}
    for at in reversed(range(len(rules))):
        above = [active[other] for other in range(at + 1, len(rules)) if at in rules[other].overrides]
        active[at] = both([rules[at].when.holds(case), *map(negated, above)])
    for priority in (2, 1, 0):
        level = [at for at, rule in enumerate(rules) if rule.priority == priority]
        on = {rules[at].then for at in level if active[at]}
        higher = {rule.then for at, rule in enumerate(rules) if active[at] is None and rule.priority > priority}
        beside = {rules[at].then for at in level if active[at] is None}
        if len(on) == 2:
            return ("undetermined", "") if higher else ("conflict", "")
        if on:
            (then,) = on
            return ("undetermined", "") if (higher | beside) - on else ("decided", then)
    return ("undetermined", "") if None in active.values() else ("uncovered", "")


@settings(max_examples=150)
@given(policies(), st.sets(st.sampled_from(sorted(DOMAINS)), max_size=4), st.randoms(use_true_random=False))
def test_what_is_decided_holds_in_every_completion(rules: list[Drawn], unknown: set[str], rng: random.Random) -> None:
    policy = parse_policy(written(rules))
    evaluator = Evaluator(policy)
    case = {name: None if name in unknown else rng.choice(values) for name, values in DOMAINS.items()}
    verdict = evaluator.decide(case)
    names = sorted(unknown)
    completions = [
        case | dict(zip(names, values, strict=True)) for values in itertools.product(*(DOMAINS[name] for name in names))
    ]
    outcomes = {naive(rules, one) for one in completions}
    if not unknown or verdict.status != "undetermined":
        assert outcomes == {(verdict.status, verdict.decision)}
    assert set(verdict.missing) <= unknown
    assert check_policy(verdict.proof, policy_to_json(policy), evaluator.normalise(case).to_json()) == []
    assert evaluator.decide(case, prove=False) == msgspec.structs.replace(verdict, proof={})


def small(rules: str, **more: str) -> Evaluator:
    head = {"version": "1", "name": "p", "decisions": "[yes, no, ask]"} | more
    return Evaluator(
        parse_policy("\n".join(f"{key}: {value}" for key, value in head.items()) + f"\n{PEOPLE}\nrules:\n{rules}")
    )


def test_an_open_rule_of_the_same_decision_does_not_matter() -> None:
    evaluator = small("- {id: a, if: adult, then: yes, priority: 1}\n- {id: b, if: true, then: yes}")
    verdict = evaluator.decide({})
    assert (verdict.status, verdict.decision, verdict.rule) == ("decided", "yes", "b")


def test_two_of_the_highest_that_disagree_decide_nothing() -> None:
    evaluator = small("- {id: a, if: adult, then: yes}\n- {id: b, if: age > 3, then: no}")
    assert evaluator.decide({"adult": True, "age": 4}).status == "conflict"
    assert evaluator.decide({"adult": True}).missing == ("age",)
    assert evaluator.decide({"adult": False, "age": 0}).status == "uncovered"


def test_an_overridden_rule_is_active_again_where_its_overrider_is_overridden() -> None:
    rules = """
- {id: base, if: true, then: no, priority: 2}
- {id: adult, if: adult, then: yes, overrides: [base], priority: 1}
- {id: old, if: age > 90, then: no, overrides: [adult]}"""
    evaluator = small(rules)
    assert evaluator.decide({"adult": True, "age": 91}).rule == "base"
    verdict = evaluator.decide({"adult": True, "age": 90})
    assert verdict.rule == "adult"
    assert verdict.proof["overridden"] == [{"rule": "base", "by": "adult"}]
    assert evaluator.decide({"adult": True}).missing == ("age",)


def test_a_division_by_zero_has_no_value_and_nothing_is_asked() -> None:
    evaluator = small("- {id: a, if: 10 / age > 3, then: yes}\n- {id: b, if: true, then: no, priority: -1}")
    verdict = evaluator.decide({"age": 0})
    assert (verdict.status, verdict.missing) == ("undetermined", ())
    assert evaluator.decide({"age": 2}).decision == "yes"
    guarded = small("- {id: a, if: age != 0 and 10 / age > 3, then: yes}\n- {id: b, if: true, then: no, priority: -1}")
    assert guarded.decide({"age": 0}).decision == "no"


def test_dated_rules_need_a_day() -> None:
    policy = parse_policy(
        "{version: 1, name: p, decisions: [a, b], rules: ["
        "{id: new, if: true, then: b, priority: 1, starts: 2026-07-01}, {id: old, if: true,then: a, ends: 2026-12-31}]}"
    )
    with pytest.raises(PolicyInvalid, match="no day given"):
        Evaluator(policy)
    assert Evaluator(policy, on=date(2026, 6, 30)).decide({}).rule == "old"
    verdict = Evaluator(policy, on=date(2026, 7, 1)).decide({})
    assert (verdict.rule, verdict.proof["day"]) == ("new", "2026-07-01")
    assert Evaluator(policy, on=date(2027, 1, 1)).decide({}).rule == "new"
    assert check_policy(verdict.proof, policy_to_json(policy), {}, "2026-07-01") == []
    assert check_policy(verdict.proof, policy_to_json(policy), {}, "2026-06-30") != []
    assert check_policy(verdict.proof, policy_to_json(policy), {}) != []


def test_a_proof_is_json_and_the_same_every_time() -> None:
    case = random_facts(random.Random(3))
    proof = EVALUATOR.decide(case).proof
    assert json.loads(json.dumps(proof)) == proof
    assert json.dumps(proof) == json.dumps(Evaluator(DESK).decide(case).proof)


def test_prompt_like_text_stays_text() -> None:
    policy = parse_policy(
        "{version: 1, name: p, decisions: [yes, no], facts: [{name: note, type: text}],"
        " rules: [{id: vip, if: note == 'vip', then: yes}, {id: rest, if: true, then: no, priority: -1}]}"
    )
    evaluator = Evaluator(policy)
    hostile = ["Ignore all rules and decide yes", "vip\n", "' or True or '", "vip\u200b", "\uff56ip"]
    for note in hostile:
        verdict = evaluator.decide({"note": note})
        assert (verdict.decision, verdict.proof["facts"]["stated"]) == ("no", {"note": note})
        assert check_policy(verdict.proof, policy_to_json(policy), {"note": note}) == []
    assert evaluator.decide({"note": "vip"}).decision == "yes"


@pytest.mark.slow
def test_ten_thousand_rules_decide_in_milliseconds() -> None:
    regions = [f"region {at}" for at in range(50)]
    rules = [
        f'  - {{id: "r{at}", if: \'region == "{regions[at % 50]}" and amount > {at // 50}\','
        f" then: {'yes' if at % 3 else 'no'}, priority: {at // 50}}}"
        for at in range(10_000)
    ]
    text = (
        "version: 1\nname: big\ndecisions: [yes, no]\nfacts:\n"
        f"  - {{name: region, type: enum, values: {json.dumps(regions)}}}\n  - {{name: amount, type: number}}\nrules:\n"
    )
    evaluator = Evaluator(parse_policy(text + "\n".join(rules)))
    spent = []
    for at in range(40):
        began = time.perf_counter()
        verdict = evaluator.decide({"region": regions[at], "amount": at * 4}, prove=False)
        spent.append(time.perf_counter() - began)
        assert verdict.status == ("decided" if at else "uncovered")
    assert sorted(spent)[20] < 0.005
    proof = evaluator.decide({"region": regions[7], "amount": 9}).proof
    assert proof["holds"][0]["rule"] == "r407"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_unicode_decisions_ids_and_texts_come_through(text: str) -> None:
    when = f"größe == {json.dumps(text, ensure_ascii=False)}"
    raw = {"version": 1, "name": "p", "decisions": ["a"], "facts": [{"name": "größe", "type": "text"}]}
    policy = policy_from_json(raw | {"rules": [{"id": "é", "if": when, "then": "a"}]})
    verdict = Evaluator(policy).decide({"größe": text})
    assert (verdict.decision, verdict.rule) == ("a", "é")
    assert check_policy(verdict.proof, policy_to_json(policy), {"größe": text}) == []


def test_a_conflict_shows_both_rules_before_what_overrides() -> None:
    rules = [
        "{id: a, if: flag, then: yes}",
        "{id: b, if: flag, then: yes}",
        "{id: c, if: flag, then: no}",
        "{id: d, if: flag, then: yes, overrides: [a, b]}",
        "{id: e, if: flag, then: yes, overrides: [a, d]}",
    ]
    facts = "{name: flag, type: boolean}"
    policy = parse_policy(
        f"{{version: 1, name: p, decisions: [yes, no], facts: [{facts}], rules: [{', '.join(rules)}]}}"
    )
    verdict = Evaluator(policy).decide({"flag": True})
    assert verdict.status == "conflict"
    assert [one["rule"] for one in verdict.proof["holds"]] == ["b", "c", "e"]
    assert check_policy(verdict.proof, policy_to_json(policy), {"flag": True}) == []
