"""How good a candidate's search is: Recall@k, nDCG@10 and MRR of the evidence it ranks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from proveout.trial._comparison import Ranking
from proveout.trial._estimates import mean
from proveout.trial._latency import latency_figures
from proveout.trial._scored import label_of
from proveout.trial._texts import is_relevant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.task import Answer, Evidence, Example, Task
    from proveout.trial._scored import Floats, Ints

__all__ = ["Ranked", "document_ranks", "label_ranks", "ndcg", "ranking_of", "recall", "reciprocal_rank"]

DEPTH = 10
RETRIEVE = "retrieve"


class Ranked(NamedTuple):
    """Which of the things ranked are relevant, for n queries.

    Attributes:
        relevant: shape (n, k), best first; False beyond what was ranked.
        wanted: relevant things that recall asks for, shape (n,), at least 1.
        ideal: relevant things that a perfect ranking would begin with, shape (n,), at least 1.
    """

    relevant: Ints
    wanted: Ints
    ideal: Ints


def recall(ranked: Ranked, depth: int) -> Floats:
    """Share of the wanted things among the first ``depth``, for each query.

    Example:
        >>> import numpy as np
        >>> ranked = Ranked(np.array([[False, True], [False, False]]), np.array([1, 1]), np.array([1, 1]))
        >>> recall(ranked, 1).tolist(), recall(ranked, 2).tolist()
        ([0.0, 0.0], [1.0, 0.0])
    """
    hits = ranked.relevant[:, :depth].sum(axis=1)
    return np.asarray(np.minimum(hits, ranked.wanted) / ranked.wanted)


def ndcg(ranked: Ranked, depth: int) -> Floats:
    """Normalised discounted cumulative gain of the first ``depth``, for each query; a relevant thing gains 1.

    The discount is log2 of rank + 1, counted from 1 (Järvelin and Kekäläinen, ACM TOIS 20 (2002) 422-446, in the form
    of trec_eval).

    Example:
        >>> import numpy as np
        >>> ndcg(Ranked(np.array([[False, True]]), np.array([1]), np.array([1])), 10).round(3).tolist()
        [0.631]
    """
    discounts = 1 / np.log2(np.arange(2, max(depth, ranked.relevant.shape[1]) + 2))
    gained = ranked.relevant[:, :depth] @ discounts[: ranked.relevant[:, :depth].shape[1]]
    best = np.cumsum(discounts)[np.minimum(ranked.ideal, depth) - 1]
    return np.asarray(np.minimum(1.0, gained / best))


def reciprocal_rank(ranked: Ranked) -> Floats:
    """One over the rank of the first relevant thing, 0 without one (Voorhees, TREC-8, 1999), for each query.

    Example:
        >>> import numpy as np
        >>> reciprocal_rank(Ranked(np.array([[False, True], [False, False]]), np.ones(2), np.ones(2))).tolist()
        [0.5, 0.0]
    """
    rows, depth = ranked.relevant.shape
    found = ranked.relevant.any(axis=1)
    first = ranked.relevant.argmax(axis=1) if depth else np.zeros(rows)
    return np.where(found, 1 / (first + 1), 0.0)


def document_ranks(examples: Sequence[Example], answers: Sequence[Answer]) -> Ranked:
    """Cited documents in order, each counted once at its best rank; relevant are those that the row names.

    Rows that name none are left out; a row without a citation found nothing.
    """
    rows = [(one, answer.evidence) for one, answer in zip(examples, answers, strict=True) if one.relevant]
    lists = [[is_relevant(name, one.relevant) for name in _documents(evidence)] for one, evidence in rows]
    counts = np.array([len(set(one.relevant)) for one, _ in rows], dtype=np.int64)
    return Ranked(_padded(lists), counts, counts)


def _documents(evidence: Evidence) -> list[str]:
    return list(dict.fromkeys(cited.document for cited in evidence.citations))


def label_ranks(
    task: Task, examples: Sequence[Example], answers: Sequence[Answer], learned: Sequence[Example]
) -> Ranked:
    """Neighbours in order; relevant are those of the expected label. Out-of-scope rows are left out.

    Recall asks for one of them, as in metric learning (Jégou et al., IEEE TPAMI 33 (2011) 117-128); a perfect ranking
    begins with all rows of that label in ``learned``.
    """
    labels = [label_of(task, one.expected) for one in examples]
    kept = [at for at, label in enumerate(labels) if label is not None and label != (task.out_of_scope or None)]
    known = Counter(label_of(task, one.expected) for one in learned)
    lists = [[label_of(task, near.output) == labels[at] for near in answers[at].evidence.neighbours] for at in kept]
    ideal = np.array([max(1, known[labels[at]]) for at in kept], dtype=np.int64)
    return Ranked(_padded(lists), np.ones(len(kept), dtype=np.int64), ideal)


def _padded(lists: Sequence[Sequence[bool]]) -> Ints:
    relevant = np.zeros((len(lists), max((len(one) for one in lists), default=0)), dtype=bool)
    for row, one in enumerate(lists):
        relevant[row, : len(one)] = one
    return relevant


def ranking_of(
    task: Task,
    examples: Sequence[Example],
    answers: Sequence[Answer],
    *,
    learned: Sequence[Example],
    seed: int,
    measured: bool,
) -> Ranking | None:
    """The figures of a candidate whose answers carry ranked evidence; None for one whose answers carry none.

    Documents are ranked where the rows name the relevant ones, else labelled neighbours.

    Args:
        task: of any kind.
        examples: labelled rows.
        answers: one a row.
        learned: rows the neighbours come from.
        seed: of resampling.
        measured: whether the candidate was run here and not replayed.
    """
    evidence = [answer.evidence for answer in answers]
    by_document = any(one.relevant for one in examples) and any(one.citations for one in evidence)
    if not by_document and not any(one.neighbours for one in evidence):
        return None
    ranked = document_ranks(examples, answers) if by_document else label_ranks(task, examples, answers, learned)
    seconds = [took for one in evidence if (took := _retrieval_seconds(one)) is not None]
    figures: dict[str, Any] = {f"recall_at_{depth}": mean(recall(ranked, depth), seed) for depth in (1, 5, 10)}
    return Ranking(
        of="documents" if by_document else "neighbours",
        **figures,
        ndcg_at_10=mean(ndcg(ranked, DEPTH), seed),
        mrr=mean(reciprocal_rank(ranked), seed),
        retrieval_ms=latency_figures(np.array(seconds) * 1000, measured=measured) if seconds else None,
    )


def _retrieval_seconds(evidence: Evidence) -> float | None:
    steps = [step.wall_seconds for step in evidence.trace if step.name == RETRIEVE]
    return sum(steps) if steps else None
