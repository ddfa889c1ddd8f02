from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from proveout.events import FieldRule
from proveout.events._compare import comparer


def test_numbers_that_no_float_holds_are_compared_exactly() -> None:
    same = comparer(FieldRule(path="data.x", absolute=1.0, relative=0.1), None)
    assert same(10**400, 10**400)
    assert not same(10**400, 1.5)


def test_the_wider_of_two_tolerances_counts() -> None:
    same = comparer(FieldRule(path="data.x", absolute=1.0, relative=0.1), None)
    assert same(0.9, 0.0)
    assert same(109.0, 100.0)
    assert not same(112.0, 100.0)


def test_a_text_is_embedded_once_and_equal_texts_never() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> Any:
        asked.extend(texts)
        return np.ones((len(texts), 2))

    same = comparer(FieldRule(path="data.x", distance=0.1), embed)
    assert same("a", "a")
    assert asked == []
    assert same("a", "b")
    assert same("b", "a")
    assert asked == ["a", "b"]


def test_a_vector_of_no_length_is_far_from_everything() -> None:
    same = comparer(FieldRule(path="data.x", distance=0.5), lambda texts: np.zeros((len(texts), 2)))
    assert not same("a", "b")
