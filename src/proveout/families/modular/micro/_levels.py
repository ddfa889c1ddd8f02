"""Heads over labels: flat, or in two levels, first a domain and then a label within it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.families.distilled._head import best_head, centroids, log_probabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = np.ndarray[Any, Any]
    Progress = Callable[[str, int, int], None]
    Rows = tuple[Any, Sequence[str]]

__all__ = ["clustered", "fit_flat", "fit_two_levels", "level_log_probabilities"]

# With fewer labels a level above them has nothing to say.
LEAST_LABELS = 9


def level_log_probabilities(vectors: Any, arrays: Mapping[str, Array]) -> Array:
    """Log-probability of each label, shape (n, labels).

    With ``domain_weights`` among the arrays it is that of the label's domain plus that of the label within it, so that
    a text between two domains is sure of neither.

    Args:
        vectors: shape (n, d), dense or CSR.
        arrays: ``weights`` (labels, d) and ``bias`` (labels,); for two levels ``domain_weights`` (domains, d),
            ``domain_bias`` (domains,) and ``domain_of`` (labels,) as well.
    """
    if "domain_weights" not in arrays:
        return log_probabilities(vectors, arrays)
    above = log_probabilities(vectors, {"weights": arrays["domain_weights"], "bias": arrays["domain_bias"]})
    logits = np.asarray(vectors @ arrays["weights"].T, dtype=np.float64) + arrays["bias"]
    within = np.empty_like(logits)
    for domain in range(above.shape[1]):
        columns = np.flatnonzero(arrays["domain_of"] == domain)
        part = logits[:, columns]
        within[:, columns] = part - np.logaddexp.reduce(part, axis=1, keepdims=True)
    return np.asarray(above[:, arrays["domain_of"]] + within)


def fit_flat(rows: Rows, held: Rows, labels: Sequence[str], progress: Progress) -> dict[str, Array]:
    """One head over all labels; its regularisation is the best on ``held``.

    Args:
        rows: vectors of shape (n, d) and their labels, to fit.
        held: vectors of shape (m, d) and their labels, to choose on.
        labels: all labels, sorted.
        progress: called with a stage name, heads fitted and heads in all.
    """
    if len(labels) == 1:
        width = rows[0].shape[1]
        return {"weights": np.zeros((1, width), np.float32), "bias": np.zeros(1, np.float32)}
    arrays = best_head(rows, held, labels, progress)[1]
    return {name: arrays[name] for name in ("weights", "bias")}


def fit_two_levels(rows: Rows, held: Rows, domains: Mapping[str, str], progress: Progress) -> dict[str, Array]:
    """A head over domains, and one over the labels of each.

    Args:
        rows: vectors of shape (n, d) and their labels, to fit.
        held: vectors of shape (m, d) and their labels, to choose each head's regularisation on.
        domains: of each label.
        progress: called with a stage name, heads fitted and heads in all.
    """
    labels, names = sorted(domains), sorted(set(domains.values()))
    known = [at for at, label in enumerate(held[1]) if label in domains]
    held = (held[0][known], [held[1][at] for at in known])
    above = fit_flat(_raised(rows, domains), _raised(held, domains), names, progress)
    weights = np.zeros((len(labels), above["weights"].shape[1]), np.float32)
    bias = np.zeros(len(labels), np.float32)
    for domain in names:
        inside = [label for label in labels if domains[label] == domain]
        head = fit_flat(_within(rows, inside), _within(held, inside), inside, progress)
        at = [labels.index(label) for label in inside]
        weights[at], bias[at] = head["weights"], head["bias"]
    return {
        "weights": weights,
        "bias": bias,
        "domain_weights": above["weights"],
        "domain_bias": above["bias"],
        "domain_of": np.array([names.index(domains[label]) for label in labels], dtype=np.int64),
    }


def _raised(rows: Rows, domains: Mapping[str, str]) -> Rows:
    return rows[0], [domains[label] for label in rows[1]]


def _within(rows: Rows, labels: Sequence[str]) -> Rows:
    at = [row for row, label in enumerate(rows[1]) if label in set(labels)]
    return rows[0][at], [rows[1][row] for row in at]


def clustered(rows: Rows, labels: Sequence[str]) -> dict[str, str]:
    """A domain for each label, found by joining the labels whose mean vectors are nearest (average linkage, cosine).

    There are as many domains as the square root of the number of labels, which makes both levels alike in size; none
    where there are too few labels. A domain is named after its first label.

    Args:
        rows: vectors of shape (n, d) and their labels.
        labels: all labels, sorted.

    Example:
        >>> vectors = np.repeat(np.eye(3), 3, axis=0) + 0.1 * np.random.default_rng(0).random((9, 3))
        >>> sorted(set(clustered((vectors, list("abcdefghi")), list("abcdefghi")).values()))
        ['a', 'd', 'g']
    """
    if len(labels) < LEAST_LABELS:
        return {}
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415  needed when building only

    joined = linkage(centroids(*rows, labels).astype(np.float64), method="average", metric="cosine")
    groups = fcluster(joined, t=round(len(labels) ** 0.5), criterion="maxclust").tolist()
    first = {group: labels[groups.index(group)] for group in groups}
    return {label: first[group] for label, group in zip(labels, groups, strict=True)}
