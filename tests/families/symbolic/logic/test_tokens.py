from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.logic._check_words import _spans
from proveout.families.symbolic.logic._tokens import is_content, sentences, words

TEXTS = st.text(st.sampled_from("ab. \n\t,é"), max_size=60) | st.text(max_size=60)


@given(TEXTS)
def test_sentences_are_spans_of_the_text_and_leave_only_stops_and_space(text: str) -> None:
    left = list(text)
    for one in sentences(text):
        assert text[one.start : one.end] == one.text
        left[one.start : one.end] = " " * len(one.text)
    assert not "".join(left).replace(".", "").strip()


@given(st.text(st.sampled_from("ab. \n\t,"), max_size=60))
def test_the_checker_finds_the_same_sentences(text: str) -> None:
    assert _spans(text) == [(one.start, one.end) for one in sentences(text)]


@given(TEXTS)
def test_words_are_found_or_refused(text: str) -> None:
    for one in sentences(text):
        try:
            found = words(one)
        except TextNotUnderstood as error:
            assert error.why
        else:
            assert "".join(found) == "".join(one.text.removesuffix(".").split())


def test_short_forms_are_written_out() -> None:
    (one,) = sentences("Anne isn\u2019t big, they Don't like O'Brien.")
    assert words(one) == ["Anne", "is", "not", "big", ",", "they", "do", "not", "like", "O'Brien"]


@pytest.mark.parametrize("text", ["a: b.", "(a) b", "a\u0000b", "“a”", "a/b", "_"])
def test_other_marks_are_refused(text: str) -> None:
    with pytest.raises(TextNotUnderstood, match="is not understood"):
        words(next(sentences(text)))


def test_a_long_sentence_is_shown_in_part() -> None:
    with pytest.raises(TextNotUnderstood) as error:
        words(next(sentences("a " * 100_000 + "?")))
    assert len(str(error.value)) < 500


def test_words_of_the_grammar_name_nothing() -> None:
    assert [word for word in ("is", "very", "like", "need", "kind", "if") if is_content(word)] == [
        "like",
        "need",
        "kind",
    ]
