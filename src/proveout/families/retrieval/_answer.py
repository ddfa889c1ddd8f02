"""Answers from documents: the best supported sentence with its citation, or "not in the documents"."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold, threshold_parameter
from proveout.families._embedders import load_embedder
from proveout.families._protocol import BuildRun, CandidateCard, card_of
from proveout.families._serving import measured
from proveout.families.retrieval._reader import (
    PageReader,
    answer_field,
    cited,
    holds,
    load_pages,
    pages_of,
    save_pages,
)
from proveout.families.retrieval._sentences import FEATURES
from proveout.task import Answer, Evidence, Step, Task, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families.retrieval._reader import LookedUp
    from proveout.task import Citation, Example

    Array = np.ndarray[Any, Any]

__all__ = ["FITTED", "NOT_THERE", "PassageCandidate", "build_answers", "sentence_weights"]

STATE = "answers.json"
# Questions of the TrainSplit that the weights of the features are fitted on.
FITTED = 400
NOT_THERE = "not in the documents"
# Used where no question has an expected answer: equal parts meaning and words, and a little rank.
PLAIN = (4.0, 4.0, 1.0, 1.0)


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What answering needs besides the documents."""

    card: CandidateCard
    field: str
    fields: tuple[str, ...]
    paths: tuple[str, ...]
    weights: tuple[float, ...]
    calibrator: Calibrator
    threshold: float


class PassageCandidate:
    """Finds passages, and answers with the sentence most likely to hold the answer (extractive; no model writes).

    The citation of the sentence comes first among the evidence; the other passages follow in the order found.
    """

    def __init__(self, state: _State, pages: Mapping[str, bytes], reader: PageReader) -> None:
        self._state = state
        self._pages = pages
        self._reader = reader

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """A sentence of a document for each question, or an abstention: ``not in the documents``."""
        return [self._one(input_text(self._state.fields, one)) for one in inputs]

    def _one(self, question: str) -> Answer:
        wall, cpu = time.perf_counter(), time.process_time()
        if not question.strip():
            return Answer(abstention="empty input", usage=measured(0.0, 0.0))
        looked = self._reader.look_up(question)
        retrieved = time.perf_counter() - wall
        if not looked.sentences:
            usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
            return Answer(abstention=NOT_THERE, usage=usage)
        scores = looked.features @ np.array(self._state.weights)
        best = int(np.argmax(scores))
        guess = {self._state.field: looked.sentences[best].text}
        shared: dict[str, Any] = {
            "guess": guess,
            "confidence": round(float(self._state.calibrator(scores[best : best + 1])[0]), 4),
            "evidence": Evidence(
                citations=_citations(looked, best),
                trace=(Step(name="retrieve", output=len(looked.hits), wall_seconds=retrieved),),
            ),
            "usage": measured(time.perf_counter() - wall, time.process_time() - cpu),
        }
        if scores[best] < self._state.threshold:
            return Answer(abstention=NOT_THERE, **shared)
        return Answer(output=dict(guess), **shared)

    def save(self, folder: Path) -> None:
        """Write the pages, the weights and the embedder's state; indexes are made again from the pages."""
        save_pages(self._pages, folder)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._reader.embedder.save(folder)

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether `save` wrote there."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        pages = load_pages(state.paths, folder)
        return cls(state, pages, PageReader(pages, load_embedder(folder, cache), cache))


def build_answers(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> PassageCandidate:
    """Index the snapshot's documents; fit the weights of a sentence's features on ``train``, calibrate on ``select``.

    Raises:
        BuildFailed: the snapshot holds no documents, or none with text.
    """
    pages = pages_of(task, run)
    reader = PageReader.fitted(task, pages, run)
    field = answer_field(task)
    weights = sentence_weights(_looked_up_all(task, train.examples[:FITTED], field, reader, run))
    inside, outside = _best_scores(_looked_up_all(task, select.examples, field, reader, run), weights)
    scores, right = (np.array(column) for column in zip(*inside, strict=True)) if inside else (np.zeros(0), np.zeros(0))
    right = right.astype(bool)
    threshold = rejection_threshold(scores, right, np.array(outside))
    card = card_of(
        "retrieval",
        task,
        run,
        **reader.parameters(),
        weights={"value": dict(zip(FEATURES, weights, strict=True)), "chosen_on": "train"},
        **threshold_parameter(threshold),
    )
    state = _State(
        card=card,
        field=field,
        fields=tuple(task.input_fields),
        paths=tuple(sorted(pages)),
        weights=weights,
        calibrator=fit_calibrator(scores, right),
        threshold=threshold,
    )
    return PassageCandidate(state, pages, reader)


Looked = tuple["Array", "Array", bool]


def _looked_up_all(
    task: Task, examples: Sequence[Example], field: str, reader: PageReader, run: BuildRun
) -> list[Looked]:
    """(features, which sentences hold the answer, whether there is one) for each labelled question."""
    found: list[Looked] = []
    for done, example in enumerate(examples):
        run.progress("reading questions", done, len(examples))
        question = task.text(example.inputs)
        if example.expected is None or not question.strip():
            continue
        looked = reader.look_up(question)
        if not looked.sentences:
            continue
        expected = example.expected.get(field)
        held = [holds(one.text, expected) for one in looked.sentences]
        found.append((looked.features, np.array(held), bool(expected)))
    run.progress("reading questions", len(examples), len(examples))
    return found


def sentence_weights(looked: Iterable[Looked]) -> tuple[float, ...]:
    """Logistic regression of "holds the answer" on the features, over sentences of answerable questions.

    Args:
        looked: of each question, features of shape (sentences, 4), which sentences hold the answer, and whether there
            is one.
    """
    kept = [(features, held) for features, held, answerable in looked if answerable and held.any()]
    if not kept:
        return PLAIN
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  needed when building only

    features, held = (np.concatenate(column) for column in zip(*kept, strict=True))
    if held.all():
        return PLAIN
    model = LogisticRegression(class_weight="balanced").fit(features, held)
    return tuple(round(float(weight), 6) for weight in model.coef_[0])


def _best_scores(looked: Sequence[Looked], weights: Sequence[float]) -> tuple[list[tuple[float, bool]], list[float]]:
    """(score, right) of the best sentence for answerable questions, and the score for the others."""
    inside, outside = [], []
    for features, held, answerable in looked:
        scores = features @ np.array(weights)
        best = int(np.argmax(scores))
        if answerable:
            inside.append((float(scores[best]), bool(held[best])))
        else:
            outside.append(float(scores[best]))
    return inside, outside


def _citations(looked: LookedUp, best: int) -> tuple[Citation, ...]:
    sentence = looked.sentences[best]
    rest = (cited(hit) for at, hit in enumerate(looked.hits) if at != sentence.hit)
    return (cited(looked.hits[sentence.hit], sentence.start, sentence.end), *rest)
