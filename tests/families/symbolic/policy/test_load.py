from __future__ import annotations

import copy
import json
from datetime import date
from fractions import Fraction
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy import (
    Cite,
    Policy,
    dump_policy,
    load_policy,
    parse_policy,
    policy_from_json,
    policy_to_json,
)

FULL = """
version: 4
name: everything
decisions: [yes, no, ask]
undetermined: ask
facts:
  - name: kind
    type: enum
    values: [none, "null", true story]
    world: closed
    default: none
    mutable: true
    question: Which?
  - {name: price, type: money, unit: USD, range: [0.5, 5000]}
  - {name: late, type: duration, unit: days, step: any, range: [null, 400]}
  - {name: rate, type: number, unit: USD / days, step: 1/3}
  - {name: count, type: number, world: closed, default: -2}
  - {name: day, type: date, range: [2026-01-01, 2027-01-01], world: closed, default: 2026-06-01}
  - {name: ok, type: boolean, world: closed, default: false}
  - {name: note, type: text, world: closed, default: "no"}
definitions:
  - {name: slow, means: late > 30.5, cites: {document: terms.md, section: "2.10"}}
rules:
  - id: first
    if: slow and (price / late < 3 or not ok)
    then: no
    priority: -3
    overrides: [second]
    cites: {document: terms.md}
    starts: 2026-01-01
    ends: 2026-12-31
  - {id: second, if: true, then: yes}
"""


def test_every_key_is_read() -> None:
    policy = parse_policy(FULL)
    kind, price, late, rate, _, day, ok, note = policy.facts
    assert (policy.name, policy.version, policy.decisions, policy.undetermined) == (
        "everything",
        4,
        ("yes", "no", "ask"),
        "ask",
    )
    assert (kind.values, kind.default, kind.mutable, kind.question) == (
        ("none", "null", "true story"),
        "none",
        True,
        "Which?",
    )
    assert (price.low, price.high, price.step) == (Fraction(1, 2), 5000, Fraction(1, 100))
    assert (late.unit, late.low, late.high, late.step) == ("day", None, 400, None)
    assert (rate.unit, rate.step) == ("USD/day", Fraction(1, 3))
    assert (day.low, day.default, ok.default, note.default) == (date(2026, 1, 1), date(2026, 6, 1), False, "no")
    first, second = policy.rules
    assert (first.priority, first.overrides, first.cites) == (-3, ("second",), Cite("terms.md"))
    assert (first.starts, first.ends) == (date(2026, 1, 1), date(2026, 12, 31))
    assert first.text == "slow and (price / late < 3 or not ok)"
    assert (second.text, second.priority, second.cites) == ("True", 0, None)
    assert policy.definitions[0].cites == Cite("terms.md", "2.10")


def without_text(policy: Policy) -> Policy:
    rules = tuple(msgspec.structs.replace(rule, text="") for rule in policy.rules)
    return msgspec.structs.replace(policy, rules=rules)


def test_yaml_and_json_go_round() -> None:
    with as_file(files("proveout.demo") / "desk" / "policy.yaml") as path:
        policies = [parse_policy(FULL), load_policy(path)]
    for policy in policies:
        assert without_text(parse_policy(dump_policy(policy))) == without_text(policy)
        assert without_text(policy_from_json(json.loads(json.dumps(policy_to_json(policy))))) == without_text(policy)
        assert dump_policy(parse_policy(dump_policy(policy))) == dump_policy(policy)


def test_the_hash_is_of_the_meaning() -> None:
    policy = parse_policy(FULL)
    same = FULL.replace("late > 30.5", "(late  > days(30.50))").replace("version: 4", "# a comment\nversion: 4")
    assert parse_policy(same).hash == policy.hash
    assert parse_policy(FULL.replace("30.5", "30.51")).hash != policy.hash
    assert len(policy.hash) == 64


