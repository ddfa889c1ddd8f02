from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from proveout.families import fit_calibrator, rejection_threshold
from proveout.families._calibration import ALLOWED_LOSS

floats = st.floats(-5, 5)


def test_a_known_slope_and_bias_are_recovered() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=20_000)
    right = rng.random(20_000) < 1 / (1 + np.exp(-(1.5 * scores + 0.7)))
    found = fit_calibrator(scores, right)
    assert abs(found.slope - 1.5) < 0.1
    assert abs(found.bias - 0.7) < 0.1


@given(st.lists(st.tuples(floats, st.booleans()), min_size=0, max_size=60), st.lists(floats, max_size=5))
def test_probabilities_stay_between_zero_and_one(rows: list[tuple[float, bool]], queries: list[float]) -> None:
    scores = np.array([score for score, _ in rows], dtype=float)
    calibrator = fit_calibrator(scores, np.array([right for _, right in rows], dtype=bool))
    found = calibrator(np.array(queries, dtype=float))
    assert ((found > 0) & (found < 1)).all()


def test_no_error_on_few_rows_is_not_taken_for_certainty() -> None:
    calibrator = fit_calibrator(np.zeros(5), np.ones(5, dtype=bool))
    assert 0.7 < calibrator(np.zeros(1))[0] < 0.95


@given(
    st.lists(st.tuples(floats, st.booleans()), min_size=1, max_size=60),
    st.lists(floats, min_size=1, max_size=30),
)
def test_the_threshold_keeps_its_word(rows: list[tuple[float, bool]], outside: list[float]) -> None:
    scores = np.array([score for score, _ in rows])
    right = np.array([value for _, value in rows])
    threshold = rejection_threshold(scores, right, np.array(outside))
    kept = float(np.mean(right & (scores >= threshold)))
    assert kept >= right.mean() - ALLOWED_LOSS - 1e-12
    recall = float(np.mean(np.array(outside) < threshold))
    for other in np.linspace(-6, 6, 200):
        allowed = np.mean(right & (scores >= other)) >= right.mean() - ALLOWED_LOSS
        assert not allowed or np.mean(np.array(outside) < other) <= recall + 1e-12


def test_without_out_of_scope_rows_nothing_is_rejected() -> None:
    assert rejection_threshold(np.array([-100.0]), np.array([True]), np.zeros(0)) < -1e30
