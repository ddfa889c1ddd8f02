from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families._spans import tokenise
from proveout.families.symbolic.patterns._tokens import is_number, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bonn, 5pm", ("bonn", ",", "5", "pm")),
        ("at 5:30 for 1,299.00", ("at", "5:30", "for", "1,299.00")),
        ("10. May", ("10", ".", "may")),
        ("3.5.", ("3.5", ".")),
        ("漢字 é", ("漢", "字", "é")),
        ("", ()),
    ],
)
def test_tokens(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text).words == words


@given(st.text())
def test_every_edge_is_an_edge_of_the_usual_tokens(text: str) -> None:
    found = words_of(text)
    usual = tokenise(text)
    assert {place.start for place in found.places} <= {place.start for place in usual}
    assert {place.end for place in found.places} <= {place.end for place in usual}
    assert all(text[start:end].lower() == word for word, (start, end) in zip(found.words, found.places, strict=True))


def test_a_span_goes_from_the_first_token_to_the_last() -> None:
    text = "to New York now"
    start, end = words_of(text).span(1, 3)
    assert text[start:end] == "New York"


def test_numbers_have_digits() -> None:
    assert [is_number(one) for one in ("5", "1,2", "5.", "five", "")] == [True, True, False, False, False]
