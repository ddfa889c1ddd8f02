from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from proveout.families import BuildRun, RetrievalFamily
from proveout.families.retrieval._examples import SHARPNESS, SHOWN, RetrievalCandidate, nearest
from proveout.testing import make_splits, make_task


@given(st.integers(1, 40), st.integers(1, 600), st.integers(1, 12), st.integers(0, 9))
def test_nearest_is_brute_force_with_ties_by_row(rows: int, queries: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, size=(rows, 4)).astype(np.float32)
    asked = rng.integers(-1, 2, size=(queries, 4)).astype(np.float32)
    near, similarity = nearest(asked, vectors, count)
    for row in range(queries):
        cosines = [float(np.dot(asked[row], vector)) for vector in vectors]
        expected = sorted(range(rows), key=lambda index: (-cosines[index], index))[:count]
        assert near[row].tolist() == expected
        assert similarity[row].tolist() == [cosines[index] for index in expected]


def test_an_answer_shows_the_examples_it_stands_on(tmp_path: Path) -> None:
    train, select = make_splits()
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="tfidf")
    candidate = RetrievalFamily().build(make_task(), train, select, run)
    answer = candidate.answer([{"text": "please refund order 7"}])[0]
    first = answer.evidence.neighbours[0]
    assert answer.output == {"intent": "refund"}
    assert (first.similarity, first.output) == (1.0, {"intent": "refund"})
    assert {example.id: example.inputs["text"] for example in train.examples}[first.example] == "please refund order 7"
    assert candidate.answer([{"text": "quantum chromodynamics zebra"}])[0].abstention == "out of scope"


def test_the_vote_can_be_counted_again_from_what_is_shown(tmp_path: Path) -> None:
    train, select = make_splits()
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="tfidf")
    for count in (1, 20):
        built = RetrievalFamily().build(make_task(), train, select, run)
        assert isinstance(built, RetrievalCandidate)
        candidate = RetrievalCandidate(
            msgspec.structs.replace(built._state, neighbours=count), built._vectors, built._embedder
        )
        for answer in candidate.answer(
            [{"text": text} for text in ("refund order 7", "reset it", "where is my parcel")]
        ):
            votes: defaultdict[str, float] = defaultdict(float)
            for one in answer.evidence.neighbours[:count]:
                votes[str(one.output)] += np.exp(SHARPNESS * (one.similarity - 1))
            assert len(answer.evidence.neighbours) == max(count, SHOWN)
            assert max(votes, key=lambda label: votes[label]) == str(answer.guess)
