from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families._spans import Span, align, bio_decode, bio_encode, tokenise, values_of

# Letters with and without case, a combining accent, a bidi override, a zero-width joiner, Han, Thai, an emoji, digits.
CHARS = st.sampled_from("abZÉé\u0301\u202e\u200d漢字ไทย🙂09 \n\t.,-_\x00'\"")
TEXTS = st.text(CHARS, max_size=40) | st.text(max_size=40)


@st.composite
def spanned(draw: st.DrawFn) -> tuple[str, tuple[Span, ...]]:
    """A text and spans in it that begin and end with tokens and do not overlap."""
    text = draw(TEXTS)
    tokens = tokenise(text)
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=8)))
    pairs = [pair for pair in pairwise(cuts) if draw(st.booleans())]
    names = st.sampled_from(["a", "b", "B-a", "O", ""])
    return text, tuple(Span(tokens[one].start, tokens[other - 1].end, draw(names)) for one, other in pairs)


@given(TEXTS)
def test_tokens_are_in_order_and_cover_all_but_white_space(text: str) -> None:
    tokens = tokenise(text)
    assert all(one.end <= other.start for one, other in pairwise(tokens))
    inside = {at for token in tokens for at in range(token.start, token.end)}
    assert all(text[at].isspace() for at in range(len(text)) if at not in inside)
    assert all(token.start < token.end for token in tokens)


@given(spanned())
def test_spans_survive_their_labels(made: tuple[str, tuple[Span, ...]]) -> None:
    text, spans = made
    tokens = tokenise(text)
    assert bio_decode(tokens, bio_encode(tokens, spans)) == spans


@given(st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), max_size=12))
def test_any_labels_give_spans_apart(labels: list[str]) -> None:
    tokens = tokenise("x " * len(labels))
    spans = bio_decode(tokens, labels)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    covered = sum(span.start <= token.start < span.end for span in spans for token in tokens)
    assert covered == sum(label != "O" for label in labels)


@given(spanned())
def test_what_stands_in_the_text_is_found(made: tuple[str, tuple[Span, ...]]) -> None:
    text, spans = made
    output = {f"f{at}": text[span.start : span.end] for at, span in enumerate(spans)}
    found, missing = align(text, output)
    for span in found:
        assert text[span.start : span.end] == output[span.field]
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert {span.field for span in found} | missing == {name for name, value in output.items() if values_of(value)}
    # A value alone is always found; among several, another may have taken its tokens.
    for value in output.values():
        assert not value.strip() or align(text, {"f": value})[1] == set()


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("to  new\nyork", "New York", ["new\nyork"]),
        ("Mai in Mainz", "Main", []),
        ("costs 1,250.50 eur", 1250.5, ["1,250.50"]),
        ("at 5pm", 5, ["5"]),
        ("yes, true", True, []),
        ("{'a': 1}", {"a": 1}, []),
        ("no value", None, []),
        ("a a a", ["a", "a"], ["a", "a"]),
        ("cafe\u0301 noir", "cafe\u0301", ["cafe\u0301"]),
        ("cafe\u0301 noir", "cafe", []),
        ("to \u202eParis\u202c now", "\u202eParis\u202c", ["\u202eParis\u202c"]),
        ("我要去東京旅行", "東京", ["東京"]),
        ("", "x", []),
        ("İstanbul İ", "i", ["İ"]),
        ("a.b*c", ".b*", [".b*"]),
    ],
)
def test_where_a_value_stands(text: str, value: object, expected: list[str]) -> None:
    found, missing = align(text, {"f": value})
    assert [text[span.start : span.end] for span in found] == expected
    assert missing == ({"f"} if values_of(value) and not expected else set())


def test_of_overlapping_values_the_longest_stands() -> None:
    found, missing = align("new york city", {"a": "york", "b": "new york"})
    assert [(span.field, span.start) for span in found] == [("b", 0)]
    assert missing == {"a"}


def test_of_overlapping_spans_the_first_has_the_tokens() -> None:
    tokens = tokenise("one two three")
    assert bio_encode(tokens, [Span(4, 13, "b"), Span(0, 7, "a")]) == ["B-a", "I-a", "O"]
