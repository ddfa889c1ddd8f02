from __future__ import annotations

import numpy as np
import pytest

from proveout.families._spans import Span
from proveout.families.distilled._spanner import Spanner, fit_spanner

NAMES = ("paris", "berlin", "rome", "kansas", "asia", "boston", "lima", "turin")
SLOTS = {"play": "artist", "map": "place"}


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def rows() -> tuple[list[tuple[str, list[Span]]], list[str]]:
    pairs = [(name, context) for name in NAMES for context in SLOTS]
    made = [(f"show me {name} now", [Span(8, 8 + len(name), SLOTS[context])]) for name, context in pairs]
    return made, [context for _, context in pairs]


def test_the_same_words_are_other_values_in_another_context() -> None:
    made, contexts = rows()
    fitted = fit_spanner(made, (0.0,), seed=0, progress=quiet, contexts=contexts)
    spanner = Spanner(fitted.terms, fitted.arrays[0])
    found = spanner.find(["show me nairobi now"] * 2, ["play", "map"])
    assert [one.spans for one in found] == [(Span(8, 15, "artist"),), (Span(8, 15, "place"),)]
    assert all(0 < one.sure[0] <= 1 and one.log_p <= 0 for one in found)


def test_without_contexts_none_is_asked_for() -> None:
    made, _ = rows()
    fitted = fit_spanner(made[::2], (0.0, 1e-4), seed=0, progress=quiet)
    assert fitted.strengths == (0.0, 1e-4)
    assert not any(name.startswith("c=") for name in fitted.terms.vocabulary)
    for arrays in fitted.arrays:
        assert Spanner(fitted.terms, arrays).find(["show me nairobi now"])[0].spans == (Span(8, 15, "artist"),)


def test_rows_without_a_value_find_none() -> None:
    fitted = fit_spanner([("hello there", [])], (0.0,), seed=0, progress=quiet)
    assert Spanner(fitted.terms, fitted.arrays[0]).find(["hello", ""])[0].spans == ()


def test_contexts_are_one_a_text() -> None:
    made, contexts = rows()
    with pytest.raises(ValueError, match="zip"):
        fit_spanner(made, (0.0,), seed=0, progress=quiet, contexts=contexts[:-1])
    fitted = fit_spanner(made, (0.0,), seed=0, progress=quiet, contexts=contexts)
    assert fitted.arrays[0]["weights"].dtype == np.float16
