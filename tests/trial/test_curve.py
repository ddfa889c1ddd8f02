from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.ledger import Ledger
from proveout.task import Example, Task
from proveout.trial import CurveOptions, Learner, learning_curve
from proveout.trial._curve import nested_subset

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import
TASK = Task(name="t", kind="classify", input={}, output={}, target="intent")


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(1, 20), st.integers(0, 5))
def test_subsets_are_nested_and_balanced(labels: list[str], size: int, seed: int) -> None:
    rows = [Example(id=str(n), inputs={}, expected={"intent": label}) for n, label in enumerate(labels)]
    small, large = (nested_subset(TASK, rows, count, seed) for count in (size, size + 1))
    assert {row.id for row in small} <= {row.id for row in large}
    for label in set(labels):
        held = sum(row.expected == {"intent": label} for row in small)
        assert held == min(size, labels.count(label))


def rote(bench: Bench, snapshot: Any, builds: list[tuple[int, int]]) -> Learner:
    """Knows a label once it has seen three examples of it."""

    def build(train: Any, seed: int) -> Any:
        builds.append((len(train), seed))
        counts = [row.expected["intent"] for row in train.examples]
        known = {label for label in counts if counts.count(label) >= 3}

        def answer(inputs: dict[str, Any], _number: int) -> Any:
            label = inputs["text"].split()[-1]
            return bench.said(label if label in known else "neither")

        return bench.built(snapshot, answer).candidate

    return Learner("rote", "1", build)


def test_a_learning_curve_rises_and_resumes(bench: Bench) -> None:
    task = bench.task(["a", "b"], "oos")
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"] * 6), bench.rows(["a", "b", "oos"] * 4))
    builds: list[tuple[int, int]] = []
    options = CurveOptions(seeds=2)
    with Ledger.open(bench.workspace) as ledger:
        arguments = (bench.workspace, task, snapshot, rote(bench, snapshot, builds))
        curve = learning_curve(*arguments, ledger=ledger, options=options)
        made = len(builds)
        again = learning_curve(*arguments, ledger=ledger, options=options)
        more = learning_curve(*arguments, ledger=ledger, options=CurveOptions(seeds=3))
    assert [point.per_class for point in curve.points] == [1, 2, 4, 6]
    assert [point.accuracy for point in curve.points] == [0.0, 0.0, 1.0, 1.0]
    assert again == curve
    assert made == 8
    assert len(builds) == made + len(more.points)  # the third seed alone is new
    # Trapezoids over log2 of 1, 2, 4, 6.
    assert curve.area == pytest.approx((0 + 0.5 + 0.585) / 2.585, abs=1e-3)


def test_no_training_rows(bench: Bench) -> None:
    task = bench.task()
    snapshot = bench.Snapshot(task, [], bench.rows(["a"]))
    with Ledger.open(bench.workspace) as ledger:
        curve = learning_curve(bench.workspace, task, snapshot, rote(bench, snapshot, []), ledger=ledger)
    assert (curve.points, curve.area) == ((), None)
