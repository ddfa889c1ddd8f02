from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from proveout.families.distilled._head import FAMILIARITY, REGULARISATION, best_head, fit_head, judge, log_probabilities

Array = np.ndarray[Any, Any]


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def clouds(seed: int, labels: int, rows: int, width: int = 8, noise: float = 0.3) -> tuple[Array, list[str]]:
    """Unit vectors around one centre a label; the centres are the same for every seed."""
    centres = np.random.default_rng(99).normal(size=(labels, width))
    rng = np.random.default_rng(seed)
    codes = np.arange(labels * rows) % labels
    vectors = centres[codes] + noise * rng.normal(size=(len(codes), width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), [f"l{code}" for code in codes]


def heads(seed: int, labels: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    shapes = {"weights": (labels, 4), "bias": (labels,), "centroids": (labels, 4)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 10))
def test_probabilities_sum_to_one_and_the_guess_is_the_likeliest(seed: int, labels: int, rows: int) -> None:
    arrays = heads(seed, labels)
    vectors = np.random.default_rng(seed + 1).normal(size=(rows, 4)).astype(np.float32)
    log_p = log_probabilities(vectors, arrays)
    assert np.exp(log_p).sum(axis=1) == pytest.approx(1)
    guess, sureness, score = judge(vectors, arrays)
    p = np.minimum(np.exp(log_p.max(axis=1)), 1 - 1e-9)
    assert guess.tolist() == log_p.argmax(axis=1).tolist()
    assert sureness == pytest.approx(np.log(p) - np.log1p(-p), rel=1e-4, abs=1e-4)
    nearest = (vectors @ arrays["centroids"].T).max(axis=1)
    assert score == pytest.approx(np.log(p) + FAMILIARITY * nearest, rel=1e-4, abs=1e-4)


@given(st.integers(0, 2**32 - 1))
def test_sparse_vectors_are_judged_like_dense_ones(seed: int) -> None:
    arrays = heads(seed, 3)
    vectors = np.random.default_rng(seed).normal(size=(5, 4)).astype(np.float32)
    for dense, thin in zip(judge(vectors, arrays), judge(sparse.csr_matrix(vectors), arrays), strict=True):
        assert dense == pytest.approx(thin, rel=1e-5, abs=1e-5)


def test_a_certain_guess_stays_finite() -> None:
    arrays = {"weights": np.eye(2, dtype=np.float32) * 1e4, "bias": np.zeros(2, np.float32), "centroids": np.eye(2)}
    guess, sureness, score = judge(np.eye(2, dtype=np.float32), arrays)
    assert guess.tolist() == [0, 1]
    assert np.isfinite(sureness).all()
    assert np.isfinite(score).all()


def test_nothing_is_judged_as_nothing() -> None:
    assert [len(part) for part in judge(np.zeros((0, 4)), heads(0, 3))] == [0, 0, 0]


@pytest.mark.parametrize("labels", [2, 3])
def test_the_head_gives_scikit_learns_probabilities(labels: int) -> None:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  the judge of this test only

    vectors, names = clouds(0, labels, 30)
    found = np.exp(log_probabilities(vectors, fit_head(vectors, names, 3.0)))
    wanted = LogisticRegression(C=3.0, max_iter=1000).fit(vectors, names).predict_proba(vectors)
    assert found == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("labels", [2, 5])
def test_the_best_head_is_the_one_with_the_lowest_loss_on_held_out_rows(labels: int) -> None:
    rows, held = clouds(0, labels, 10, noise=0.8), clouds(1, labels, 30, noise=0.8)
    names = sorted(set(rows[1]))
    seen: list[tuple[int, int]] = []
    strength, arrays = best_head(rows, held, names, lambda _stage, done, total: seen.append((done, total)))
    truth = np.array([names.index(name) for name in held[1]])

    def loss(one: dict[str, Array]) -> float:
        return float(-log_probabilities(held[0], one)[np.arange(len(truth)), truth].mean())

    losses = {one: loss(fit_head(*rows, one)) for one in REGULARISATION}
    assert strength == min(losses, key=losses.__getitem__)
    assert loss(arrays) == pytest.approx(losses[strength])
    assert arrays["centroids"].shape == (labels, 8)
    assert np.linalg.norm(arrays["centroids"], axis=1) == pytest.approx(1)
    assert seen[-1] == (len(REGULARISATION), len(REGULARISATION))


def test_held_out_labels_that_were_never_learned_do_not_choose() -> None:
    rows, held = clouds(0, 2, 10), clouds(1, 2, 10)
    with_stranger = (np.concatenate([held[0], held[0][:1]]), [*held[1], "stranger"])
    nothing: tuple[Array, list[str]] = (held[0][:0], [])
    for other in (with_stranger, nothing):
        strength, arrays = best_head(rows, other, ["l0", "l1"], quiet)
        assert strength in REGULARISATION
        assert arrays["weights"].shape == (2, 8)
    assert best_head(rows, with_stranger, ["l0", "l1"], quiet)[0] == best_head(rows, held, ["l0", "l1"], quiet)[0]
