from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.induced._terms import LONGEST, terms_of, words_in


@given(st.text(max_size=200))
def test_terms_stand_where_they_say(text: str) -> None:
    for term, (start, end) in terms_of(text).items():
        assert " ".join(word for word, _, _ in words_in(text[start:end])) == term
        assert 1 <= len(term.split(" ")) <= LONGEST


def test_case_and_apostrophes_are_plain() -> None:
    assert set(terms_of("What\u2019s UP")) == {"what's", "up", "what's up"}


def test_an_empty_text_has_none() -> None:
    assert terms_of(" ?! ") == {}
