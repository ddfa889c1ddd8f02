"""retrieval for kind ``extract``: the nearest labelled examples vote on where the values stand.

Each neighbour proposes spans in two ways: values seen in any example for the fields it has, where they occur in the
text; and its wording as a template, with its values as slots, laid over the text. A proposal's share is the weight of
the neighbours that make it.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.families._calibration import Calibrator
from proveout.families._embedders import fit_embedder, load_embedder
from proveout.families._fields import (
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
from proveout.families._spans import Span, tokenise
from proveout.families._vectors import embed_all
from proveout.families.retrieval._examples import SHOWN, nearest, stored_arrays, stored_vectors
from proveout.task import Evidence, Neighbour, canonical_json, content_hash, input_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._embedders import Embedder
    from proveout.families._fields import Extracted
    from proveout.task import Answer, Task

    Array = np.ndarray[Any, Any]
    Json = dict[str, Any]
    Said = dict[Span, float]
    Near = tuple[Array, Array]

__all__ = ["SLOT", "SlotCandidate", "build_slots", "proposals", "template_of"]

NAME = "retrieval"
INDEX, STATE = "slots.safetensors", "slots.json"
NEIGHBOURS = (1, 3, 5, 10, 20)
SHARES = (0.05, 0.1, 0.2, 0.3)
# A neighbour's weight grows by e for each 0.125 of cosine similarity: softer than a vote on one label, since neighbours
# add fields to each other. Found on held-out rows of Snips' train file.
SHARPNESS = 8.0
FAMILIARITY = 8.0
# A known value that occurs in the text says less than its whole wording does.
VALUE_WEIGHT, WORDING_WEIGHT = 0.4, 0.6
# Words; laying longer texts over each other takes seconds, so they propose nothing by their wording.
LONGEST_TEXT = 400
LONGEST_VALUE = 8
# Before the field's name; no token is longer than this and begins with it.
SLOT = "\x00"


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """One indexed example: its id, the fingerprint of its content, its wording with slots, and its output."""

    id: str
    fingerprint: str
    template: tuple[str, ...]
    output: dict[str, Any]


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the index needs besides its vectors."""

    card: CandidateCard
    fields: tuple[str, ...]
    forms: tuple[FieldForm, ...]
    rows: tuple[_Row, ...]
    spelled: dict[str, dict[str, str]]
    values: dict[str, tuple[str, ...]]
    neighbours: int
    share: float
    calibrator: Calibrator
    threshold: float


class _Found(msgspec.Struct, frozen=True):
    """What the neighbours make of one text: the output, spans with their shares, and how sure they are."""

    output: dict[str, Any]
    spans: tuple[tuple[Span, float], ...]
    score: float


class SlotCandidate:
    """Exact cosine search over labelled examples, whose values and wordings vote; they are the evidence."""

    def __init__(self, state: _State, vectors: Any, embedder: Embedder) -> None:
        self._state = state
        self._vectors = vectors
        self._embedder = embedder

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The fields of each input with the neighbours they stand on, or an abstention."""
        texts = [input_text(self._state.fields, one) for one in inputs]
        return answer_outputs(texts, self._choose, "low confidence")

    def _choose(self, texts: Sequence[str]) -> list[tuple[Json, float, bool, Evidence]]:
        state = self._state
        near, similarity = nearest(self._embedder.embed(texts), self._vectors, max(state.neighbours, SHOWN))
        chosen = []
        for text, rows, cosines in zip(texts, near, similarity, strict=True):
            neighbours = [state.rows[row] for row in rows]
            proposed = _proposed(state, text, neighbours[: state.neighbours])
            found = _voted(state, text, (neighbours, cosines), proposed, (state.neighbours, state.share))
            sure = float(state.calibrator(np.array([found.score]))[0])
            shown = Evidence(
                neighbours=tuple(_shown(*one) for one in zip(neighbours[:SHOWN], cosines, strict=False)),
                trace=tuple(span_step(span, text, share) for span, share in found.spans),
            )
            chosen.append((found.output, sure, found.score < state.threshold, shown))
        return chosen

    def save(self, folder: Path) -> None:
        """Write vectors, examples and the embedder's state."""
        save_file(stored_arrays(self._vectors), folder / INDEX)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._embedder.save(folder)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a candidate of this class was saved there."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, stored_vectors(load_file(folder / INDEX)), load_embedder(folder, cache))


def _shown(row: _Row, similarity: float) -> Neighbour:
    return Neighbour(
        example=row.id, fingerprint=row.fingerprint, similarity=round(float(similarity), 4), output=row.output
    )


