from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.induced import InducedRule, Matcher, RuleList, read_rules, written_rules
from proveout.families.symbolic.induced._rules import Counts

WORDS = ["card", "lost", "my card", "refund", "it's", "no", "yes", "123", "null", "ü"]


def rule_lists() -> st.SearchStrategy[RuleList]:
    names = st.sampled_from([*WORDS, "group: a", "group: b"])
    rule = st.builds(
        lambda all_of, then, counts: (tuple(all_of), then, counts),
        st.lists(names, min_size=1, max_size=3),
        st.sampled_from(["x", "yes", "1"]),
        st.tuples(st.integers(0, 5), st.integers(5, 9)),
    )

    def made(rules: list[tuple[tuple[str, ...], str, tuple[int, int]]], groups: list[list[str]]) -> RuleList:
        concepts = {f"group: {name}": tuple(terms) for name, terms in zip("ab", groups, strict=True)}
        numbered = tuple(
            InducedRule(id=f"r{at}", all=all_of, then=then, train=Counts(*counts))
            for at, (all_of, then, counts) in enumerate(rules)
        )
        return RuleList(target="t", default="x", concepts=concepts, rules=numbered)

    groups = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), min_size=2, max_size=2)
    return st.builds(made, st.lists(rule, max_size=6), groups)


@given(rule_lists())
def test_a_list_is_written_and_read_back(rules: RuleList) -> None:
    assert read_rules(written_rules(rules)) == rules
    assert written_rules(read_rules(written_rules(rules))) == written_rules(rules)


@given(rule_lists(), st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join))
def test_the_first_rule_that_fires_is_the_first_whose_concepts_are_all_there(rules: RuleList, text: str) -> None:
    spaced = f" {text} "
    fires = [all(any(f" {term} " in spaced for term in rules.terms(one)) for one in rule.all) for rule in rules.rules]
    expected = fires.index(True) if True in fires else len(fires)
    matcher = Matcher(rules)
    found = matcher.fire(text)
    assert found.at == matcher.first(text) == expected
    assert len(found.missing) == expected


GOOD = b"version: 1\ntarget: t\ndefault: x\nconcepts: {}\nrules:\n- {id: r1, all: [card], then: x}\n"


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b"version: 1", b"version: 2", "unknown version"),
        (b"id: r1", b"id: default", "taken"),
        (b"all: [card]", b"all: []", "no concept"),
        (b"all: [card]", b"all: [Card]", "lower case"),
        (b"all: [card]", b"all: [a b c d]", "lower case"),
        (b"all: [card]", b"all: ['']", "lower case"),
        (b"then: x", b"then: z", "not the task's"),
        (b"then: x", b"than: x", "did you mean 'then'"),
        (b"then: x", b"then: 5", "not of their form"),
        (b"target: t\n", b"", "not of their form"),
        (b"rules:\n", b"rules:\n- {id: r1, all: [lost], then: x}\n", "one id"),
        (b"concepts: {}", b"concepts: {g: ['!']}", "lower case"),
        (b"concepts: {}", b"concepts: {}\ncolour: red", "colour"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(old: bytes, new: bytes, match: str) -> None:
    assert read_rules(GOOD, ["x"]).rules[0].id == "r1"
    with pytest.raises(PolicyInvalid, match=match):
        read_rules(GOOD.replace(old, new), ["x"])


@given(st.binary(max_size=80))
def test_any_bytes_are_rules_or_an_error_of_ours(content: bytes) -> None:
    try:
        read_rules(content)
    except PolicyInvalid as error:
        assert error.fix
