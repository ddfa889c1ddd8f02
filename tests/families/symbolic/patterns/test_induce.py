from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.families._spans import Span
from proveout.families.symbolic.patterns import Matcher, Pattern, PatternList
from proveout.families.symbolic.patterns._induce import induce, lower_bound
from proveout.families.symbolic.patterns._rows import Value, gold_of, rows_of, vocabulary_of
from proveout.families.symbolic.patterns._tokens import Words

Rows = list[tuple[Words, frozenset[Value]]]
NAMES = ["amo", "bex", "cid", "dov", "eri", "fex", "gam", "hul", "ivo", "jad", "kel", "lom"]


def marked(template: str, **values: str) -> tuple[Words, frozenset[Value]]:
    text, spans = "", []
    for part in template.split():
        word = values.get(part[1:], part) if part.startswith("$") else part
        text += " " if text else ""
        if part.startswith("$"):
            spans.append(Span(len(text), len(text) + len(word), part[1:]))
        text += word
    return gold_of(text, spans)


def learned(rows: Rows, classes: dict[str, str], single: tuple[str, ...] = ()) -> tuple[list[Pattern], Matcher]:
    words = vocabulary_of(rows, classes)
    found = induce(rows_of(rows, words), single, lambda _stage, _done, _total: None)
    named: dict[str, list[str]] = {}
    for word, element in classes.items():
        named.setdefault(element[1:-1], []).append(word)
    listed = PatternList(
        common=tuple(sorted(words.common)),
        classes={name: tuple(group) for name, group in named.items()},
        lists=words.lists,
        patterns=tuple(found),
    )
    return found, Matcher(listed, single)


def values(rows: Rows, patterns: list[Pattern], matcher: Matcher) -> list[set[Value]]:
    return [{(one.first, one.stop, patterns[one.at].field) for one in matcher.found(text)} for text, _ in rows]


def test_contexts_find_names_that_were_never_seen() -> None:
    rows = [marked("play a song by $artist now", artist=name) for name in NAMES]
    patterns, matcher = learned(rows, {})
    unseen = [marked("play a song by $artist now", artist="zed")]
    assert values(unseen, patterns, matcher) == [set(unseen[0][1])]
    assert len(patterns) == 1


def test_classes_stand_for_words_that_were_never_seen() -> None:
    rows = [marked("come on $day please", day=f"{month}") for month in ("may", "june") for _ in range(5)]
    patterns, matcher = learned(rows, {"may": "<month>", "june": "<month>", "july": "<month>"})
    unseen = [marked("leave $day", day="july")]
    assert any("<month>" in one.value for one in patterns)
    assert values(rows, patterns, matcher) == [set(gold) for _, gold in rows]
    assert values(unseen, patterns, matcher) in ([set(unseen[0][1])], [set()])


def test_a_word_elsewhere_tells_two_fields_apart() -> None:
    rows = [marked("book $table for two", table=name) for name in NAMES]
    rows += [marked("book $ticket for two at the cinema", ticket=name) for name in NAMES]
    patterns, matcher = learned(rows, {})
    found = values(rows, patterns, matcher)
    assert sum(one == gold for one, (_, gold) in zip(found, rows, strict=True)) >= len(NAMES)
    assert any(one.also or "at" in one.after for one in patterns)


def test_a_field_of_one_value_is_found_once_a_row() -> None:
    rows = [marked("from $city to ulm", city=name) for name in ("bonn", "ulm", "lyon", "york") for _ in range(4)]
    patterns, matcher = learned(rows, {}, ("city",))
    assert all(len(one) <= 1 for one in values(rows, patterns, matcher))


def test_what_is_right_by_chance_is_no_pattern() -> None:
    rows = [marked("it is $x", x="on"), *(marked("it is on") for _ in range(20))]
    assert learned(rows, {})[0] == []


def test_counts_are_of_what_earlier_patterns_left() -> None:
    rows = [marked("play $artist now", artist=name) for name in NAMES]
    patterns, _ = learned(rows, {})
    assert sum(one.train.right for one in patterns) <= len(NAMES)
    assert all(one.train.right <= one.train.found for one in patterns)


def test_the_same_rows_give_the_same_patterns() -> None:
    rows = [marked("play $artist by $city", artist=name, city=name) for name in NAMES]
    assert learned(rows, {})[0] == learned(rows, {})[0]


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_lower_bound_is_below_the_share(right: int, wrong: int) -> None:
    low = lower_bound(right, right + wrong)
    assert -1e-12 <= low <= right / max(1, right + wrong) + 1e-12
    assert low < lower_bound(right + 1, right + wrong + 1)
