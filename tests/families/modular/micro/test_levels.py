from __future__ import annotations

import numpy as np
import pytest

from proveout.families.modular.micro._levels import clustered, fit_flat, fit_two_levels, level_log_probabilities


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


LABELS = list("abcdef")
DOMAINS = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "y", "f": "z"}


def points(seed: int, rows: int) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    names = [LABELS[at % 6] for at in range(rows)]
    vectors = np.eye(6)[[LABELS.index(name) for name in names]] + 0.2 * rng.normal(size=(rows, 6))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), names


@pytest.mark.parametrize("seed", [0, 1])
def test_both_levels_give_probabilities_over_all_labels(seed: int) -> None:
    rows, held = points(seed, 60), points(seed + 100, 30)
    arrays = fit_two_levels(rows, held, DOMAINS, quiet)
    p = np.exp(level_log_probabilities(held[0], arrays))
    assert p.shape == (30, 6)
    assert np.allclose(p.sum(axis=1), 1.0)
    assert np.mean([LABELS[at] == name for at, name in zip(p.argmax(axis=1), held[1], strict=True)]) > 0.9


def test_a_label_alone_in_its_domain_is_as_likely_as_the_domain() -> None:
    arrays = fit_two_levels(points(0, 60), points(1, 30), DOMAINS, quiet)
    p = np.exp(level_log_probabilities(points(2, 10)[0], arrays))
    above = {name: arrays[f"domain_{name}"] for name in ("weights", "bias")}
    assert np.allclose(p[:, 5], np.exp(level_log_probabilities(points(2, 10)[0], above))[:, 2])


def test_a_held_out_label_that_no_row_has_is_left_aside() -> None:
    vectors, names = points(1, 30)
    arrays = fit_two_levels(points(0, 60), (vectors, ["?", *names[1:]]), DOMAINS, quiet)
    assert np.isfinite(level_log_probabilities(vectors, arrays)).all()


def test_one_label_needs_no_head() -> None:
    arrays = fit_flat((np.eye(3), ["a"] * 3), (np.eye(3), ["a"] * 3), ["a"], quiet)
    assert level_log_probabilities(np.eye(3), arrays).tolist() == [[0.0]] * 3


def test_labels_that_are_alike_share_a_group() -> None:
    rng = np.random.default_rng(0)
    labels = [f"{group}{at}" for group in "abc" for at in range(3)]
    vectors = np.repeat(np.eye(3), 3, axis=0) + 0.1 * rng.random((9, 3))
    found = clustered((vectors, labels), labels)
    assert {label: group[0] for label, group in found.items()} == {label: label[0] for label in labels}
    assert clustered((vectors[:4], labels[:4]), labels[:4]) == {}
