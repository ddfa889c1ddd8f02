from __future__ import annotations

import numpy as np
import pytest

from proveout.families.distilled._head import REGULARISATION, STRONGER, best_head, judge

LABELS = ("maybe", "no", "yes")
CALLS = list[tuple[str, int, int]]


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def noise(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Vectors that say nothing of their label; more than half are yes."""
    rng = np.random.default_rng(seed)
    return unit(rng.normal(size=(count, 64))), rng.choice(LABELS, size=count, p=(0.15, 0.3, 0.55)).tolist()


def signal(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=count)
    centres = np.eye(3, 64)[codes]
    return unit(centres + 0.05 * rng.normal(size=(count, 64))), [LABELS[code] for code in codes]


def share_right(vectors: np.ndarray, labels: list[str], arrays: dict[str, np.ndarray]) -> float:
    return float(
        np.mean([LABELS[code] == label for code, label in zip(judge(vectors, arrays)[0], labels, strict=True)])
    )


def test_vectors_that_say_nothing_are_regularised_until_the_most_frequent_label_is_no_worse() -> None:
    rows, held, fresh = noise(300, 0), noise(200, 1), noise(1000, 2)
    strength, arrays = best_head(rows, held, LABELS, lambda *_: None)
    majority = fresh[1].count("yes") / len(fresh[1])
    assert strength in STRONGER
    assert share_right(*fresh, arrays) > majority - 0.02


def test_vectors_that_tell_the_labels_apart_are_not_regularised_more() -> None:
    calls: CALLS = []
    strength, _ = best_head(signal(300, 0), signal(200, 1), LABELS, lambda *call: calls.append(call))
    assert strength in REGULARISATION
    assert calls[-1] == ("fitting the head", len(REGULARISATION), len(REGULARISATION))


@pytest.mark.parametrize("held", [(np.zeros((0, 64), dtype=np.float32), []), (noise(3, 1)[0], ["other"] * 3)])
def test_without_rows_that_can_tell_nothing_more_is_tried(held: tuple[np.ndarray, list[str]]) -> None:
    calls: CALLS = []
    strength, _ = best_head(noise(60, 0), held, LABELS, lambda *call: calls.append(call))
    assert strength == REGULARISATION[0]
    assert len(calls) == len(REGULARISATION) + 1


def test_progress_never_goes_back() -> None:
    calls: CALLS = []
    best_head(noise(300, 0), noise(200, 1), LABELS, lambda *call: calls.append(call))
    done = [one for _, one, _ in calls]
    assert done == sorted(done)
    assert all(one <= total for _, one, total in calls)
    assert calls[-1][1] == calls[-1][2] > len(REGULARISATION)
