from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from proveout.task import Answer, Citation, Evidence, Example, Neighbour, Step, Task
from proveout.trial._ranking import Ranked, document_ranks, label_ranks, ndcg, ranking_of, recall, reciprocal_rank

TASK = Task(name="t", kind="classify", input={}, output={}, target="y", out_of_scope="oos")
DOCUMENTS = [f"d/{number}.md" for number in range(14)]


def answered(*documents: str, trace: tuple[Step, ...] = ()) -> Answer:
    cited = tuple(Citation(document=name, fingerprint="f", start=0, end=1) for name in documents)
    return Answer(output={"y": "a"}, confidence=0.5, evidence=Evidence(citations=cited, trace=trace))


def asked(*relevant: str) -> Example:
    return Example(id="1", inputs={}, expected={"y": "a"}, relevant=relevant)


def near(*labels: str) -> Answer:
    found = tuple(Neighbour(example="1", fingerprint="f", similarity=0.5, output={"y": label}) for label in labels)
    return Answer(output={"y": "a"}, confidence=0.5, evidence=Evidence(neighbours=found))


def naive(ranking: list[str], relevant: set[str], depth: int) -> tuple[float, float, float]:
    """Recall and nDCG at ``depth`` and the reciprocal rank, by loops over the definitions."""
    once: list[str] = []
    for name in ranking:
        if name not in once:
            once.append(name)
    found = [name for name in once[:depth] if name in relevant]
    gained = sum(1 / math.log2(rank + 1) for rank, name in enumerate(once[:depth], start=1) if name in relevant)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(depth, len(relevant)) + 1))
    first = next((rank for rank, name in enumerate(once, start=1) if name in relevant), None)
    return len(found) / len(relevant), gained / best, 0.0 if first is None else 1 / first


QUERY = st.tuples(st.lists(st.sampled_from(DOCUMENTS), max_size=14), st.sets(st.sampled_from(DOCUMENTS), min_size=1))


@settings(deadline=None, max_examples=80)
@given(st.lists(QUERY, min_size=1, max_size=6), st.sampled_from([1, 5, 10]))
def test_figures_equal_those_of_a_naive_implementation(queries: list[tuple[list[str], set[str]]], depth: int) -> None:
    ranked = document_ranks([asked(*relevant) for _, relevant in queries], [answered(*found) for found, _ in queries])
    wanted = np.array([naive(found, relevant, depth) for found, relevant in queries])
    ours = np.stack([recall(ranked, depth), ndcg(ranked, depth), reciprocal_rank(ranked)], axis=1)
    assert ours == pytest.approx(wanted)
    assert np.all((ours >= 0) & (ours <= 1))


def test_ndcg_equals_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    relevance = rng.random((30, 14)) < 0.3
    relevance[:, 0] |= ~relevance.any(axis=1)
    wanted = relevance.sum(axis=1)
    theirs = [ndcg_score(row[None, :], np.arange(14, 0, -1)[None, :], k=10) for row in relevance]
    assert ndcg(Ranked(relevance, wanted, wanted), 10) == pytest.approx(theirs)


def test_known_values() -> None:
    rows = [asked("d/1.md"), asked("d/1.md", "d/2.md"), asked("d/9.md"), asked()]
    given_ = [answered("d/1.md", "d/2.md"), answered("d/3.md", "d/1.md", "d/1.md", "d/2.md"), answered("d/3.md")]
    found: Any = ranking_of(TASK, rows, [*given_, answered("d/1.md")], learned=(), seed=0, measured=True)
    assert found.of == "documents"
    assert [one.n for one in (found.recall_at_1, found.ndcg_at_10, found.mrr) if one] == [3, 3, 3]
    assert found.recall_at_1.value == pytest.approx(1 / 3)
    assert found.recall_at_5.value == found.recall_at_10.value == pytest.approx(2 / 3)
    assert found.mrr.value == pytest.approx((1 + 0.5 + 0) / 3)
    second = (1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert found.ndcg_at_10.value == pytest.approx((1 + second) / 3)
    assert found.ndcg_at_10.low < found.ndcg_at_10.value < found.ndcg_at_10.high
    assert found.retrieval_ms is None


def test_neighbours_of_the_expected_label_are_relevant() -> None:
    examples = [Example(id=str(at), inputs={}, expected={"y": label}) for at, label in enumerate(["a", "b", "oos"])]
    learned = [Example(id="1", inputs={}, expected={"y": label}) for label in ["a", "a", "b"]]
    ranked = label_ranks(TASK, examples, [near("a", "b", "a"), near("a", "a"), near("a")], learned)
    assert ranked.relevant.tolist() == [[True, False, True], [False, False, False]]
    assert (recall(ranked, 1).tolist(), ranked.ideal.tolist()) == ([1.0, 0.0], [2, 1])
    assert ndcg(ranked, 10)[0] == pytest.approx((1 + 0.5) / (1 + 1 / math.log2(3)))


def test_evidence_that_is_not_ranked_has_no_figures() -> None:
    bare = Answer(output={"y": "a"}, confidence=0.5)
    assert ranking_of(TASK, [asked("d/1.md")], [bare], learned=(), seed=0, measured=True) is None
    assert ranking_of(TASK, [asked()], [answered("d/1.md")], learned=(), seed=0, measured=True) is None
    assert ranking_of(TASK, [], [], learned=(), seed=0, measured=True) is None


def test_an_answer_without_citations_found_nothing() -> None:
    ranked = document_ranks([asked("d/1.md"), asked("d/1.md")], [answered(), answered("d/1.md")])
    assert recall(ranked, 10).tolist() == reciprocal_rank(ranked).tolist() == [0.0, 1.0]


def test_seconds_of_the_step_retrieve_are_its_latency() -> None:
    steps = [Step(name="retrieve", output=None, wall_seconds=0.002), Step(name="read", output=None, wall_seconds=9.0)]
    found: Any = ranking_of(
        TASK, [asked("d/1.md")] * 3, [answered("d/1.md", trace=tuple(steps))] * 3, learned=(), seed=0, measured=True
    )
    assert (found.retrieval_ms.p50, found.retrieval_ms.n) == (pytest.approx(2.0), 3)
