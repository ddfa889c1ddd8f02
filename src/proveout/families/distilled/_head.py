"""A calibrated linear head over unit vectors, and the score that rejects what is out of scope."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = np.ndarray[Any, Any]
    Arrays = Mapping[str, Array]
    Progress = Callable[[str, int, int], None]

__all__ = [
    "Judged",
    "best_head",
    "best_scale",
    "centroids",
    "fit_head",
    "judge",
    "log_loss",
    "log_probabilities",
    "with_names",
]

REGULARISATION = (3.0, 10.0, 30.0, 100.0)
# Tried while the smallest so far is the best: where the vectors say little of the label, or labels are noisy, 3.0 fits
# noise and is right less often than the most frequent label.
STRONGER = (1.0, 0.3, 0.1, 0.03)
ITERATIONS = 1000
SCALES = (1.0, 1.25, 1.5, 2.0, 3.0)
# How much the nearest centroid's cosine counts beside the log-probability when judging what is out of scope; found on
# held-out rows of CLINC150's train file.
FAMILIARITY = 8.0

Judged = tuple["Array", "Array", "Array"]


def log_probabilities(vectors: Any, arrays: Arrays) -> Array:
    """Log-probability of each label, shape (n, labels).

    Args:
        vectors: shape (n, d), dense or CSR.
        arrays: ``weights`` (labels, d) and ``bias`` (labels,).
    """
    logits = np.asarray(vectors @ arrays["weights"].T, dtype=np.float64) + arrays["bias"]
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


def judge(vectors: Any, arrays: Arrays, log_p: Array | None = None) -> Judged:
    """The head's guess for each vector.

    Args:
        vectors: shape (n, d), dense or CSR.
        arrays: ``weights`` (labels, d), ``bias`` (labels,), ``centroids`` (labels, d).
        log_p: what `log_probabilities` gave, when it is known already.

    Returns:
        Three arrays of shape (n,): index of the label; log-odds of its probability; the score that rejects.
    """
    if vectors.shape[0] == 0:
        return np.zeros(0, dtype=int), np.zeros(0), np.zeros(0)
    log_p = log_probabilities(vectors, arrays) if log_p is None else log_p
    best = np.minimum(log_p.max(axis=1), -1e-9)
    nearest = np.asarray(vectors @ arrays["centroids"].T, dtype=np.float64).max(axis=1)
    return log_p.argmax(axis=1), best - np.log(-np.expm1(best)), best + FAMILIARITY * nearest


def best_head(
    rows: tuple[Any, Sequence[str]], held: tuple[Any, Sequence[str]], labels: Sequence[str], progress: Progress
) -> tuple[float, dict[str, Array]]:
    """The regularisation with the lowest log loss on held-out rows, and its head.

    A stronger one than the usual is tried only while the strongest so far is the best.

    Args:
        rows: vectors of shape (n, d) and their labels, to fit.
        held: vectors of shape (m, d) and their labels, to choose on.
        labels: all labels, sorted.
        progress: called with a stage name, heads fitted and heads in all.
    """
    truth = np.array([labels.index(label) if label in labels else -1 for label in held[1]], dtype=int)
    means = centroids(*rows, labels)
    heads: list[tuple[float, float, dict[str, Array]]] = []
    for done, strength in enumerate((*REGULARISATION, *STRONGER)):
        if strength in STRONGER and not _worth_more(heads, truth):
            break
        progress("fitting the head", done, max(done + 1, len(REGULARISATION)))
        arrays = {**fit_head(*rows, strength), "centroids": means}
        heads.append((log_loss(held[0], truth, arrays), strength, arrays))
    progress("fitting the head", len(heads), len(heads))
    _, strength, arrays = min(heads, key=lambda head: head[0])
    return strength, arrays


def with_names(
    rows: tuple[Any, Sequence[str]],
    held: tuple[Any, Sequence[str]],
    labels: Sequence[str],
    names: Any,
    best: tuple[float, dict[str, Array]],
) -> dict[str, Array] | None:
    """The best head fitted again with each label's name as one more row; None unless it lowers the held-out log loss.

    Args:
        rows: vectors of shape (n, d) and their labels, to fit.
        held: vectors of shape (m, d) and their labels, to choose on.
        labels: all labels, sorted.
        names: vectors of the labels' names, in that order, shape (labels, d).
        best: what `best_head` gave.
    """
    strength, arrays = best
    truth = np.array([labels.index(label) if label in labels else -1 for label in held[1]], dtype=int)
    stack = sparse.vstack if sparse.issparse(names) else np.concatenate
    named = fit_head(stack([rows[0], names]), [*rows[1], *labels], strength)
    is_better = log_loss(held[0], truth, named) < log_loss(held[0], truth, arrays)
    return {**named, "centroids": arrays["centroids"]} if is_better else None


def _worth_more(heads: Sequence[tuple[float, float, dict[str, Array]]], truth: Array) -> bool:
    """Whether the most regularised head so far is the best, on rows that can tell."""
    best = min(heads, key=lambda head: head[0])[1]
    return bool((truth >= 0).any()) and best == min(strength for _, strength, _ in heads)


def fit_head(vectors: Any, labels: Any, strength: float) -> dict[str, Array]:
    """Multinomial logistic regression with inverse regularisation ``strength``, rows in the order of sorted labels."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  needed when building only

    with warnings.catch_warnings():
        # One row of each label is a rightful beginning of a learning curve.
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%", UserWarning)
        head = LogisticRegression(C=strength, max_iter=ITERATIONS).fit(vectors, labels)
    weights, bias = head.coef_, head.intercept_
    if len(head.classes_) == 2:  # noqa: PLR2004  scikit-learn keeps one row for two labels
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}


def best_scale(head: Arrays, vectors: Array, truth: Array) -> tuple[float, float, dict[str, Array]]:
    """The temperature scaling of a trained head with the lowest log loss on held-out rows (Guo et al. 2017).

    Args:
        head: ``weights`` (labels, d) and ``bias`` (labels,).
        vectors: shape (m, d).
        truth: index of each row's label, shape (m,); -1 where the head does not know it.

    Returns:
        The log loss, the scale (inverse temperature), and the scaled head.

    Example:
        >>> head = {"weights": np.eye(2, dtype=np.float32), "bias": np.zeros(2, dtype=np.float32)}
        >>> best_scale(head, np.eye(2), np.array([0, 1]))[1]
        3.0
    """
    scaled = [(scale, {"weights": head["weights"] * scale, "bias": head["bias"] * scale}) for scale in SCALES]
    return min(
        ((log_loss(vectors, truth, arrays), scale, arrays) for scale, arrays in scaled), key=lambda found: found[0]
    )


def centroids(vectors: Any, names: Sequence[str], labels: Sequence[str]) -> Array:
    """Unit mean vector of each label, shape (labels, d)."""
    names_array = np.array(names)
    sums = [np.asarray(vectors[np.flatnonzero(names_array == label)].mean(axis=0)).ravel() for label in labels]
    means = np.stack(sums)
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(norms, 1e-12), dtype=np.float32)


def log_loss(vectors: Any, truth: Array, arrays: Arrays) -> float:
    """Mean negative log-probability of the truth, over rows whose truth is not -1; 0 when there are none."""
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return 0.0
    return float(-log_probabilities(vectors[known], arrays)[np.arange(len(known)), truth[known]].mean())
