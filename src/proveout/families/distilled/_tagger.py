"""A student for kind ``extract``: a tagger for values that stand in the text, a linear head for those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.families._calibration import Calibrator
from proveout.families._embedders import EMBEDDER_FILE, fit_embedder, load_embedder
from proveout.families._fields import (
    DIGITS,
    FieldForm,
    assembled,
    calibrated,
    closed_key,
    extracted,
    field_forms,
    output_key,
    span_step,
    spellings,
    threshold_said,
)
from proveout.families._protocol import BuildRun, CandidateCard, card_of
from proveout.families._serving import answer_outputs
from proveout.families._vectors import embed_all
from proveout.families.distilled._features import Gazetteer
from proveout.families.distilled._head import best_head, log_probabilities
from proveout.families.distilled._spanner import REGULARISATION, FoundSpans, Spanner, Terms, fit_spanner
from proveout.task import Evidence, Step, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._embedders import Embedder
    from proveout.families._fields import Extracted
    from proveout.families._spans import Span
    from proveout.task import Answer, Task

    Array = np.ndarray[Any, Any]
    Json = dict[str, Any]

__all__ = ["TaggerCandidate", "build_tagger"]

WEIGHTS, STATE = "tagger.safetensors", "tagger.json"
# A closed field with more values than this is no closed set: the rarest are never answered.
MOST_VALUES = 200


class _Closed(msgspec.Struct, frozen=True):
    """A closed field and the values seen of it, as `closed_key` writes them; one value needs no head."""

    name: str
    keys: tuple[str, ...]


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the tagger needs besides its arrays."""

    card: CandidateCard
    fields: tuple[str, ...]
    forms: tuple[FieldForm, ...]
    labels: tuple[str, ...]
    vocabulary: tuple[str, ...]
    gazetteer: Gazetteer
    spelled: dict[str, dict[str, str]]
    closed: tuple[_Closed, ...]
    calibrator: Calibrator
    threshold: float


class _Found(msgspec.Struct, frozen=True):
    """What was found in one text: the output, where it stands, and the log-odds that all of it is right."""

    output: dict[str, Any]
    steps: tuple[Step, ...]
    score: float


class TaggerCandidate:
    """A linear-chain CRF over the tokens, and a linear head for each closed field.

    The evidence of an answer is a step for each value: where it stands in `Task.text` of the input, or which value of
    the closed set it is, with the probability the model gives it.
    """

    def __init__(self, state: _State, arrays: dict[str, Array], embedder: Embedder | None) -> None:
        self._state = state
        self._arrays = arrays
        self._embedder = embedder
        terms = Terms(labels=state.labels, vocabulary=state.vocabulary, gazetteer=state.gazetteer)
        self._spanner = Spanner(terms, {name: arrays[name] for name in ("weights", "steps")})

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The fields of each input, or an abstention."""
        texts = [input_text(self._state.fields, one) for one in inputs]
        return answer_outputs(texts, self._choose, "low confidence")

    def _choose(self, texts: Sequence[str]) -> list[tuple[Json, float, bool, Evidence]]:
        found = self.find(texts, self._embedder.embed(texts) if self._embedder else None)
        scores = np.array([one.score for one in found])
        confidence = self._state.calibrator(scores).tolist()
        held_back = (scores < self._state.threshold).tolist()
        return [
            (one.output, sure, out, Evidence(trace=one.steps))
            for one, sure, out in zip(found, confidence, held_back, strict=True)
        ]

    def find(self, texts: Sequence[str], vectors: Any) -> list[_Found]:
        """What is found in each text; ``vectors`` are the texts' embeddings, for the closed fields."""
        found = self._spanner.find(texts)
        closed = [_judge(vectors, at, one, self._arrays, len(texts)) for at, one in enumerate(self._state.closed)]
        return [
            self._found(text, one, [values[row] for values in closed])
            for row, (text, one) in enumerate(zip(texts, found, strict=True))
        ]

    def _found(self, text: str, found: FoundSpans, closed: Sequence[tuple[str, Any, float]]) -> _Found:
        spans, sure = found.spans, found.sure
        likeliest = [spans[at] for at in sorted(range(len(spans)), key=lambda at: -sure[at])]
        order = {form.name: spans if form.many else likeliest for form in self._state.forms}
        ranked = [span for name, listed in order.items() for span in listed if span.field == name]
        values = {name: value for name, value, _ in closed}
        log_p = found.log_p + sum(log_p for *_, log_p in closed)
        steps = [span_step(span, text, one) for span, one in zip(spans, sure, strict=True)]
        steps += [_closed_step(*one) for one in closed if one[1] is not None]
        output = assembled(self._state.forms, text, ranked, values, self._state.spelled)
        return _Found(output, tuple(steps), _log_odds(log_p))

    def save(self, folder: Path) -> None:
        """Write arrays and state, and the embedder's files where there is one."""
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / WEIGHTS)
        (folder / STATE).write_bytes(canonical_json(self._state))
        if self._embedder:
            self._embedder.save(folder)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a candidate of this class was saved there."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        encoder = load_embedder(folder, cache) if (folder / EMBEDDER_FILE).is_file() else None
        return cls(state, load_file(folder / WEIGHTS), encoder)


def _log_odds(log_p: float) -> float:
    log_p = min(log_p, -1e-9)
    return float(log_p - np.log(-np.expm1(log_p)))


def _closed_step(name: str, value: Any, log_p: float) -> Step:
    return Step(name=name, output={"value": value, "confidence": round(float(np.exp(log_p)), DIGITS)})


