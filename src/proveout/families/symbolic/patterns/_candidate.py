"""symbolic for kind ``extract``: patterns find the values, and the proof shows which one found which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.families._calibration import Calibrator
from proveout.families._fields import (
    FieldForm,
    assembled,
    calibrated,
    extracted,
    field_forms,
    fits_fields,
    output_key,
    span_step,
    spellings,
    threshold_said,
)
from proveout.families._protocol import CandidateCard, Fit, card_of
from proveout.families._serving import answer_outputs
from proveout.families._spans import Span
from proveout.families.symbolic.facts import word_classes
from proveout.families.symbolic.patterns._choose import Outside, chosen, seen_outside
from proveout.families.symbolic.patterns._closed import (
    CLOSED,
    ClosedField,
    closed_fields,
    read_closed,
    written_closed,
)
from proveout.families.symbolic.patterns._induce import induce
from proveout.families.symbolic.patterns._match import Matcher
from proveout.families.symbolic.patterns._patterns import DOCUMENT, PatternList, read_patterns, written_patterns
from proveout.families.symbolic.patterns._rows import gold_of, rows_of, vocabulary_of
from proveout.families.symbolic.patterns._tokens import words_of
from proveout.task import Evidence, Step, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._fields import Extracted
    from proveout.families._protocol import BuildRun
    from proveout.families.symbolic.patterns._patterns import Pattern
    from proveout.task import Answer, Task

    Json = dict[str, Any]

__all__ = ["PatternCandidate", "build_patterns", "fits_patterns"]

NAME, APPROACH = "symbolic", "patterns"
STATE = "patterns.json"
BRACKETS = frozenset("{}[]")
LEAST_SLOPE = 0.3
DIGITS = 4


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the candidate needs besides its patterns and rules."""

    card: CandidateCard
    fields: tuple[str, ...]
    forms: tuple[FieldForm, ...]
    spelled: dict[str, dict[str, str]]
    outside: Outside
    calibrator: Calibrator
    threshold: float


class _Found(msgspec.Struct, frozen=True):
    """What was found in one text: the output, where it stands and why, and the log-odds that all of it is right."""

    output: dict[str, Any]
    steps: tuple[Step, ...]
    proof: dict[str, Any]
    note: str
    score: float


class PatternCandidate:
    """Fills fields by patterns, and fields whose values do not stand in the text by rules; each with a proof."""

    def __init__(self, state: _State, patterns: PatternList, closed: Mapping[str, ClosedField]) -> None:
        self._state = state
        self._closed = dict(closed)
        self._matcher = Matcher(patterns, [form.name for form in state.forms if not form.many])
        self.patterns = patterns

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The fields of each input with the proof, or an abstention."""
        texts = [input_text(self._state.fields, one) for one in inputs]
        return answer_outputs(texts, self._choose, "low confidence")

    def _choose(self, texts: Sequence[str]) -> list[tuple[Json, float, bool, Evidence]]:
        made = []
        for text in texts:
            found = self.find(text)
            sure = float(self._state.calibrator(np.array([found.score]))[0])
            evidence = Evidence(trace=found.steps, proof=found.proof, note=found.note)
            made.append((found.output, sure, found.score < self._state.threshold, evidence))
        return made

    def find(self, text: str) -> _Found:
        """What the patterns find in one text."""
        state, words = self._state, words_of(text)
        matches = self._matcher.found(words)
        used = [self.patterns.patterns[one.at] for one in matches]
        spans = [Span(*words.span(one.first, one.stop), by.field) for one, by in zip(matches, used, strict=True)]
        sure = [_precision(by) for by in used]
        judged = {name: field.judge(text) for name, field in self._closed.items()}
        in_order = {form.name: sorted(spans) if form.many else spans for form in state.forms}
        ranked = [span for name, listed in in_order.items() for span in listed if span.field == name]
        output = assembled(state.forms, text, ranked, {name: one[0] for name, one in judged.items()}, state.spelled)
        free = [True] * len(words.words)
        for one in matches:
            free[one.first : one.stop] = [False] * (one.stop - one.first)
        missed = [state.outside.chance(word) for word, is_free in zip(words.words, free, strict=True) if is_free]
        log_p = sum(math.log(one) for one in [*sure, *missed, *(one[1] for one in judged.values())])
        steps = [span_step(span, text, one) for span, one in sorted(zip(spans, sure, strict=True))]
        steps += [
            Step(name=name, output={"value": value, "confidence": round(one, DIGITS)})
            for name, (value, one, _) in judged.items()
            if value is not None
        ]
        proof = _proof(state.forms, text, list(zip(spans, used, strict=True)), judged)
        return _Found(output, tuple(steps), proof, _note(text, spans, used), _log_odds(log_p))

    def save(self, folder: Path) -> None:
        """Write ``patterns.yaml``, ``closed.yaml`` where there are such fields, and the rest of its state."""
        (folder / DOCUMENT).write_bytes(written_patterns(self.patterns))
        (folder / STATE).write_bytes(canonical_json(self._state))
        if self._closed:
            (folder / CLOSED).write_bytes(written_closed(self._closed))

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a candidate of this class was saved there."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            PolicyInvalid: a person's edit cannot be read.
        """
        del cache
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        fields = [form.name for form in state.forms if form.in_text]
        closed = read_closed((folder / CLOSED).read_bytes()) if (folder / CLOSED).is_file() else {}
        return cls(state, read_patterns((folder / DOCUMENT).read_bytes(), fields), closed)


