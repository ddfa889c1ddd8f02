from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.facts._grammars import amounts
from proveout.families.symbolic.facts._phrases import PhraseBook, parse_phrase
from proveout.families.symbolic.facts._words import words_of


def found(phrase: str, text: str) -> list[str]:
    words = words_of(text)
    book = PhraseBook([(parse_phrase(phrase, "x"), None)])
    return [text[words[one.first].start : words[one.stop - 1].end] for _, one in book.find(words, amounts(words))]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("final sale", "It was Final  Sale!", ["Final  Sale"]),
        ("(bought|paid for) it", "I paid for it", ["paid for it"]),
        ("not [really] mine", "not mine, not really mine", ["not mine", "not really mine"]),
        ("open*", "opened and opening", ["opened", "opening"]),
        ("my ... broke", "my very old lamp broke", ["my very old lamp broke"]),
        ("my ... broke", "my one two three four five broke", []),
        ("had it {duration}", "had it three weeks", ["had it three weeks"]),
        ("{money} each", "two for $5 each", ["$5 each"]),
        ("lost it", "I lost. It is", []),
        ("e-book", "the E-Book", ["E-Book"]),
        ("haven't", "I haven\u2019t", ["haven\u2019t"]),
        ("a [b] [c] d", "a b d a c d a d", ["a b d", "a c d", "a d"]),
    ],
)
def test_phrases_match(phrase: str, text: str, expected: list[str]) -> None:
    assert found(phrase, text) == expected


@pytest.mark.parametrize(
    "phrase",
    ["(a", "a)", "[a", "a]", "(a]", "{price}", "*", "a*b", "x " * 200, "((((((a))))))"],
)
def test_what_is_no_phrase_is_refused_with_the_reason(phrase: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"facts\.yaml"):
        parse_phrase(phrase, "facts.yaml")


@pytest.mark.parametrize("phrase", ["", "   ", "[a]", "...", "(a|)", "|", "[a] [b]"])
def test_a_phrase_that_matches_no_words_is_refused(phrase: str) -> None:
    with pytest.raises(PolicyInvalid, match="no words at all"):
        parse_phrase(phrase, "x")


WORDS = st.sampled_from(["a", "b", "c"])
PHRASES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(" ".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        inner.map(lambda part: f"a [{part}]"),
    ),
    max_leaves=5,
)


@given(PHRASES, st.lists(WORDS, max_size=8))
def test_phrases_match_as_the_regular_expression_of_the_same_meaning(phrase: str, words: list[str]) -> None:
    try:
        compiled = parse_phrase(phrase, "x")
    except PolicyInvalid:
        return
    text = " ".join(words)
    pattern = re.sub(r"\[", "(?:", re.sub(r"\]", ")?", phrase.replace("(", "(?:")))
    pattern = re.sub(r"([abc])", r"\1 ", pattern.replace(" ", ""))
    whole = words_of(text)
    starts = {one.first for _, one in PhraseBook([(compiled, None)]).find(whole, [])}
    expected = {at for at in range(len(words)) if re.match(pattern, " ".join([*words[at:], ""]))}
    assert starts == expected


@given(st.text("ab()[]{}|*. ", max_size=40))
def test_any_text_is_a_phrase_or_an_error_of_ours(text: str) -> None:
    try:
        parse_phrase(text, "x")
    except PolicyInvalid as error:
        assert error.why
        assert error.fix


def test_a_phrase_made_to_backtrack_is_matched_in_time() -> None:
    phrase = " ".join(["[a]"] * 60) + " ... a ... a ... a ... b"
    words = words_of("a " * 300)
    begun = time.process_time()
    assert list(PhraseBook([(parse_phrase(phrase, "x"), None)]).find(words, [])) == []
    assert time.process_time() - begun < 10