SMALL: dict[str, Any] = {
    "version": 1,
    "name": "p",
    "decisions": ["yes", "no"],
    "facts": [{"name": "price", "type": "money", "unit": "USD"}, {"name": "photo", "type": "boolean"}],
    "rules": [{"id": "r", "if": "price > 3 and photo", "then": "yes"}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    policy: Any = copy.deepcopy(SMALL)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = policy
    for step in steps:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return dict(policy)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("decisons", ["a"], "unknown key 'decisons'.*did you mean 'decisions'"),
        ("facts.0.curency", "USD", "unknown key 'curency'.*use one of: default"),
        ("rules.0.when", "x", "unknown key 'when'.*then"),
        ("rules.0.cites", {"doc": "a"}, "rule r: cites: unknown key 'doc'.*did you mean 'document'"),
        ("rules.0.cites", {"document": "a", "section": 6}, "section.*in quotes"),
        ("rules.0.cites", "a.md", "not a mapping"),
        ("name", None, "'name' is missing"),
        ("name", 7, "must be a text, and is 7"),
        ("name", " ", "'name' is empty"),
        ("version", "1", "must be a whole number"),
        ("version", True, "must be a whole number"),
        ("decisions", [], "'decisions' is missing"),
        ("decisions", ["yes", "yes"], "different texts"),
        ("decisions", "yes", "must be a list"),
        ("undetermined", "ask", "unknown decision: 'ask'"),
        ("facts", {"name": "x"}, "must be a list"),
        ("facts.0.type", "mony", "did you mean 'money'"),
        ("facts.0.world", "half", "wrong value for 'world'"),
        ("facts.0.range", [1], "it has 1 entries"),
        ("facts.0.range", [5, 1], "an empty range"),
        ("facts.0.range", ["a", "b"], "no number"),
        ("facts.0.step", 0, "a step above 0"),
        ("facts.0.default", 3, "an open fact"),
        ("facts.0.world", "closed", "no default"),
        ("facts.0.unit", None, "add unit"),
        ("facts.0.unit", "U S D", "no name of a unit"),
        ("facts.0.name", "price in USD", "not a name"),
        ("facts.0.name", "class", "not a name"),
        ("facts.0.name", "days", "not a name"),
        ("facts.0.name", "ﬁx", "not a name"),
        ("facts.0.name", "photo", "two of one name"),
        ("facts.1.unit", "USD", "neither unit nor step"),
        ("facts.1.values", ["a"], "values to an enum only"),
        ("facts.1.type", "enum", "give an enum its values"),
        ("facts.1.type", "duration", "add unit"),
        ("facts.1.range", [1, 2], "a boolean cannot be 1"),
        ("rules.0.then", "yess", "unknown decision.*did you mean 'yes'"),
        ("rules.0.if", "prise > 3", "neither a fact nor a definition.*did you mean 'price'"),
        ("rules.0.if", "price >", "not an expression"),
        ("rules.0.if", "price", "a condition is needed"),
        ("rules.0.if", 3, "a condition is needed"),
        ("rules.0.if", ["a"], "must be a text"),
        ("rules.0.starts", "2026-02-30", "wrong value for 'starts'"),
        ("rules.0.starts", "1.2.2026", "not written like 2026-01-31"),
        ("rules.0.overrides", ["r"], "override each other in a circle: r -> r"),
        ("rules.0.priority", "high", "must be a whole number"),
        ("rules.0.id", "a\nb", "control characters"),
        ("definitions", [{"name": "price", "means": "3"}], "two of one name"),
        (
            "definitions",
            [{"name": "a", "means": "b > 1"}, {"name": "b", "means": "1 if a else 2"}],
            "circle: a -> b -> a",
        ),
        ("rules", [SMALL["rules"][0], SMALL["rules"][0]], "two rules of one id"),
    ],
)
def test_errors_say_what_and_what_next(path: str, value: Any, message: str) -> None:
    with pytest.raises(PolicyInvalid, match=f"(?s){message}"):
        policy_from_json(changed(path, value))


def test_an_error_names_file_and_line() -> None:
    text = "version: 1\nname: p\ndecisions: [a]\nrules:\n  - id: r\n    if: wether\n    then: a\n"
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(text, "shop.yaml")
    assert caught.value.about == "shop.yaml:5: rule r"
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(text.replace("wether", "a ="), "shop.yaml")
    assert caught.value.about == "shop.yaml:6: rule r"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match="cannot read"):
        load_policy(tmp_path / "none.yaml")
    with pytest.raises(PolicyInvalid, match="cannot read"):
        load_policy(tmp_path)
    with pytest.raises(PolicyInvalid, match="not a policy"):
        policy_from_json([1])


KEYS = st.sampled_from(["name", "id", "if", "type", "then", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@given(VALUES, st.sampled_from(["facts", "rules", "definitions", "name", "decisions"]))
def test_any_json_is_read_or_refused(value: Any, key: str) -> None:
    for raw in (SMALL | {key: value}, SMALL | {key: [value]}):
        try:
            policy_from_json(raw)
        except PolicyInvalid as error:
            assert error.what
            assert error.fix
