"""distilled: a frozen embedding and a calibrated linear head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold, threshold_parameter
from proveout.families._embedders import fit_embedder, load_embedder
from proveout.families._labels import fits_labels, labelled, require_labels
from proveout.families._protocol import BuildRun, CandidateCard, Fit, card_of, family
from proveout.families._serving import answer_labels
from proveout.families._vectors import embed_all
from proveout.task import Evidence, Task, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._embedders import Embedder
    from proveout.families._labels import Labelled
    from proveout.task import Answer

    Array = np.ndarray[Any, Any]

__all__ = ["DistilledCandidate", "DistilledFamily"]

HEAD, STATE = "head.safetensors", "head.json"
REGULARISATION = (3.0, 10.0, 30.0)
ITERATIONS = 1000
# How much the nearest centroid's cosine counts beside the log-probability when judging what is out of scope; found on
# held-out rows of CLINC150's train file.
FAMILIARITY = 8.0


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the head needs besides its arrays."""

    card: CandidateCard
    target: str
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    calibrator: Calibrator
    threshold: float


class DistilledCandidate:
    """A student: embedding, linear head, calibrated confidence, and a score that rejects what is out of scope."""

    def __init__(self, state: _State, arrays: dict[str, Array], embedder: Embedder) -> None:
        self._state = state
        self._arrays = arrays
        self._embedder = embedder

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """One label per input, or an abstention."""
        return answer_labels(self._state.target, [input_text(self._state.fields, one) for one in inputs], self._choose)

    def _choose(self, texts: Sequence[str]) -> list[tuple[str, float, bool, Evidence]]:
        guess, sureness, score = judge(self._embedder.embed(texts), self._arrays)
        confidence = self._state.calibrator(sureness)
        labels, threshold = self._state.labels, self._state.threshold
        return [
            (labels[index], float(sure), bool(value < threshold), Evidence())
            for index, sure, value in zip(guess, confidence, score, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the head's arrays and state, and the embedder's."""
        # safetensors writes an array's memory as it lies, so a transposed one would come back scrambled.
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / HEAD)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._embedder.save(folder)

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_file(folder / HEAD), load_embedder(folder, cache))


def judge(vectors: Any, arrays: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """The head's guess for each vector.

    Args:
        vectors: shape (n, d), dense or CSR.
        arrays: ``weights`` (labels, d), ``bias`` (labels,), ``centroids`` (labels, d).

    Returns:
        Three arrays of shape (n,): index of the label; log-odds of its probability; the score that rejects.
    """
    logits = np.asarray(vectors @ arrays["weights"].T, dtype=np.float64) + arrays["bias"]
    guess = logits.argmax(axis=1)
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    best = np.minimum(log_p.max(axis=1), -1e-9)
    nearest = np.asarray(vectors @ arrays["centroids"].T, dtype=np.float64).max(axis=1)
    return guess, best - np.log(-np.expm1(best)), best + FAMILIARITY * nearest


@family("distilled")
class DistilledFamily:
    """A small student of the labels, or of the incumbent's answers where there are none."""

    name = "distilled"
    candidate = DistilledCandidate

    def fits(self, task: Task) -> Fit:
        """Kinds ``classify`` and ``decide``."""
        return fits_labels(task)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> DistilledCandidate:
        """Embed, fit a multinomial head for several regularisations, and choose and calibrate on ``select``.

        Out-of-scope rows are never fitted to, so those of ``train`` help to place the threshold.

        Raises:
            BuildFailed: the TrainSplit holds fewer than two labels.
        """
        rows, held = labelled(task, train.examples), labelled(task, select.examples)
        require_labels(rows, self.name)
        encoder = fit_embedder(run.embedder, rows.texts, run.cache)
        vectors, held_vectors, outside = (
            embed_all(encoder, texts, run.cache, run.progress)
            for texts in (rows.texts, held.texts, rows.outside + held.outside)
        )
        labels = tuple(sorted(set(rows.labels)))
        strength, arrays = _best_head(vectors, rows, held_vectors, held, labels, run)
        guess, sureness, score = judge(held_vectors, arrays) if held.texts else (np.zeros(0, int), *[np.zeros(0)] * 2)
        right = np.array([labels[index] == label for index, label in zip(guess, held.labels, strict=True)], dtype=bool)
        threshold = rejection_threshold(score, right, judge(outside, arrays)[2] if outside.shape[0] else np.zeros(0))
        card = card_of(
            self.name,
            task,
            run,
            embedder={"value": encoder.name, "fingerprint": encoder.fingerprint},
            regularisation={"value": strength, "chosen_on": "select"},
            **threshold_parameter(threshold),
            teacher={"value": "labels" if not rows.from_incumbent else "incumbent", "rows": rows.from_incumbent},
        )
        state = _State(
            card=card,
            target=task.target,
            fields=tuple(task.input_fields),
            labels=labels,
            calibrator=fit_calibrator(sureness, right),
            threshold=threshold,
        )
        return DistilledCandidate(state, arrays, encoder)


def _best_head(
    vectors: Any, rows: Labelled, held_vectors: Any, held: Labelled, labels: tuple[str, ...], run: BuildRun
) -> tuple[float, dict[str, Array]]:
    """The regularisation with the lowest log loss on the SelectSplit, and its head."""
    truth = np.array([labels.index(label) if label in labels else -1 for label in held.labels], dtype=int)
    centroids = _centroids(vectors, rows.labels, labels)
    heads = []
    for done, strength in enumerate(REGULARISATION):
        run.progress("fitting the head", done, len(REGULARISATION))
        arrays = {**_fit(vectors, rows.labels, strength), "centroids": centroids}
        heads.append((_log_loss(held_vectors, truth, arrays), strength, arrays))
    run.progress("fitting the head", len(REGULARISATION), len(REGULARISATION))
    _, strength, arrays = min(heads, key=lambda head: head[0])
    return strength, arrays


def _fit(vectors: Any, labels: Sequence[str], strength: float) -> dict[str, Array]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  needed when building only

    head = LogisticRegression(C=strength, max_iter=ITERATIONS).fit(vectors, labels)
    weights, bias = head.coef_, head.intercept_
    if len(head.classes_) == 2:  # noqa: PLR2004  scikit-learn keeps one row for two labels
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}


def _centroids(vectors: Any, names: Sequence[str], labels: tuple[str, ...]) -> Array:
    """Unit mean vector of each label, shape (labels, d)."""
    names_array = np.array(names)
    sums = [np.asarray(vectors[np.flatnonzero(names_array == label)].mean(axis=0)).ravel() for label in labels]
    means = np.stack(sums)
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(norms, 1e-12), dtype=np.float32)


def _log_loss(vectors: Any, truth: Array, arrays: Mapping[str, Array]) -> float:
    known = truth >= 0
    if not known.any():
        return 0.0
    logits = np.asarray(vectors @ arrays["weights"].T, dtype=np.float64) + arrays["bias"]
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return float(-log_p[np.flatnonzero(known), truth[known]].mean())
