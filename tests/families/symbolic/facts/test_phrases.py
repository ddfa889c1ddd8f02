from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.facts._grammars import Amount, amounts
from proveout.families.symbolic.facts._phrases import Found, Phrase, PhraseBook, parse_phrase
from proveout.families.symbolic.facts._words import Word, words_of


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


MIXED = st.sampled_from(["a", "b", "c", "a*", "...", "{number}", "{duration}", "b c", "(a|{number}) c", "a [b] c"])
BOOKS = st.lists(st.lists(MIXED, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=6)
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "ab", "3", "two days", "."]), max_size=10).map(" ".join)


def alone(phrase: Phrase, words: Sequence[Word], named: Sequence[Amount], at: int) -> Found | None:
    """The longest match from a word on, by one phrase simulated state by state and nothing else."""
    slots = {amount.first: amount for amount in named}
    live: dict[int, dict[int, Amount | None]] = {at: dict.fromkeys(phrase.begins)}
    best = None
    for here in range(at, len(words) + 1):
        states = live.get(here, {})
        if len(phrase.arcs) - 1 in states:
            best = Found(at, here, states[len(phrase.arcs) - 1])
        if here == len(words) or words[here].sentence != words[at].sentence:
            break
        for state, held in states.items():
            for arc in phrase.arcs[state]:
                amount = slots.get(here) if arc.kind == "slot" else None
                fits = (
                    (amount is not None and amount.kind == arc.what)
                    or arc.kind == "any"
                    or (arc.kind == "word" and words[here].text == arc.what)
                    or (arc.kind == "prefix" and words[here].text.startswith(arc.what))
                )
                for after in arc.to if fits else ():
                    live.setdefault(amount.stop if amount else here + 1, {}).setdefault(after, amount or held)
    return best


@given(BOOKS, TEXTS)
def test_phrases_together_are_found_as_each_alone(texts: list[str], text: str) -> None:
    phrases: list[tuple[Phrase, int]] = []
    for one in texts:
        try:
            phrases.append((parse_phrase(one, "x"), len(phrases)))
        except PolicyInvalid:
            continue
    words = words_of(text)
    named = amounts(words)
    expected = []
    for at, word in enumerate(words):
        here = [(key, phrase.firsts, alone(phrase, words, named, at)) for phrase, key in phrases]
        groups = {key: 2 if firsts is None else word.text not in firsts for key, firsts, _ in here}
        expected += sorted(((key, one) for key, _, one in here if one), key=lambda pair: (groups[pair[0]], pair[0]))
    assert list(PhraseBook(phrases).find(words, named)) == expected


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