def template_of(text: str, spans: Sequence[Span]) -> tuple[str, ...]:
    """The words of a text, lower-cased, with a slot for each span.

    Example:
        >>> [word.replace(SLOT, "$") for word in template_of("Fly to New York", [Span(7, 15, "city")])]
        ['fly', 'to', '$city']
    """
    template: list[str] = []
    last: Span | None = None
    for token in tokenise(text):
        slot = next((span for span in spans if span.start <= token.start < span.end), None)
        if slot is None:
            template.append(text[token.start : token.end].lower())
        elif slot != last:
            template.append(SLOT + slot.field)
        last = slot
    return tuple(template)


def proposals(text: str, templates: Sequence[Sequence[str]], values: Mapping[str, Sequence[str]]) -> list[Said]:
    """Spans that each template proposes in a text, and how much it says for each, at most 1.

    Args:
        text: where values are looked for.
        templates: what `template_of` gave for each neighbour.
        values: fields by value seen, as its lower-cased words.

    Example:
        >>> template = template_of("the flight to Bonn please", [Span(14, 18, "city")])
        >>> proposals("a flight to Rome please", [template], {"rome": ["city", "fragrance"]})
        [{Span(start=12, end=16, field='city'): 1.0}]
    """
    tokens = tokenise(text)
    words = _words(text)
    known = {
        Span(tokens[start].start, tokens[stop - 1].end, field)
        for start in range(len(words))
        for stop in range(start + 1, min(len(words), start + LONGEST_VALUE) + 1)
        for field in values.get(" ".join(words[start:stop]), ())
    }
    found: list[Said] = []
    for template in templates:
        fields = {word[1:] for word in template if _is_slot(word)}
        said = {span: VALUE_WEIGHT for span in known if span.field in fields}
        for start, stop, field in set(_by_wording(words, template)):
            span = Span(tokens[start].start, tokens[stop - 1].end, field)
            said[span] = said.get(span, 0.0) + WORDING_WEIGHT
        found.append(said)
    return found


def _is_slot(word: str) -> bool:
    return len(word) > 1 and word.startswith(SLOT)


