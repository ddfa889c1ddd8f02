from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proveout.families._labels import Labelled
from proveout.families.distilled._noise import LEAST_ROWS, Suspect, confidently_wrong, suspect_rows
from proveout.task import Example

Array = np.ndarray[Any, Any]
LABELS = tuple(f"l{code}" for code in range(6))


def clouds(rows: int, seed: int = 0, noise: float = 0.25) -> tuple[Array, Array]:
    """Unit vectors that their label's centre tells apart, and the right codes."""
    rng = np.random.default_rng(seed)
    centres = np.linalg.qr(rng.normal(size=(16, len(LABELS))))[0].T
    codes = np.arange(rows * len(LABELS)) % len(LABELS)
    vectors = centres[codes] + noise * rng.normal(size=(len(codes), 16)) / 2
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), codes


def rows_of(codes: Array) -> Labelled:
    examples = [Example(id=f"r{row}", inputs={"text": f"t{row}"}) for row in range(len(codes))]
    labels = [LABELS[code] for code in codes]
    return Labelled([f"t{row}" for row in range(len(codes))], labels, examples, [], 0)


def spoiled(codes: Array, share: float, seed: int = 0) -> tuple[Array, set[str]]:
    """Labels of which a share is wrong, and the ids of those rows."""
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(codes), round(share * len(codes)), replace=False)
    given = codes.copy()
    given[wrong] = (codes[wrong] + rng.integers(1, len(LABELS), len(wrong))) % len(LABELS)
    return given, {f"r{row}" for row in wrong}


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_wrong_labels_are_found_and_few_right_ones_are_named(share: float) -> None:
    """Not all are found: a row less likely than its label's rows usually are is let be, which keeps precision high."""
    vectors, codes = clouds(60)
    given, wrong = spoiled(codes, share)
    found = suspect_rows(vectors, rows_of(given), LABELS, 10.0, seed=0)
    hits = {one.example for one in found} & wrong
    assert len(hits) / len(wrong) >= 0.8
    assert len(hits) / len(found) >= 0.95
    truth = {f"r{row}": LABELS[code] for row, code in enumerate(codes)}
    assert np.mean([one.suggested == truth[one.example] for one in found if one.example in wrong]) >= 0.95


def test_clean_rows_that_can_be_told_apart_have_no_suspects() -> None:
    vectors, codes = clouds(60)
    assert suspect_rows(vectors, rows_of(codes), LABELS, 10.0, seed=0) == ()


def test_suspects_come_worst_first_and_the_same_each_time() -> None:
    vectors, codes = clouds(40)
    given, _ = spoiled(codes, 0.2)
    found = suspect_rows(vectors, rows_of(given), LABELS, 10.0, seed=3)
    assert [one.margin for one in found] == sorted((one.margin for one in found), reverse=True)
    assert found == suspect_rows(vectors, rows_of(given), LABELS, 10.0, seed=3)
    labels = {example.id: label for example, label in zip(rows_of(given).examples, rows_of(given).labels, strict=True)}
    assert all(one.given == labels[one.example] != one.suggested for one in found)


def test_labels_of_few_rows_are_left_alone() -> None:
    vectors, codes = clouds(LEAST_ROWS - 1)
    given, _ = spoiled(codes, 0.2)
    given[:] = np.sort(given)[np.argsort(np.argsort(given, kind="stable"))]
    few = {code for code in range(len(LABELS)) if (given == code).sum() < LEAST_ROWS}
    found = suspect_rows(vectors, rows_of(given), LABELS, 10.0, seed=0)
    assert few
    assert all(one.given not in {LABELS[code] for code in few} for one in found)
    alone = np.zeros(LEAST_ROWS, dtype=int)
    assert suspect_rows(vectors[:LEAST_ROWS], rows_of(alone), LABELS, 10.0, seed=0) == ()


def test_a_likely_but_unconfident_label_is_no_suspicion() -> None:
    """Label 1's rows give it 0.9 on average: 0.6 is less than it is used to, so row 0 is let be."""
    p = np.array([[0.4, 0.6], [0.95, 0.05], [0.1, 0.9], [0.1, 0.9]])
    assert confidently_wrong(p, np.array([0, 0, 1, 1])) == []
    p[0] = [0.05, 0.95]
    ((row, other, margin),) = confidently_wrong(p, np.array([0, 0, 1, 1]))
    assert (row, other) == (0, 1)
    assert margin == pytest.approx(0.9)


def test_a_suspect_says_what_is_wrong() -> None:
    vectors, codes = clouds(20)
    given = codes.copy()
    given[0] = 1
    (found,) = suspect_rows(vectors, rows_of(given), LABELS, 10.0, seed=0)
    assert found == Suspect(example="r0", given="l1", suggested="l0", margin=found.margin)
    assert 0.3 < found.margin <= 1
