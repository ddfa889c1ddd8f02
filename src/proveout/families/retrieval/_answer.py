"""Answers from documents: the best supported sentence with its citation, or "not in the documents"."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.errors import BuildFailed
from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold, threshold_parameter
from proveout.families._embedders import fit_embedder, load_embedder
from proveout.families._protocol import BuildRun, CandidateCard, card_of
from proveout.families._serving import measured
from proveout.families.retrieval._documents import Source
from proveout.families.retrieval._knowledge import Knowledge, Search
from proveout.families.retrieval._sentences import FEATURES, SentenceVectors, described, normalised, sentences
from proveout.task import Answer, Citation, Evidence, Step, Task, canonical_json, content_hash, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._embedders import Embedder
    from proveout.families.retrieval._documents import Hit
    from proveout.families.retrieval._sentences import Sentence
    from proveout.task import Example

    Array = np.ndarray[Any, Any]

__all__ = ["PassageCandidate", "answer_field", "build_answers"]

STATE, PAGES = "answers.json", "pages"
PASSAGES = 10
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

    def __init__(self, state: _State, pages: Mapping[str, bytes], embedder: Embedder, cache: Path) -> None:
        self._state = state
        self._pages = pages
        self._embedder = embedder
        self._knowledge = _opened(pages, embedder, cache)
        self._vectors = SentenceVectors(embedder)

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
        hits, found, features = looked_up(self._knowledge, self._vectors, question)
        retrieved = time.perf_counter() - wall
        if not found:
            usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
            return Answer(abstention=NOT_THERE, usage=usage)
        scores = features @ np.array(self._state.weights)
        best = int(np.argmax(scores))
        guess = {self._state.field: found[best].text.strip()}
        shared: dict[str, Any] = {
            "guess": guess,
            "confidence": round(float(self._state.calibrator(scores[best : best + 1])[0]), 4),
            "evidence": Evidence(
                citations=_citations(found[best], hits),
                trace=(Step(name="retrieve", output=len(hits), wall_seconds=retrieved),),
            ),
            "usage": measured(time.perf_counter() - wall, time.process_time() - cpu),
        }
        if scores[best] < self._state.threshold:
            return Answer(abstention=NOT_THERE, **shared)
        return Answer(output=dict(guess), **shared)

    def save(self, folder: Path) -> None:
        """Write the pages, the weights and the embedder's state; indexes are made again from the pages."""
        (folder / PAGES).mkdir()
        for number, path in enumerate(self._state.paths):
            (folder / PAGES / f"{number:06d}").write_bytes(self._pages[path])
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._embedder.save(folder)

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether `save` wrote there."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        pages = {path: (folder / PAGES / f"{at:06d}").read_bytes() for at, path in enumerate(state.paths)}
        return cls(state, pages, load_embedder(folder, cache), cache)


