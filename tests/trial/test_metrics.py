from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.metrics import f1_score

from proveout.errors import MetricUnknown
from proveout.trial import Scored, metrics
from proveout.trial._metrics import class_quality, confusion

# labels: a b oos. Rows: a right; a as b; b right but abstained; oos abstained; oos labelled; oos answered as a.
SCORED = Scored(
    labels=("a", "b", "oos"),
    truth=np.array([0, 0, 1, 2, 2, 2]),
    guess=np.array([0, 1, 1, 0, 2, 0]),
    output=np.array([0, 1, -1, -1, 2, 0]),
    confidence=np.full(6, 0.5),
    out_of_scope=2,
)


@dataclass(frozen=True)
class Expected:
    value: float
    n: int


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", Expected(2 / 3, 3)),
        ("accuracy_at_threshold", Expected(1 / 3, 3)),
        ("accuracy_all_rows", Expected(3 / 6, 6)),
        ("accuracy_answered", Expected(1 / 3, 3)),
        ("coverage", Expected(3 / 6, 6)),
        ("out_of_scope_recall", Expected(2 / 3, 3)),
        ("out_of_scope_precision", Expected(2 / 3, 3)),
        ("macro_f1", Expected((2 / 3 + 2 / 3) / 2, 3)),
    ],
)
def test_each_metric_by_hand(name: str, expected: Expected) -> None:
    found = metrics.create(name)(SCORED)
    assert found is not None
    assert found.value == pytest.approx(expected.value)
    assert found.n == expected.n
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_nothing_is_defined_on_no_rows() -> None:
    none = SCORED.rows(np.zeros(6, dtype=bool))
    assert {name: metrics.create(name)(none) for name in metrics.names()} == dict.fromkeys(metrics.names())
    assert class_quality(none) == ()
    assert confusion(none).pairs == ()


def test_out_of_scope_figures_are_undefined_without_such_a_label() -> None:
    whole = Scored(
        labels=("a", "b"),
        truth=np.array([0, 1]),
        guess=np.array([0, 1]),
        output=np.array([0, -1]),
        confidence=np.ones(2),
    )
    assert metrics.create("out_of_scope_recall")(whole) is None
    assert metrics.create("out_of_scope_precision")(whole) is None


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(MetricUnknown, match="did you mean 'macro_f1'"):
        metrics.create("macro_f2")


def test_classes_and_confusion() -> None:
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 30, 2000), rng.integers(0, 30, 2000)
    labels = tuple(f"l{number:02}" for number in range(30))
    scored = Scored(labels=labels, truth=truth, guess=guess, output=guess, confidence=np.ones(2000))
    assert [one.f1 for one in class_quality(scored)] == pytest.approx(list(f1_score(truth, guess, average=None)))
    found = confusion(scored)
    assert found.labels == ()
    assert len(found.pairs) == 20
    assert [pair.count for pair in found.pairs] == sorted((pair.count for pair in found.pairs), reverse=True)
    assert all(pair.expected != pair.answered for pair in found.pairs)