def _precision(pattern: Pattern) -> float:
    """Of the values a pattern found on train and held-out rows, the share that was right; never quite all."""
    counts = pattern.train, pattern.select
    return (sum(one.right for one in counts) + 1) / (sum(one.found for one in counts) + 2)


def _log_odds(log_p: float) -> float:
    log_p = min(log_p, -1e-9)
    return log_p - math.log(-math.expm1(log_p))


def _proof(
    forms: Sequence[FieldForm], text: str, found: Sequence[tuple[Span, Pattern]], judged: Mapping[str, Any]
) -> Json:
    filled = {span.field for span, _ in found}
    return {
        "kind": "patterns",
        "values": [
            {
                "field": span.field,
                "pattern": by.id,
                "start": span.start,
                "end": span.end,
                "text": text[span.start : span.end],
            }
            for span, by in found
        ],
        "none": sorted(form.name for form in forms if form.in_text and form.name not in filled),
        "closed": {name: proof for name, (_, _, proof) in sorted(judged.items())},
    }


def _note(text: str, spans: Sequence[Span], used: Sequence[Pattern]) -> str:
    """Each value with the pattern that found it."""
    said = [f"{span.field} {text[span.start : span.end]!r}: {_shown(by)}" for span, by in zip(spans, used, strict=True)]
    return "; ".join(said) or "no pattern finds a value"


def _shown(pattern: Pattern) -> str:
    around = " ".join(part for part in (pattern.before, f"({pattern.value})", pattern.after) if part)
    return f"{pattern.id}, {around}{' with ' + ', '.join(pattern.also) if pattern.also else ''}"


def fits_patterns(task: Task) -> Fit:
    """A task of kind ``extract`` whose fields are texts, numbers or closed sets."""
    if task.kind != "extract":
        return Fit(ok=False, reason=f"patterns fill fields, and the task's kind is {task.kind}")
    odd = next((name for name in task.output_fields if BRACKETS & set(name)), None)
    if odd is not None:
        return Fit(ok=False, reason=f"patterns name fields in brackets, and the field {odd} has one in its name")
    return fits_fields(task)


def build_patterns(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> PatternCandidate:
    """Induce patterns on the TrainSplit; drop those that ``select`` speaks against, and calibrate on it.

    Raises:
        BuildFailed: the TrainSplit holds no value to learn.
    """
    rows, held = extracted(task, train.examples), extracted(task, select.examples)
    forms = field_forms(task, rows, NAME)
    read = {form.name for form in forms if form.in_text}
    single = [form.name for form in forms if not form.many]
    texts, others = (
        [
            gold_of(text, [span for span in spans if span.field in read])
            for text, spans in zip(part.texts, part.spans, strict=True)
        ]
        for part in (rows, held)
    )
    words = vocabulary_of(texts, {word: f"<{name}>" for name, group in word_classes().items() for word in group})
    patterns = chosen(induce(rows_of(texts, words), single, run.progress), words, others, single)
    closed = closed_fields([form.name for form in forms if not form.in_text], rows, held, run.progress)
    state = _State(
        card=card_of(NAME, task, run),
        fields=tuple(task.input_fields),
        forms=forms,
        spelled=spellings(forms, rows),
        outside=seen_outside(texts),
        calibrator=Calibrator(1.0, 0.0),
        threshold=0.0,
    )
    return _calibrated(PatternCandidate(state, patterns, closed), state, held, (task, run))


def _calibrated(made: PatternCandidate, state: _State, held: Extracted, of: tuple[Task, BuildRun]) -> PatternCandidate:
    found = [made.find(text) for text in held.texts]
    pairs = zip(found, held.outputs, strict=True)
    right = np.array([output_key(one.output) == output_key(output) for one, output in pairs], dtype=bool)
    fitted, threshold = calibrated(np.array([one.score for one in found], dtype=np.float64), right)
    # Where held-out rows hold no error that says how confidence falls, the patterns' own precision counts.
    calibrator = fitted if fitted.slope >= LEAST_SLOPE else Calibrator(1.0, 0.0)
    card = card_of(
        NAME,
        *of,
        approach=APPROACH,
        patterns={"value": len(made.patterns.patterns), "chosen_on": "select"},
        **threshold_said(threshold),
        fields={form.name: "in the text" if form.in_text else "closed set" for form in state.forms},
    )
    changed = {"card": card, "calibrator": calibrator, "threshold": threshold}
    closed = made._closed  # noqa: SLF001  of this module
    return PatternCandidate(msgspec.structs.replace(state, **changed), made.patterns, closed)
