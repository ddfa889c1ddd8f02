"""A student: an embedding and a calibrated linear head; variants differ in the embedding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold, threshold_parameter
from proveout.families._conformal import Conformal, fit_conformal
from proveout.families._embedders import Embedder, load_embedder
from proveout.families._protocol import BuildRun, CandidateCard, card_of
from proveout.families._serving import answer_labels
from proveout.families._vectors import embed_all
from proveout.families.distilled._head import best_head, best_scale, centroids, judge, log_probabilities, with_names
from proveout.families.distilled._noise import Suspect, suspect_rows
from proveout.families.distilled._static import StaticEmbedder
from proveout.task import Evidence, Task, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families._labels import Labelled
    from proveout.task import Answer

    Array = np.ndarray[Any, Any]

__all__ = ["DistilledCandidate", "Encoding", "fit_student"]

HEAD, STATE, SUSPECTS = "head.safetensors", "head.json", "suspects.json"
SINGLE = Evidence()
# With fewer rows a label than this, its name may say more than one row.
FEW = 32


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the head needs besides its arrays."""

    card: CandidateCard
    target: str
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    calibrator: Calibrator
    conformal: Conformal
    threshold: float


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """How a variant turns texts into vectors, and what it learned on the way.

    Attributes:
        embedder: text to vector.
        said: what the card says of it.
        head: trained with the embedder; empty where one is to be fitted.
        unseen: vectors of the rows by an embedder that saw no label, and the regularisation of a head on them; None
            where the embedder itself saw none.
    """

    embedder: Embedder
    said: dict[str, Any] = {}
    head: dict[str, Any] = {}
    unseen: tuple[Any, float] | None = None


class DistilledCandidate:
    """A student: embedding, linear head, calibrated confidence, and a score that rejects what is out of scope.

    Attributes:
        suspects: rows of the TrainSplit whose label is probably wrong, worst first.
    """

    def __init__(
        self, state: _State, arrays: dict[str, Array], embedder: Embedder, suspects: tuple[Suspect, ...]
    ) -> None:
        self._state = state
        self._arrays = arrays
        self._embedder = embedder
        self.suspects = suspects

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """One label per input, or an abstention; where more than one label is likely, the evidence lists them."""
        return answer_labels(self._state.target, [input_text(self._state.fields, one) for one in inputs], self._choose)

    def _choose(self, texts: Sequence[str]) -> list[tuple[str, float, bool, Evidence]]:
        vectors = self._embedder.embed(texts)
        log_p = log_probabilities(vectors, self._arrays)
        guess, sureness, score = judge(vectors, self._arrays, log_p)
        confidence = self._state.calibrator(sureness)
        labels, rejected = self._state.labels, score < self._state.threshold
        sets = self._state.conformal.sets(log_p)
        return [
            (labels[index], sure, out, self._evidence(codes))
            for index, sure, out, codes in zip(guess, confidence.tolist(), rejected.tolist(), sets, strict=True)
        ]

    def _evidence(self, codes: Array) -> Evidence:
        if len(codes) == 1:
            return SINGLE
        return Evidence(alternatives=tuple(self._state.labels[code] for code in codes))

    def save(self, folder: Path) -> None:
        """Write the head's arrays and state, the suspect rows, and the embedder's files."""
        # safetensors writes an array's memory as it lies, so a transposed one would come back scrambled.
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / HEAD)
        (folder / STATE).write_bytes(canonical_json(self._state))
        (folder / SUSPECTS).write_bytes(canonical_json(self.suspects))
        self._embedder.save(folder)

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        suspects = msgspec.json.decode((folder / SUSPECTS).read_bytes(), type=tuple[Suspect, ...])
        is_static = StaticEmbedder.is_in(folder)
        encoder = StaticEmbedder.load(folder) if is_static else load_embedder(folder, cache)
        return cls(state, load_file(folder / HEAD), encoder, suspects)


