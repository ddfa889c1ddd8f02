"""The learned reader: classifiers over rows whose facts are known.

A fact of few values is told by a logistic regression over word n-grams; an amount is one of those that the grammars
find in the text, told by a logistic regression over the words around it. Confidence is calibrated on the SelectSplit
(Platt 1999); below the threshold chosen there the reader is silent, or in doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.families._calibration import Calibrator
from proveout.families.symbolic.facts._learned_features import candidates, ngrams, surroundings, view
from proveout.families.symbolic.facts._patterns import amount_values
from proveout.families.symbolic.facts._types import Said, fact_value
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from proveout.families.symbolic.facts._grammars import Amount
    from proveout.families.symbolic.facts._learned_features import Candidate, Span
    from proveout.families.symbolic.facts._types import Value
    from proveout.families.symbolic.facts._words import Word
    from proveout.families.symbolic.policy import Fact

    Array = np.ndarray[Any, Any]

__all__ = ["KINDS", "NOTHING", "Guess", "LearnedReader", "LearnedState", "logit"]

STATE, WEIGHTS = "facts.json", "facts.safetensors"
# Below this a value is not worth asking about.
WORTH_ASKING = 0.2
KINDS = {"number": {"number"}, "money": {"money"}, "duration": {"duration", "date"}}
NOTHING = ""
TINY = 1e-9


class LearnedState(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader needs besides its weights.

    Attributes:
        classes: of each fact told by n-grams: the values as JSON text, "" for none; in the order of names as the
            rows of ``ngrams``.
        amounts: facts told by amounts, in the order of the rows of ``around``.
    """

    repairs: dict[str, str]
    terms: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]
    around: tuple[str, ...]
    amounts: tuple[str, ...]
    calibrator: Calibrator = Calibrator(1.0, 0.0)
    threshold: float = 0.5
    joint: tuple[int, int] = (0, 0)


class Guess(NamedTuple):
    """The likeliest reading of one fact: no value where the text states none; others that are worth asking about."""

    value: Value | None
    span: Span | None
    probability: float
    others: tuple[Value, ...]


class _Classes(NamedTuple):
    """The values of one fact, None for none, and the first of their rows of weights."""

    name: str
    row: int
    values: tuple[Value | None, ...]