def build_answers(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> PassageCandidate:
    """Index the snapshot's documents; fit the weights of a sentence's features on ``train``, calibrate on ``select``.

    Raises:
        BuildFailed: the snapshot holds no documents.
    """
    pages = dict(run.documents())
    if not pages:
        fix = "name them under documents.paths in task.toml and take a snapshot"
        raise BuildFailed("nothing to answer from", why="the snapshot holds no documents", fix=fix, about=task.name)
    texts = [text for text in (page.decode("utf-8", "ignore") for page in pages.values()) if text.strip()]
    encoder = fit_embedder(run.embedder, texts, run.cache)
    knowledge = _opened(pages, encoder, run.cache)
    field, vectors = answer_field(task), SentenceVectors(encoder)
    weights = _weights(_looked_up_all(task, train.examples[:FITTED], field, knowledge, vectors, run))
    inside, outside = _best_scores(_looked_up_all(task, select.examples, field, knowledge, vectors, run), weights)
    scores, right = (np.array(column) for column in zip(*inside, strict=True)) if inside else (np.zeros(0), np.zeros(0))
    right = right.astype(bool)
    threshold = rejection_threshold(scores, right, np.array(outside))
    card = card_of(
        "retrieval",
        task,
        run,
        embedder={"value": encoder.name, "fingerprint": encoder.fingerprint},
        documents={"value": len(pages)},
        passages={"value": PASSAGES},
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
    return PassageCandidate(state, pages, encoder, run.cache)


def answer_field(task: Task) -> str:
    """The output field that holds the answer: the target, or the first field that may be text."""
    properties = task.output.get("properties", {})
    texts = [name for name, schema in sorted(properties.items()) if "string" in _types(schema)]
    return task.target or (texts or sorted(properties) or ["answer"])[0]


def _types(schema: Mapping[str, Any]) -> Sequence[str]:
    stated = schema.get("type", ())
    return (stated,) if isinstance(stated, str) else stated


def looked_up(knowledge: Knowledge, vectors: SentenceVectors, question: str) -> tuple[list[Hit], list[Sentence], Array]:
    """Passages for a question, their sentences, and what speaks for each sentence."""
    hits = knowledge.run(Search(text=question, k=PASSAGES))
    found = sentences(hits)
    return hits, found, described(question, found, hits, vectors) if found else np.zeros((0, len(FEATURES)))


Looked = tuple["Array", "Array", bool]


def _looked_up_all(
    task: Task, examples: Sequence[Example], field: str, knowledge: Knowledge, vectors: SentenceVectors, run: BuildRun
) -> list[Looked]:
    """(features, which sentences hold the answer, whether there is one) for each labelled question."""
    found: list[Looked] = []
    for done, example in enumerate(examples):
        run.progress("reading questions", done, len(examples))
        if example.expected is None:
            continue
        expected = example.expected.get(field)
        _, these, features = looked_up(knowledge, vectors, task.text(example.inputs))
        if not these:
            continue
        wanted = " ".join(normalised(str(expected or "")))
        holds = [bool(wanted) and wanted in " ".join(normalised(one.text)) for one in these]
        found.append((features, np.array(holds), bool(wanted)))
    run.progress("reading questions", len(examples), len(examples))
    return found


def _weights(looked: Sequence[Looked]) -> tuple[float, ...]:
    """Logistic regression of "holds the answer" on the features, over sentences of answerable questions."""
    kept = [(features, holds) for features, holds, answerable in looked if answerable and holds.any()]
    if not kept:
        return PLAIN
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  needed when building only

    features, holds = (np.concatenate(column) for column in zip(*kept, strict=True))
    if holds.all():
        return PLAIN
    model = LogisticRegression(class_weight="balanced").fit(features, holds)
    return tuple(round(float(weight), 6) for weight in model.coef_[0])


def _best_scores(looked: Sequence[Looked], weights: Sequence[float]) -> tuple[list[tuple[float, bool]], list[float]]:
    """(score, right) of the best sentence for answerable questions, and the score for the others."""
    inside, outside = [], []
    for features, holds, answerable in looked:
        scores = features @ np.array(weights)
        best = int(np.argmax(scores))
        if answerable:
            inside.append((float(scores[best]), bool(holds[best])))
        else:
            outside.append(float(scores[best]))
    return inside, outside


def _citations(sentence: Sentence, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    own = hits[sentence.hit]
    first = Citation(document=own.path, fingerprint=own.version, start=sentence.start, end=sentence.end)
    rest = (hit for at, hit in enumerate(hits) if at != sentence.hit)
    others = (Citation(document=hit.path, fingerprint=hit.version, start=hit.start, end=hit.end) for hit in rest)
    return (first, *others)


def _opened(pages: Mapping[str, bytes], embedder: Embedder, cache: Path) -> Knowledge:
    """A knowledge base of exactly these pages, made once and kept under their hash."""
    key = content_hash([embedder.fingerprint, [[path, content_hash(pages[path].hex())] for path in sorted(pages)]])
    knowledge = Knowledge.open(cache / "knowledge" / key[:24], embedder, cache)
    if knowledge.generation() is None:
        knowledge.ingest([Source(path=path, content=content) for path, content in sorted(pages.items())])
    return knowledge
