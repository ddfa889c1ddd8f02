from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families._spans import Span, tokenise
from proveout.families.distilled import _features
from proveout.families.distilled._features import feature_matrix, features_of, gazetteer_of, vocabulary_of

ROWS = [
    ("to new york", [Span(3, 11, "city")]),
    ("New  York now", [Span(0, 9, "city")]),
    ("to Ulm", [Span(3, 6, "city")]),
]


def seen(text: str, spans: list[Span]) -> list[bool]:
    return [any(name.startswith("g=") for name in names) for names in features_of(text, gazetteer_of(ROWS), spans)]


def test_a_value_is_known_where_another_row_holds_it() -> None:
    assert seen("from NEW YORK", []) == [False, True, True]
    assert seen(*ROWS[0]) == [False, True, True]
    # Ulm is in this row alone, so while learning from it nothing says that it is known.
    assert seen(*ROWS[2]) == [False, False]
    assert seen(ROWS[2][0], []) == [False, True]


@given(st.text(max_size=30))
def test_every_token_has_features(text: str) -> None:
    features = features_of(text, gazetteer_of(ROWS))
    assert len(features) == len(tokenise(text))
    assert all(features)


def test_the_matrix_holds_known_features_once(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = feature_matrix([[["a", "a", "x"], []], [["b"]]], {"a": 0, "b": 1})
    assert matrix.toarray().tolist() == [[1, 0], [0, 0], [0, 1]]
    assert feature_matrix([], {}).shape == (0, 0)
    monkeypatch.setattr(_features, "MOST_FEATURES", 2)
    assert vocabulary_of([[["c", "b"], ["b", "a"]]]) == ("b", "a")
