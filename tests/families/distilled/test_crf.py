from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from proveout.families.distilled import _crf
from proveout.families.distilled._crf import allowed_steps, fit_crf, tag

LABELS = ["B-a", "B-b", "I-a", "O"]
FEATURES = 5


def quiet(_stage: str, _done: int, _total: int) -> None:
    return None


def made(lengths: list[int], seed: int) -> tuple[Any, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    features = sparse.csr_array((rng.random((sum(lengths), FEATURES)) < 0.5).astype(np.float32))
    steps = rng.normal(size=(len(LABELS) + 1, len(LABELS)))
    return features, {"weights": rng.normal(size=(FEATURES, len(LABELS))).astype(np.float32), "steps": steps}


def every_path(scores: Any, steps: Any, allowed: Any) -> dict[tuple[int, ...], float]:
    """The probability of each sequence of labels, by going through all of them."""
    start, found = len(LABELS), {}
    for path in product(range(len(LABELS)), repeat=len(scores)):
        moves = list(pairwise((start, *path)))
        if all(allowed[move] for move in moves):
            found[path] = np.exp(
                sum(scores[at, code] for at, code in enumerate(path)) + sum(steps[move] for move in moves)
            )
    total = sum(found.values())
    return {path: float(value / total) for path, value in found.items()}


@settings(max_examples=25)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.integers(0, 99))
def test_it_finds_what_going_through_all_paths_finds(lengths: list[int], seed: int) -> None:
    features, arrays = made(lengths, seed)
    allowed = allowed_steps(LABELS)
    at = 0
    for length, found in zip(lengths, tag(features, lengths, arrays, allowed), strict=True):
        scores = features[at : at + length] @ arrays["weights"] if length else np.zeros((0, len(LABELS)))
        paths = every_path(scores, arrays["steps"], allowed)
        best = max(paths, key=lambda path: paths[path])
        assert tuple(found.codes) == best
        assert found.log_p == pytest.approx(np.log(paths[best]), abs=1e-5)
        single = [sum(p for path, p in paths.items() if path[step] == best[step]) for step in range(length)]
        assert found.marginals == pytest.approx(single, abs=1e-5)
        at += length


def test_slopes_are_those_of_the_likelihood() -> None:
    lengths = np.array([3, 1, 2, 3])
    features, arrays = made(lengths.tolist(), 1)
    allowed = allowed_steps(LABELS)
    codes = [np.array(one) for one in ([0, 2, 3], [3], [1, 3], [3, 0, 2])]
    layout = _crf._layout(np.cumsum([0, *lengths[:-1]]), lengths)
    truth, part = np.concatenate(codes)[layout.rows], features[layout.rows]

    def loss(weights: Any, steps: Any) -> float:
        at, total = 0, 0.0
        for one in codes:
            paths = every_path(features[at : at + len(one)] @ weights, steps, allowed)
            total -= np.log(paths[tuple(one.tolist())])
            at += len(one)
        return float(total)

    values = arrays["weights"].astype(np.float64), arrays["steps"]
    slopes = _crf._slopes(part, truth, layout, values, allowed)
    for which, slope in enumerate(slopes):
        for at in np.ndindex(slope.shape):
            moved = [value.copy() for value in values]
            moved[which][at] += 1e-5
            up = loss(*moved)
            moved[which][at] -= 2e-5
            assert slope[at] == pytest.approx((up - loss(*moved)) / 2e-5, abs=1e-4)


def test_it_learns_what_a_token_says_and_what_follows_it() -> None:
    rng = np.random.default_rng(0)
    codes = [rng.choice([0, 3], size=1 + at % 5) for at in range(200)]
    seen = np.concatenate(codes)
    features = sparse.csr_array(np.eye(4, dtype=np.float32)[seen])
    allowed = allowed_steps(LABELS)
    first, second = (fit_crf(features, codes, allowed, 1e-5, seed=0, progress=quiet) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    wide = {**first, "weights": first["weights"].astype(np.float32)}
    found = tag(features, [len(one) for one in codes], wide, allowed)
    assert np.array_equal(np.concatenate([one.codes for one in found]), seen)


def test_a_label_that_continues_nothing_is_never_given() -> None:
    features = sparse.csr_array(np.ones((3, 1), dtype=np.float32))
    wants_inside: dict[str, Any] = {"weights": np.array([[0, 0, 50, 0]], np.float32), "steps": np.zeros((5, 4))}
    assert tag(features, [3], wants_inside, allowed_steps(LABELS))[0].codes.tolist() == [0, 2, 2]


def test_long_and_empty_sequences() -> None:
    features, arrays = made([3000, 0], 2)
    long, empty = tag(features, [3000, 0], arrays, allowed_steps(LABELS))
    assert np.isfinite(long.log_p)
    assert (len(long.codes), len(empty.codes), empty.log_p) == (3000, 0, 0.0)
    assert tag(features[:0], [], arrays, allowed_steps(LABELS)) == []
