from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.facts._words import repair_table, repaired, words_of


@given(st.text(max_size=300))
def test_words_stand_where_they_say(text: str) -> None:
    words = words_of(text)
    assert all(text[word.start : word.end].lower().replace("\u2019", "'") == word.text for word in words)
    assert all(one.end <= other.start for one, other in pairwise(words))
    assert all(one.sentence <= other.sentence for one, other in pairwise(words))


def test_a_dash_between_spaces_ends_a_sentence_and_a_hyphen_does_not() -> None:
    assert [word.sentence for word in words_of("broken - e-book")] == [0, 1, 1]
    assert [word.text for word in words_of("twenty-two days")] == ["twenty", "two", "days"]


def test_a_point_in_a_number_ends_nothing() -> None:
    assert [(word.text, word.sentence) for word in words_of("24.99. Next")] == [("24.99", 0), ("next", 1)]


def test_commas_and_colons_part_clauses_only() -> None:
    assert [(word.sentence, word.clause) for word in words_of("a, b: c")] == [(0, 0), (0, 1), (0, 2)]


def test_typographic_apostrophes_are_plain() -> None:
    assert [word.text for word in words_of("haven\u2019t")] == ["haven't"]


def test_a_letter_dropped_doubled_or_swapped_is_repaired() -> None:
    table = repair_table(["order", "photo"])
    assert [word.text for word in repaired(words_of("oredr ordder ordr phto odrer"), table)] == [
        "order", "order", "order", "photo", "order",
    ]  # fmt: skip


def test_what_may_come_from_two_words_stays() -> None:
    table = repair_table(["shirt", "skirt"])
    assert "sirt" not in table


def test_words_of_the_vocabulary_and_other_letters_stay() -> None:
    table = repair_table(["worn", "sworn", "seven"])
    assert "worn" not in table
    assert "born" not in table
    assert "even" not in table


@given(st.lists(st.text(st.characters(categories=["Ll"]), min_size=4, max_size=8), max_size=6))
def test_no_repair_changes_a_known_word(vocabulary: list[str]) -> None:
    assert not set(repair_table(vocabulary)) & {word for word in vocabulary if word.isalpha()}


def test_two_readers_of_a_text_share_its_words() -> None:
    assert words_of("my order " * 3) is words_of("my order my order my order ")
    assert words_of("another") != words_of("text")
