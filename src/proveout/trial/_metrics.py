"""Metrics by name and kind: each turns scored rows into an `Estimate`, or None where it is not defined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout._registry import Registry
from proveout.errors import MetricUnknown
from proveout.trial._estimates import Estimate, share
from proveout.trial._intervals import macro_f1_interval

if TYPE_CHECKING:
    from proveout.task import Kind
    from proveout.trial._scored import Ints, Scored, ScoredRows

__all__ = ["EVERY_KIND", "ClassQuality", "Confusion", "Metric", "class_quality", "confusion", "metric", "metrics"]

MATRIX_LABELS = 20
TOP_PAIRS = 20

Metric = Callable[[Any], Estimate | None]
metrics: Registry[Metric] = Registry("metric", group="proveout.metrics", missing=MetricUnknown)
extract_metrics: Registry[Metric] = Registry("metric", group="proveout.extract_metrics", missing=MetricUnknown)
answer_metrics: Registry[Metric] = Registry("metric", group="proveout.answer_metrics", missing=MetricUnknown)
LABEL_KINDS: tuple[Kind, ...] = ("classify", "decide")
EVERY_KIND: tuple[Kind, ...] = (*LABEL_KINDS, "extract", "answer")
REGISTRIES: dict[Kind, Registry[Metric]] = {
    **dict.fromkeys(LABEL_KINDS, metrics),
    "extract": extract_metrics,
    "answer": answer_metrics,
}


def metric(name: str, *kinds: Kind) -> Callable[[Metric], Metric]:
    """Register a metric under ``name``: it appears under that name in ``quality`` of every comparison of its kinds.

    A metric of ``classify`` and ``decide``, which are meant when no kind is named, takes `Scored`; one of ``extract``
    takes `ScoredFields`; one of ``answer`` takes `ScoredTexts`.

    Example:
        >>> metrics.create("accuracy") is accuracy
        True
    """

    def decorate(function: Metric) -> Metric:
        def factory() -> Metric:
            return function

        for kind in kinds or LABEL_KINDS:
            REGISTRIES[kind].register(name)(factory)
        return function

    return decorate


@metric("accuracy", *EVERY_KIND)
def accuracy(scored: ScoredRows) -> Estimate | None:
    """Share of in-scope rows right with nothing rejected."""
    return share(scored.guessed_right[scored.in_scope])


@metric("accuracy_at_threshold", *EVERY_KIND)
def accuracy_at_threshold(scored: ScoredRows) -> Estimate | None:
    """Share of in-scope rows right as served: an abstention counts as wrong."""
    return share(scored.served_right[scored.in_scope])


@metric("accuracy_all_rows", *EVERY_KIND)
def accuracy_all_rows(scored: ScoredRows) -> Estimate | None:
    """Share of all rows right as served: an out-of-scope row is right when rejected."""
    return share(scored.served_right)


@metric("accuracy_answered", *EVERY_KIND)
def accuracy_answered(scored: ScoredRows) -> Estimate | None:
    """Share right among the rows it answered."""
    return share(scored.served_right[~scored.rejected])


@metric("coverage", *EVERY_KIND)
def coverage(scored: ScoredRows) -> Estimate | None:
    """Share of all rows answered: neither abstained on nor labelled out of scope."""
    return share(~scored.rejected)


@metric("out_of_scope_recall", *EVERY_KIND)
def out_of_scope_recall(scored: ScoredRows) -> Estimate | None:
    """Share of out-of-scope rows rejected; None without such rows."""
    return share(scored.rejected[~scored.in_scope])


@metric("out_of_scope_precision", *EVERY_KIND)
def out_of_scope_precision(scored: ScoredRows) -> Estimate | None:
    """Share of rejected rows that are out of scope; None when nothing can be out of scope or nothing is rejected."""
    return share(~scored.in_scope[scored.rejected]) if scored.has_scope else None


@metric("macro_f1")
def macro_f1(scored: Scored) -> Estimate | None:
    """Mean F1 over the expected labels of in-scope rows, with nothing rejected."""
    kept = scored.rows(scored.in_scope)
    found = macro_f1_interval(kept.truth, kept.guess, seed=scored.seed)
    return None if found is None else Estimate(*found, len(kept.truth))


class ClassQuality(msgspec.Struct, frozen=True):
    """Precision, recall and F1 of one label, and how many rows expect it."""

    label: str
    precision: float
    recall: float
    f1: float
    n: int


def class_quality(scored: Scored) -> tuple[ClassQuality, ...]:
    """Per label that in-scope rows expect, with nothing rejected.

    Example:
        >>> import numpy as np
        >>> from proveout.trial import Scored
        >>> two = np.array([0, 1])
        >>> [c.f1 for c in class_quality(Scored(labels=("a", "b"), truth=two, guess=two, output=two, confidence=two))]
        [1.0, 1.0]
    """
    from sklearn.metrics import precision_recall_fscore_support  # noqa: PLC0415  a second, and few commands need it

    kept = scored.rows(scored.in_scope)
    codes = np.unique(kept.truth)
    if not len(codes):
        return ()
    columns = precision_recall_fscore_support(kept.truth, kept.guess, labels=codes, average=None, zero_division=0.0)
    return tuple(
        ClassQuality(scored.labels[code], float(p), float(r), float(f), int(n))
        for code, p, r, f, n in zip(codes, *columns, strict=True)
    )


class Pair(msgspec.Struct, frozen=True):
    """A label answered for another one, and how often."""

    expected: str
    answered: str
    count: int


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """Which labels are taken for which, over in-scope rows with nothing rejected.

    Attributes:
        labels: rows and columns of ``counts``; empty when there are more than 20.
        counts: rows are expected, columns answered.
        pairs: the most frequent confusions.
    """

    labels: tuple[str, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    pairs: tuple[Pair, ...] = ()


def confusion(scored: Scored) -> Confusion:
    """Count confusions; rows without a guess are left out.

    Example:
        >>> import numpy as np
        >>> from proveout.trial import Scored
        >>> truth, guess = np.array([0, 0, 1]), np.array([0, 1, 1])
        >>> confusion(Scored(labels=("a", "b"), truth=truth, guess=guess, output=guess, confidence=guess)).counts
        ((1, 1), (0, 1))
    """
    kept = scored.rows(scored.in_scope & (scored.guess >= 0))
    cells, counts = np.unique(np.stack([kept.truth, kept.guess]), axis=1, return_counts=True)
    order = np.lexsort((cells[1], cells[0], -counts))
    wrong = [index for index in order if cells[0, index] != cells[1, index]][:TOP_PAIRS]
    names = scored.labels
    pairs = tuple(Pair(names[cells[0, i]], names[cells[1, i]], int(counts[i])) for i in wrong)
    used = np.unique(cells)
    if len(used) > MATRIX_LABELS:
        return Confusion(pairs=pairs)
    matrix = np.zeros((len(used), len(used)), dtype=np.int64)
    matrix[np.searchsorted(used, cells[0]), np.searchsorted(used, cells[1])] = counts
    return Confusion(labels=tuple(names[code] for code in used), counts=_tuples(matrix), pairs=pairs)


def _tuples(matrix: Ints) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in matrix)
