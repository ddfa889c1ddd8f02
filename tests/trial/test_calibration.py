from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.trial._calibration import calibration

rows = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200)


@given(rows)
def test_bins_hold_every_row_once_in_order(found: list[tuple[float, bool]]) -> None:
    confidence, right = (np.array(column) for column in zip(*found, strict=True))
    result = calibration(confidence, right)
    assert sum(part.n for part in result.bins) == len(found)
    assert sum(part.n * part.accuracy for part in result.bins) == pytest.approx(right.sum())
    means = [part.confidence for part in result.bins]
    assert means == sorted(means)
    assert result.ece is not None
    assert 0.0 <= result.ece <= 1.0 + 1e-12


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(found: list[tuple[float, bool]], random: Random) -> None:
    shuffled = found.copy()
    random.shuffle(shuffled)
    results = []
    for order in (found, shuffled):
        confidence, right = (np.array(column) for column in zip(*order, strict=True))
        results.append(calibration(confidence, right).ece)
    assert results[0] == pytest.approx(results[1])


def test_known_truth() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0, 1, 20_000)
    honest = calibration(confidence, rng.random(20_000) < confidence)
    boastful = calibration(confidence, rng.random(20_000) < confidence * 0.8)
    assert honest.ece is not None
    assert honest.ece < 0.02
    assert boastful.ece == pytest.approx(0.1, abs=0.015)
    assert honest.brier == pytest.approx(1 / 6, abs=0.01)
    assert len(honest.bins) == 15


def test_no_rows() -> None:
    assert calibration(np.array([]), np.array([], dtype=bool)).ece is None