def _by_wording(words: Sequence[str], template: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """First and last word, exclusive, and the field, of what stands in place of a slot beside words in common.

    Where other words of the template are replaced along with the slot, each stands for one word.
    """
    if max(len(words), len(template)) > LONGEST_TEXT:
        return
    for kind, start, stop, begin, end in SequenceMatcher(None, template, words, autojunk=False).get_opcodes():
        slots = [at for at in range(start, stop) if _is_slot(template[at])]
        anchored = (start, stop) != (0, len(template))
        if kind == "replace" and anchored and len(slots) == 1:
            first, last = begin + slots[0] - start, end - (stop - 1 - slots[0])
            if first < last:
                yield first, last, template[slots[0]][1:]


def _proposed(state: _State, text: str, rows: Sequence[_Row]) -> list[Said]:
    return proposals(text, [row.template for row in rows], state.values)


def _voted(
    state: _State,
    text: str,
    near: tuple[Sequence[_Row], Array],
    proposed: Sequence[Said],
    chosen: tuple[int, float],
) -> _Found:
    """What ``chosen[0]`` neighbours vote for, of spans with a share of at least ``chosen[1]``."""
    count, least = chosen
    weights = np.exp(SHARPNESS * (near[1][:count] - 1.0))
    weights = weights / weights.sum()
    shares: dict[Span, float] = {}
    for weight, said in zip(weights.tolist(), proposed, strict=False):
        for span, much in said.items():
            shares[span] = shares.get(span, 0.0) + weight * much
    kept: list[tuple[Span, float]] = []
    for span in sorted(shares, key=lambda one: (-round(shares[one], 6), one.start - one.end, one)):
        if shares[span] >= least and all(span.end <= one.start or one.end <= span.start for one, _ in kept):
            kept.append((span, shares[span]))
    closed = {form.name: _elected(form.name, near[0], weights) for form in state.forms if not form.in_text}
    in_order = {form.name: sorted(kept) if form.many else kept for form in state.forms if form.in_text}
    listed = [span for name, part in in_order.items() for span, _ in part if span.field == name]
    values = {name: value for name, (value, _) in closed.items()}
    sure = min([*(share for _, share in kept), *(share for _, share in closed.values())], default=least)
    score = float(np.log(max(sure, 1e-6)) + FAMILIARITY * near[1][:count].mean())
    return _Found(assembled(state.forms, text, listed, values, state.spelled), tuple(sorted(kept)), score)


def _elected(field: str, rows: Sequence[_Row], weights: Array) -> tuple[Any, float]:
    shares: dict[str, float] = {}
    for row, weight in zip(rows, weights.tolist(), strict=False):
        key = closed_key(row.output.get(field))
        shares[key] = shares.get(key, 0.0) + weight
    best = min(shares, key=lambda key: (-round(shares[key], 6), key))
    return msgspec.json.decode(best), shares[best]


def build_slots(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> SlotCandidate:
    """Embed the TrainSplit; choose the number of neighbours and the share a span needs, and calibrate, on ``select``.

    Raises:
        BuildFailed: the TrainSplit holds no value to learn.
    """
    rows, held = extracted(task, train.examples), extracted(task, select.examples)
    forms = field_forms(task, rows, NAME)
    encoder = fit_embedder(run.embedder, rows.texts, run.cache)
    vectors, asked = (embed_all(encoder, part.texts, run.cache, run.progress) for part in (rows, held))
    state = _State(
        card=card_of(NAME, task, run),
        fields=tuple(task.input_fields),
        forms=forms,
        rows=_indexed(rows, {form.name for form in forms if form.in_text}),
        spelled=spellings(forms, rows),
        values=_values(rows, {form.name for form in forms if form.in_text}),
        neighbours=NEIGHBOURS[0],
        share=SHARES[0],
        calibrator=Calibrator(1.0, 0.0),
        threshold=0.0,
    )
    near = nearest(asked, vectors, max(NEIGHBOURS)) if held.texts else (np.zeros((0, 1), int), np.zeros((0, 1)))
    count, share, found = _best(state, held, near)
    wanted = [output_key(output) for output in held.outputs]
    right = np.array([output_key(one.output) == key for one, key in zip(found, wanted, strict=True)], dtype=bool)
    calibrator, threshold = calibrated(np.array([one.score for one in found], dtype=np.float64), right)
    card = card_of(
        NAME,
        task,
        run,
        embedder={"value": encoder.name, "fingerprint": encoder.fingerprint},
        neighbours={"value": count, "chosen_on": "select"},
        share={"value": share, "chosen_on": "select"},
        **threshold_said(threshold),
        fields={form.name: "in the text" if form.in_text else "closed set" for form in forms},
    )
    chosen = {"card": card, "neighbours": count, "share": share, "calibrator": calibrator, "threshold": threshold}
    return SlotCandidate(msgspec.structs.replace(state, **chosen), vectors, encoder)


def _indexed(rows: Extracted, names: set[str]) -> tuple[_Row, ...]:
    return tuple(
        _Row(
            example.id,
            content_hash([example.inputs, output])[:16],
            template_of(text, [span for span in spans if span.field in names]),
            output,
        )
        for example, text, output, spans in zip(rows.examples, rows.texts, rows.outputs, rows.spans, strict=True)
    )


def _values(rows: Extracted, names: set[str]) -> dict[str, tuple[str, ...]]:
    """The fields by value, as its lower-cased words."""
    found: dict[str, set[str]] = {}
    for text, spans in zip(rows.texts, rows.spans, strict=True):
        for span in spans:
            if span.field in names:
                found.setdefault(" ".join(_words(text[span.start : span.end])), set()).add(span.field)
    return {value: tuple(sorted(fields)) for value, fields in sorted(found.items())}


def _words(text: str) -> list[str]:
    return [text[token.start : token.end].lower() for token in tokenise(text)]


def _best(state: _State, held: Extracted, near: Near) -> tuple[int, float, list[_Found]]:
    """The neighbours and share that have most held-out rows right, and what they find; of equals, the first."""
    wanted = [output_key(output) for output in held.outputs]
    neighbours = [[state.rows[row] for row in rows] for rows in near[0]]
    proposed = [_proposed(state, text, rows) for text, rows in zip(held.texts, neighbours, strict=True)]
    tried = []
    for count in NEIGHBOURS:
        for share in SHARES:
            found = [
                _voted(state, text, (rows, cosines), spans[:count], (count, share))
                for text, rows, cosines, spans in zip(held.texts, neighbours, near[1], proposed, strict=True)
            ]
            right = sum(output_key(one.output) == key for one, key in zip(found, wanted, strict=True))
            tried.append((right, count, share, found))
    _, count, share, found = max(tried, key=lambda one: one[0])
    return count, share, found
