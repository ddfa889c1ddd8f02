"""Rows whose label is probably wrong: confident learning (Northcutt, Jiang, Chuang 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families.distilled._head import fit_head, log_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families._labels import Labelled

    Array = np.ndarray[Any, Any]

__all__ = ["Suspect", "confidently_wrong", "suspect_rows"]

FOLDS = 3
# Fewer rows a label than folds leave a fold that cannot learn it.
LEAST_ROWS = 2 * FOLDS


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose label the rows like it contradict.

    Attributes:
        example: id of the row.
        given: the label it has.
        suggested: the label that held-out models give it.
        margin: how much likelier the suggested label is, from 0 to 1.
    """

    example: str
    given: str
    suggested: str
    margin: float


def suspect_rows(
    vectors: Any, rows: Labelled, labels: Sequence[str], strength: float, seed: int
) -> tuple[Suspect, ...]:
    """Rows that three-fold held-out heads confidently give another label, worst first.

    Args:
        vectors: of the rows, shape (n, d), dense or CSR.
        rows: texts, labels and examples.
        labels: all labels, sorted.
        strength: inverse regularisation of the heads.
        seed: of the folds.
    """
    given = np.array([labels.index(label) for label in rows.labels], dtype=int)
    plenty = np.bincount(given, minlength=len(labels))[given] >= LEAST_ROWS
    kept = np.flatnonzero(plenty)
    if len(np.unique(given[kept])) < 2:  # noqa: PLR2004  one label cannot be taken for another
        return ()
    probability = _held_out(vectors[kept], given[kept], len(labels), strength, seed)
    found = confidently_wrong(probability, given[kept])
    return tuple(
        Suspect(
            example=rows.examples[kept[row]].id,
            given=labels[given[kept[row]]],
            suggested=labels[other],
            margin=round(margin, 4),
        )
        for row, other, margin in found
    )


def confidently_wrong(probability: Array, given: Array) -> list[tuple[int, int, float]]:
    """Off-diagonal rows of the confident joint: (row, likelier label, margin), widest margin first.

    A row counts for a label when its probability reaches the mean probability that rows of that label give it.

    Args:
        probability: held-out probabilities, shape (n, labels).
        given: label codes, shape (n,).

    Example:
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.95, 0.05]])
        >>> [(row, other) for row, other, _ in confidently_wrong(p, np.array([0, 0, 1, 1]))]
        [(3, 0)]
    """
    rows = np.arange(len(given))
    own = probability[rows, given]
    counts = np.bincount(given, minlength=probability.shape[1])
    usual = np.bincount(given, weights=own, minlength=probability.shape[1]) / np.maximum(counts, 1)
    confident = np.where((probability >= usual) & (counts > 0), probability, 0.0)
    other = confident.argmax(axis=1)
    wrong = np.flatnonzero((confident.max(axis=1) > 0) & (other != given))
    margins = probability[wrong, other[wrong]] - own[wrong]
    order = np.argsort(-margins, kind="stable")
    return [(int(wrong[at]), int(other[wrong[at]]), float(margins[at])) for at in order]


def _held_out(vectors: Any, given: Array, labels: int, strength: float, seed: int) -> Array:
    """Probability of each label for each row, from a head that did not see the row; shape (n, labels)."""
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415  needed when building only

    probability = np.zeros((len(given), labels))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for fitted, held in folds.split(np.zeros(len(given)), given):
        known = np.unique(given[fitted])
        head = fit_head(vectors[fitted], given[fitted], strength)
        probability[np.ix_(held, known)] = np.exp(log_probabilities(vectors[held], head))
    return probability