class LearnedReader:
    """Reads facts as it learned from rows whose facts are known; made by `fit_reader`."""

    name = "learned"

    def __init__(self, state: LearnedState, arrays: Mapping[str, Array], facts: Sequence[Fact]) -> None:
        self._state = state
        self._arrays = arrays
        self._facts = {fact.name: fact for fact in facts}
        self._terms = {term: at for at, term in enumerate(state.terms)}
        self._around = {term: at for at, term in enumerate(state.around)}
        # A row for each n-gram, so that those of a text are read side by side.
        self._weights = np.ascontiguousarray(arrays["ngrams"].T)
        self._classes = self._classes_of(state)

    def _classes_of(self, state: LearnedState) -> list[_Classes]:
        found, row = [], 0
        for name, written in sorted(state.classes.items()):
            found.append(_Classes(name, row, tuple(self._value(name, one) for one in written)))
            row += len(written)
        return found

    def _value(self, name: str, written: str) -> Value | None:
        return None if written == NOTHING else fact_value(self._facts[name], msgspec.json.decode(written))

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen, and on which rows."""
        right, given = self._state.joint
        return {"threshold": {"value": self._state.threshold, "chosen_on": "select", "right": right, "given": given}}

    def read(self, text: str, today: date | None) -> dict[str, Said]:
        """What the text says, by fact; silent where it is not sure and no value is likely."""
        guesses = self.guesses(text, today)
        scores = np.array([logit(guess.probability) for guess in guesses.values()])
        sure = self._state.calibrator(scores) >= self._state.threshold
        said = {name: _said(guess, sure=one) for (name, guess), one in zip(guesses.items(), sure.tolist(), strict=True)}
        return {name: one for name, one in said.items() if one is not None}

    def guesses(self, text: str, today: date | None) -> dict[str, Guess]:
        """The likeliest reading of each fact, before any threshold."""
        words, named = view(text, self._state.repairs)
        told = dict(self._by_ngrams(words, named))
        for name, guess in self._by_amounts(words, named, today):
            constant = told.get(name)
            told[name] = guess if constant is None else _either(constant, guess)
        return dict(sorted(told.items()))

    def _by_ngrams(self, words: Sequence[Word], named: Sequence[Amount]) -> Iterator[tuple[str, Guess]]:
        spans = {name: span for name, span in ngrams(words, named).items() if name in self._terms}
        places = list(spans.values())
        parts = self._weights[[self._terms[name] for name in spans]].astype(np.float64)
        scores = parts.sum(axis=0) + self._arrays["ngrams_bias"]
        inside: Array | None = None
        for (name, row, values), p in zip(self._classes, self._shares(scores), strict=True):
            best = p.index(max(p))
            place = None
            if places and values[best] is not None:
                # The span whose n-grams, itself and those inside it, speak most for the value.
                inside = _inside(places) if inside is None else inside
                place = places[int((inside @ parts[:, row + best]).argmax())]
            others = tuple(one for one, q in zip(values, p, strict=True) if one is not None and q >= WORTH_ASKING)
            yield name, Guess(values[best], place, p[best], others)

    def _shares(self, scores: Array) -> Iterator[list[float]]:
        """For each fact told by n-grams, the probabilities of its values."""
        rows = [one.row for one in self._classes]
        sizes = [len(one.values) for one in self._classes]
        powers = np.exp(scores - np.repeat(np.maximum.reduceat(scores, rows), sizes)) if rows else scores
        for row, size in zip(rows, sizes, strict=True):
            mine = powers[row : row + size]
            yield (mine / mine.sum()).tolist()

    def _by_amounts(
        self, words: Sequence[Word], named: Sequence[Amount], today: date | None
    ) -> Iterator[tuple[str, Guess]]:
        seen: dict[Candidate, Array] = {}
        for row, name in enumerate(self._state.amounts):
            fact = self._facts[name]
            by_value: dict[Value, tuple[float, Span]] = {}
            for one in candidates(named, KINDS[fact.type], today):
                values, doubtful = amount_values(fact, one.amount, one.now)
                if values and one not in seen:
                    seen[one] = self._columns(words, one)
                p = self._probability(row, seen[one]) if values else 0.0
                for value in values:
                    shared = p / 2 if doubtful else p
                    by_value[value] = max(by_value.get(value, (0.0, (0, 0))), (shared, _place(words, one)))
            yield name, _chosen(by_value)

    def _columns(self, words: Sequence[Word], one: Candidate) -> Array:
        names = dict.fromkeys(surroundings(words, one))
        return np.array([self._around[name] for name in names if name in self._around], dtype=np.intp)

    def _probability(self, row: int, columns: Array) -> float:
        weights = self._arrays["around"][row].take(columns).astype(np.float64)
        score = float(weights.sum() + self._arrays["around_bias"][row])
        return float(1 / (1 + np.exp(-min(max(score, -30.0), 30.0))))

    def save(self, folder: Path) -> None:
        """Write its state and weights, deterministically."""
        (folder / STATE).write_bytes(canonical_json(self._state))
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path, facts: Sequence[Fact]) -> Self:
        """Read what `save` wrote, for the facts of the same policy."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=LearnedState)
        return cls(state, load_file(folder / WEIGHTS), facts)


def logit(probability: float) -> float:
    """Log-odds, of a probability a little inside 0 and 1."""
    inside = min(max(probability, TINY), 1 - TINY)
    return float(np.log(inside / (1 - inside)))


def _inside(spans: Sequence[Span]) -> Array:
    """For each span, itself and those inside it, as ones of a matrix of shape (n, n)."""
    starts, ends = np.array(spans).T
    inside = (starts[None, :] >= starts[:, None]) & (ends[None, :] <= ends[:, None])
    return np.asarray(inside, dtype=np.float64)


def _place(words: Sequence[Word], one: Candidate) -> Span:
    return words[one.amount.first].start, words[one.amount.stop - 1].end


def _chosen(by_value: Mapping[Value, tuple[float, Span]]) -> Guess:
    """The likeliest value where it is likelier than not; its probability is that it is right and the others wrong."""
    none = float(np.prod([1 - p for p, _ in by_value.values()])) if by_value else 1.0
    others = tuple(value for value, (p, _) in by_value.items() if p >= WORTH_ASKING)
    best = max(by_value, key=lambda value: by_value[value][0], default=None)
    if best is None or by_value[best][0] < 1 / 2:
        return Guess(None, None, none, others)
    p, span = by_value[best]
    rest = float(np.prod([1 - q for value, (q, _) in by_value.items() if value != best]))
    return Guess(best, span, p * rest, others)


def _either(constant: Guess, amount: Guess) -> Guess:
    """A constant value ("on time" is 0 days late), or else the amount."""
    if constant.value is None:
        return amount._replace(probability=amount.probability * constant.probability)
    if amount.value is None:
        return constant._replace(probability=amount.probability * constant.probability)
    both = tuple(dict.fromkeys([constant.value, amount.value]))
    return amount._replace(probability=1 / len(both), others=both)


def _said(guess: Guess, *, sure: bool) -> Said | None:
    if sure and guess.value is not None:
        return Said(verdict="value", values=(guess.value,), span=guess.span)
    if sure:
        return Said(verdict="nothing")
    if not guess.others:
        return None
    return Said(verdict="doubt", values=guess.others, span=guess.span)