def _judge(
    vectors: Any, at: int, field: _Closed, arrays: Mapping[str, Array], rows: int
) -> list[tuple[str, Any, float]]:
    """(field, value, log-probability) of a closed field in each row."""
    values = [msgspec.json.decode(key) for key in field.keys]
    if len(values) == 1:
        return [(field.name, values[0], 0.0)] * rows
    log_p = log_probabilities(vectors, _head_arrays(arrays, at))
    return [(field.name, values[best], float(log_p[row, best])) for row, best in enumerate(log_p.argmax(axis=1))]


def _head_arrays(arrays: Mapping[str, Array], at: int) -> dict[str, Array]:
    return {part: arrays[f"closed.{at}.{part}"] for part in ("weights", "bias")}


def build_tagger(name: str, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> TaggerCandidate:
    """Fit tagger and heads on the TrainSplit; choose their regularisation and calibrate on the SelectSplit.

    Raises:
        BuildFailed: the TrainSplit holds no value to learn.
    """
    rows, held = extracted(task, train.examples), extracted(task, select.examples)
    forms = field_forms(task, rows, name)
    closed = tuple(_closed(form.name, rows) for form in forms if not form.in_text)
    many = [one for one in closed if len(one.keys) > 1]
    encoder = fit_embedder(run.embedder, rows.texts, run.cache) if many else None
    vectors, held_vectors = (
        embed_all(encoder, part.texts, run.cache, run.progress) if encoder else None for part in (rows, held)
    )
    heads: dict[str, Array] = {}
    for at, one in enumerate(closed):
        if len(one.keys) > 1:
            _, head = best_head(
                _labelled(one, vectors, rows), _labelled(one, held_vectors, held), one.keys, run.progress
            )
            heads |= {f"closed.{at}.{part}": head[part] for part in ("weights", "bias")}
    fitted = fit_spanner(_in_text(rows, forms), REGULARISATION, seed=run.seed, progress=run.progress)
    state = _State(
        card=card_of(name, task, run),
        fields=tuple(task.input_fields),
        forms=forms,
        labels=fitted.terms.labels,
        vocabulary=fitted.terms.vocabulary,
        gazetteer=fitted.terms.gazetteer,
        spelled=spellings(forms, rows),
        closed=closed,
        calibrator=Calibrator(1.0, 0.0),
        threshold=0.0,
    )
    students = [TaggerCandidate(state, {**arrays, **heads}, encoder) for arrays in fitted.arrays]
    return _chosen(students, rows, held, held_vectors, (task, run))


def _closed(name: str, rows: Extracted) -> _Closed:
    counts: dict[str, int] = {}
    for output in rows.outputs:
        key = closed_key(output.get(name))
        counts[key] = counts.get(key, 0) + 1
    return _Closed(name, tuple(sorted(sorted(counts, key=lambda key: (-counts[key], key))[:MOST_VALUES])))


def _labelled(field: _Closed, vectors: Any, rows: Extracted) -> tuple[Any, list[str]]:
    keys = [closed_key(output.get(field.name)) for output in rows.outputs]
    known = [at for at, key in enumerate(keys) if key in set(field.keys)]
    return vectors[known], [keys[at] for at in known]


def _in_text(rows: Extracted, forms: Sequence[FieldForm]) -> list[tuple[str, tuple[Span, ...]]]:
    """Texts and the spans to learn; a row of which a value stands nowhere would teach that it is nothing."""
    names = {form.name for form in forms if form.in_text}
    found = [
        (text, tuple(span for span in spans if span.field in names), not missing & names)
        for text, spans, missing in zip(rows.texts, rows.spans, rows.missing, strict=True)
    ]
    whole = [(text, spans) for text, spans, is_whole in found if is_whole]
    return whole or [(text, spans) for text, spans, _ in found]


def _chosen(
    students: Sequence[TaggerCandidate],
    rows: Extracted,
    held: Extracted,
    vectors: Any,
    made: tuple[Task, BuildRun],
) -> TaggerCandidate:
    """The student that has most held-out rows right, calibrated on them; of equals, the first."""
    wanted = [output_key(output) for output in held.outputs]
    tried = []
    for student in students:
        found = student.find(held.texts, vectors) if held.texts else []
        right = np.array([output_key(one.output) == key for one, key in zip(found, wanted, strict=True)], dtype=bool)
        tried.append((right, np.array([one.score for one in found], dtype=np.float64)))
    best = max(range(len(students)), key=lambda at: (int(tried[at][0].sum()), -at))
    right, scores = tried[best]
    calibrator, threshold = calibrated(scores, right)
    student, state = students[best], students[best]._state  # noqa: SLF001  of this module
    encoder = student._embedder  # noqa: SLF001
    read = {form.name for form in state.forms if form.in_text}
    said: dict[str, Any] = {
        **({"embedder": {"value": encoder.name, "fingerprint": encoder.fingerprint}} if encoder else {}),
        **({"regularisation": {"value": REGULARISATION[best], "chosen_on": "select"}} if len(students) > 1 else {}),
        **threshold_said(threshold),
        "fields": {form.name: "in the text" if form.in_text else "closed set" for form in state.forms},
        "values_not_in_text": {"rows": sum(bool(missing & read) for missing in rows.missing), "of": len(rows.texts)},
        "teacher": {"value": "labels" if not rows.from_incumbent else "incumbent", "rows": rows.from_incumbent},
    }
    card = card_of(state.card.family, *made, **said)
    state = msgspec.structs.replace(state, card=card, calibrator=calibrator, threshold=threshold)
    return TaggerCandidate(state, student._arrays, encoder)  # noqa: SLF001
