from __future__ import annotations

import pytest

from proveout.families.symbolic.induced import InducedRule, Matcher, RuleList
from proveout.families.symbolic.induced._induce import _merged, induce, precision_of
from proveout.families.symbolic.induced._rules import Counts

COLOURS = ["red", "green", "blue", "grey"]


def rows(start: int, stop: int) -> tuple[list[str], list[str]]:
    """One label is told by a pair of words, one by any of a group, one by a word; noise words are shared."""
    texts, labels = [], []
    for number in range(start, stop):
        noise = f"noise{number % 5} please"
        texts += [f"{noise} paint it {COLOURS[number % 4]}", f"call {noise} taxi", f"{noise} call mother"]
        labels += ["paint", "taxi", "phone"]
    return texts, labels


def induced(count: int = 40) -> RuleList:
    return induce(rows(0, count), rows(count, count + 20), [], "t", lambda *_: None)


def test_the_rules_separate_what_they_can() -> None:
    rules = induced()
    matcher = Matcher(rules)
    for text, label in zip(*rows(60, 90), strict=True):
        at = matcher.first(text)
        assert at < len(rules.rules)
        assert rules.rules[at].then == label


def test_rules_are_few_and_say_what_they_stand_on() -> None:
    rules = induced()
    assert len(rules.rules) <= 6
    assert [rule.id for rule in rules.rules] == [f"r{at}" for at in range(1, len(rules.rules) + 1)]
    assert all(rule.select.fired >= rule.select.right > 0 for rule in rules.rules)
    assert sum(rule.train.fired for rule in rules.rules) == 120


def test_two_builds_are_one() -> None:
    assert induced() == induced()


def test_texts_of_no_label_speak_against_a_rule() -> None:
    texts, labels = rows(0, 40)
    outside = ["call the weather"] * 60
    rules = induce((texts, labels), rows(40, 60), outside, "t", lambda *_: None)
    fired = Matcher(rules).first("call the weather")
    assert fired == len(rules.rules)


def test_a_rule_that_held_out_rows_speak_against_is_dropped() -> None:
    texts, labels = rows(0, 40)
    held_texts, held_labels = rows(40, 60)
    wrong = ["taxi" if label == "paint" else label for label in held_labels]
    kept = induce((texts, labels), (held_texts, wrong), [], "t", lambda *_: None)
    assert "paint" not in {rule.then for rule in kept.rules}


def test_rules_that_differ_in_one_term_become_one_over_a_group() -> None:
    merged = _merged([frozenset({"book", "flight"}), frozenset({"book", "plane"}), frozenset({"visa"})])
    assert merged == [(("book",), ("flight", "plane")), (("visa",),)]


def test_nothing_is_merged_where_nothing_is_shared() -> None:
    assert _merged([frozenset({"a"}), frozenset({"b", "c"})]) == [(("a",),), (("b",), ("c",))]
    assert _merged([]) == []


@pytest.mark.parametrize(("right", "fired", "expected"), [(0, 0, 0.5), (8, 8, 0.9), (0, 8, 0.1)])
def test_precision_begins_at_one_half(right: int, fired: int, expected: float) -> None:
    assert precision_of(InducedRule(id="r", all=("a",), then="x", select=Counts(right, fired))) == expected


def test_a_row_is_judged_without_itself() -> None:
    rule = InducedRule(id="r", all=("a",), then="x", select=Counts(3, 4))
    assert precision_of(rule, right=1, fired=1) == 3 / 5
