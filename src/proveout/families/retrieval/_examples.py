"""retrieval: the nearest labelled examples vote, and are the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold, threshold_parameter
from proveout.families._embedders import fit_embedder, load_embedder
from proveout.families._labels import labelled, require_labels
from proveout.families._protocol import BuildRun, CandidateCard, card_of
from proveout.families._serving import answer_labels
from proveout.families._vectors import embed_all
from proveout.task import Evidence, Neighbour, Task, canonical_json, content_hash, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._embedders import Embedder
    from proveout.task import Answer

    Array = np.ndarray[Any, Any]

__all__ = ["RetrievalCandidate", "build_votes", "nearest", "stored_arrays", "stored_vectors", "vote"]

NAME = "retrieval"
INDEX, STATE = "index.safetensors", "examples.json"
NEIGHBOURS = (1, 3, 5, 10, 20)
# Neighbours that are shown at the least, also where fewer vote.
SHOWN = 5
# A neighbour's vote grows by e for each 0.05 of cosine similarity.
SHARPNESS = 20.0
FAMILIARITY = 8.0
BLOCK = 256


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """One indexed example: its id, the fingerprint of its content, and the index of its label."""

    id: str
    fingerprint: str
    label: int


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the index needs besides its vectors."""

    card: CandidateCard
    target: str
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[_Row, ...]
    neighbours: int
    calibrator: Calibrator
    threshold: float


class RetrievalCandidate:
    """Exact cosine search over labelled examples (k nearest neighbours, Cover and Hart 1967)."""

    def __init__(self, state: _State, vectors: Any, embedder: Embedder) -> None:
        self._state = state
        self._vectors = vectors
        self._embedder = embedder
        self._votes = np.array([row.label for row in state.rows])

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """One label per input with the neighbours it stands on, or an abstention."""
        return answer_labels(self._state.target, [input_text(self._state.fields, one) for one in inputs], self._choose)

    def _choose(self, texts: Sequence[str]) -> list[tuple[str, float, bool, Evidence]]:
        state = self._state
        near, similarity = nearest(self._embedder.embed(texts), self._vectors, max(state.neighbours, SHOWN))
        guess, sureness, score = vote(near, similarity, self._votes, state.neighbours)
        confidence = state.calibrator(sureness)
        return [
            (
                state.labels[guess[row]],
                float(confidence[row]),
                bool(score[row] < state.threshold),
                self._evidence(near[row], similarity[row]),
            )
            for row in range(len(texts))
        ]

    def _evidence(self, near: Array, similarity: Array) -> Evidence:
        """The neighbours, all that vote among them, so that the vote can be counted again."""
        state = self._state
        found = [
            Neighbour(
                example=state.rows[row].id,
                fingerprint=state.rows[row].fingerprint,
                similarity=round(float(value), 4),
                output={state.target: state.labels[state.rows[row].label]},
            )
            for row, value in zip(near, similarity, strict=True)
        ]
        return Evidence(neighbours=tuple(found))

    def save(self, folder: Path) -> None:
        """Write vectors, example ids and the embedder's state."""
        save_file(stored_arrays(self._vectors), folder / INDEX)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._embedder.save(folder)

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, stored_vectors(load_file(folder / INDEX)), load_embedder(folder, cache))