def fit_student(
    name: str, task: Task, rows: Labelled, held: Labelled, encoding: Encoding, run: BuildRun
) -> DistilledCandidate:
    """Fit a head on an embedding, or take the one trained with it; choose what it leaves open on ``held``, calibrate.

    Out-of-scope rows are never fitted to, so those of ``rows`` help to place the threshold.

    Args:
        name: of the family.
        task: what is learned.
        rows: of the TrainSplit.
        held: of the SelectSplit.
        encoding: the embedding, and the head where one was trained.
        run: the build.
    """
    encoder = encoding.embedder
    vectors, held_vectors, outside = (
        embed_all(encoder, texts, run.cache, run.progress)
        for texts in (rows.texts, held.texts, rows.outside + held.outside)
    )
    labels = tuple(sorted(set(rows.labels)))
    truth = np.array([labels.index(label) if label in labels else -1 for label in held.labels], dtype=int)
    chosen, arrays, said = _fitted(encoding, (vectors, rows.labels), (held_vectors, held.labels), labels, run)
    guess, sureness, score = judge(held_vectors, arrays)
    right = guess == truth
    threshold = rejection_threshold(score, right, judge(outside, arrays)[2])
    unseen, strength = encoding.unseen or (vectors, chosen)
    suspects = suspect_rows(unseen, rows, labels, strength, run.seed)
    card = card_of(
        name,
        task,
        run,
        embedder={"value": encoder.name, "fingerprint": encoder.fingerprint},
        **said,
        **threshold_parameter(threshold),
        teacher={"value": "labels" if not rows.from_incumbent else "incumbent", "rows": rows.from_incumbent},
        suspect_labels={"value": len(suspects), "of": len(rows.texts)},
        **encoding.said,
    )
    state = _State(
        card=card,
        target=task.target,
        fields=tuple(task.input_fields),
        labels=labels,
        calibrator=fit_calibrator(sureness, right),
        conformal=fit_conformal(_held_log_p(held_vectors, arrays), truth),
        threshold=threshold,
    )
    return DistilledCandidate(state, arrays, encoder, suspects)


def _fitted(
    encoding: Encoding,
    rows: tuple[Any, Sequence[str]],
    held: tuple[Any, Sequence[str]],
    labels: tuple[str, ...],
    run: BuildRun,
) -> tuple[float, dict[str, Array], dict[str, Any]]:
    """Scale or regularisation, the head, and what the card says of both."""
    if encoding.head:
        truth = np.array([labels.index(label) if label in labels else -1 for label in held[1]], dtype=int)
        _, scale, arrays = best_scale(encoding.head, held[0], truth)
        return scale, {**arrays, "centroids": centroids(*rows, labels)}, {"scale": chosen_on_select(scale)}
    strength, arrays = best_head(rows, held, labels, run.progress)
    said = {"regularisation": chosen_on_select(strength)}
    if len(rows[1]) >= FEW * len(labels):
        return strength, arrays, said
    names = embed_all(encoding.embedder, [spoken(label) for label in labels], run.cache, run.progress)
    named = with_names(rows, held, labels, names, (strength, arrays))
    return strength, named or arrays, {**said, "label_names": chosen_on_select(named is not None)}


def chosen_on_select(value: Any) -> dict[str, Any]:
    """What a card says of a value chosen on the SelectSplit."""
    return {"value": value, "chosen_on": "select"}


def spoken(label: str) -> str:
    """A label's name as words.

    Example:
        >>> spoken("book_flight"), spoken("refundDenied")
        ('book flight', 'refund denied')
    """
    return " ".join(re.findall(r"[A-Z]?[^\W_A-Z]+|[A-Z]+", label)).lower() or label


def _held_log_p(vectors: Any, arrays: Mapping[str, Array]) -> Array:
    return log_probabilities(vectors, arrays) if vectors.shape[0] else np.zeros((0, len(arrays["bias"])))