def build_votes(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> RetrievalCandidate:
    """Embed the TrainSplit; choose the number of neighbours, the threshold and the calibration on ``select``.

    Raises:
        BuildFailed: the TrainSplit holds fewer than two labels.
    """
    rows, held = labelled(task, train.examples), labelled(task, select.examples)
    require_labels(rows, NAME)
    encoder = fit_embedder(run.embedder, rows.texts, run.cache)
    vectors, held_vectors, outside = (
        embed_all(encoder, texts, run.cache, run.progress)
        for texts in (rows.texts, held.texts, rows.outside + held.outside)
    )
    labels = tuple(sorted(set(rows.labels)))
    indexed = tuple(
        _Row(one.id, content_hash([one.inputs, one.expected or one.incumbent])[:16], labels.index(label))
        for one, label in zip(rows.examples, rows.labels, strict=True)
    )
    votes = np.array([row.label for row in indexed])
    most = min(max(NEIGHBOURS), len(indexed))
    found, beyond = nearest(held_vectors, vectors, most), nearest(outside, vectors, most)
    truth = np.array([labels.index(label) if label in labels else -1 for label in held.labels], dtype=int)
    count = _best_count(found, votes, truth)
    guess, sureness, score = vote(*found, votes, count)
    right = guess == truth
    threshold = rejection_threshold(score, right, vote(*beyond, votes, count)[2])
    card = card_of(
        NAME,
        task,
        run,
        embedder={"value": encoder.name, "fingerprint": encoder.fingerprint},
        neighbours={"value": count, "chosen_on": "select"},
        **threshold_parameter(threshold),
    )
    state = _State(
        card=card,
        target=task.target,
        fields=tuple(task.input_fields),
        labels=labels,
        rows=indexed,
        neighbours=count,
        calibrator=fit_calibrator(sureness, right),
        threshold=threshold,
    )
    return RetrievalCandidate(state, vectors, encoder)


def nearest(queries: Any, vectors: Any, count: int) -> tuple[Array, Array]:
    """Rows of the ``count`` most similar vectors and their cosines, both of shape (n, count), nearest first.

    Equal cosines are ordered by row, so that the answer does not depend on the batch.
    """
    count = min(count, vectors.shape[0])
    near = np.zeros((queries.shape[0], count), dtype=int)
    similarity = np.zeros((queries.shape[0], count))
    for start in range(0, queries.shape[0], BLOCK):
        cosines = queries[start : start + BLOCK] @ vectors.T
        cosines = np.round(cosines.toarray() if sparse.issparse(cosines) else cosines, 5)
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        near[start : start + BLOCK] = order
        similarity[start : start + BLOCK] = np.take_along_axis(cosines, order, axis=1)
    return near, similarity


def vote(near: Array, similarity: Array, votes: Array, count: int) -> tuple[Array, Array, Array]:
    """The label of the largest weighted vote, the log-odds of its share, and the score that rejects; shape (n,)."""
    if near.shape[0] == 0:
        return np.zeros(0, dtype=int), np.zeros(0), np.zeros(0)
    near, similarity = near[:, :count], similarity[:, :count]
    weights = np.exp(SHARPNESS * (similarity - 1.0))
    totals = np.zeros((near.shape[0], int(votes.max()) + 1))
    np.add.at(totals, (np.arange(near.shape[0])[:, None], votes[near]), weights)
    guess = totals.argmax(axis=1)
    # One pseudo-vote at cosine 0.8 keeps the share of a lone neighbour below 1 and tells near ones from far.
    share = totals.max(axis=1) / (totals.sum(axis=1) + np.exp(SHARPNESS * -0.2))
    score = np.log(share) + FAMILIARITY * similarity.mean(axis=1)
    return guess, np.log(share) - np.log1p(-share), score


def _best_count(found: tuple[Array, Array], votes: Array, truth: Array) -> int:
    """The number of neighbours that is right most often on the SelectSplit; of equals, the smallest."""
    known = truth >= 0
    if not known.any():
        return NEIGHBOURS[0]
    near, similarity = found[0][known], found[1][known]
    right = {count: float(np.mean(vote(near, similarity, votes, count)[0] == truth[known])) for count in NEIGHBOURS}
    return max(right, key=lambda count: (right[count], -count))


def stored_arrays(vectors: Any) -> dict[str, Array]:
    """Vectors, dense or CSR, as arrays to store."""
    if not sparse.issparse(vectors):
        return {"vectors": np.ascontiguousarray(vectors)}
    parts = {"data": vectors.data, "indices": vectors.indices, "indptr": vectors.indptr}
    return {**parts, "shape": np.array(vectors.shape, dtype=np.int64)}


def stored_vectors(arrays: Mapping[str, Array]) -> Any:
    """The vectors that `stored_arrays` was given."""
    if "vectors" in arrays:
        return arrays["vectors"]
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    return sparse.csr_array(parts, shape=tuple(int(size) for size in arrays["shape"]))
