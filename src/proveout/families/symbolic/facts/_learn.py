"""Fits the learned reader: n-grams and surroundings to weights on train rows, its threshold on select rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from scipy import sparse

from proveout.errors import BuildFailed
from proveout.families._calibration import Calibrator, fit_calibrator
from proveout.families.symbolic.facts._grammars import GRAMMAR_WORDS
from proveout.families.symbolic.facts._learned import KINDS, NOTHING, LearnedReader, LearnedState, logit
from proveout.families.symbolic.facts._learned_features import candidates, ngrams, surroundings, view
from proveout.families.symbolic.facts._patterns import amount_values
from proveout.families.symbolic.facts._types import fact_value, plain_value
from proveout.families.symbolic.facts._words import repair_table, words_of
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proveout.families.symbolic.facts._grammars import Amount
    from proveout.families.symbolic.facts._types import Value
    from proveout.families.symbolic.facts._words import Word
    from proveout.families.symbolic.policy import Fact

    Array = np.ndarray[Any, Any]
    View = tuple[list[Word], list[Amount]]
    Values = dict[str, Value]

__all__ = ["LabelledText", "fit_reader", "stated_facts"]

LEAST_ROWS = 2
MOST_FEATURES = 30_000
# A value that stands in no amount of the text, as 0 in "on time", is told by n-grams from this many rows on.
LEAST_CONSTANT = 5
# A word of so many rows is spelled right.
COMMON = 4
STRENGTH = 2.0
ITERATIONS = 500
JOINT = 0.98
LEAST_SLOPE = 0.5
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)

LabelledText = tuple[str, "Mapping[str, Any]"]


def stated_facts(facts: Sequence[Fact], given: Mapping[str, Any]) -> Values:
    """The stated facts of a row, typed; a closed fact at its default is not stated.

    Raises:
        FactInvalid: a value is not its fact's, or the fact is not the policy's.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> stated_facts([Fact(name="gift", type="boolean", world="closed", default=False)], {"gift": False})
        {}
    """
    known = {fact.name: fact for fact in facts}
    values = {name: fact_value(known[name], value) for name, value in given.items() if name in known}
    return {
        name: value for name, value in values.items() if value != known[name].default or known[name].world == "open"
    }


def fit_reader(
    facts: Sequence[Fact], train: Sequence[LabelledText], select: Sequence[LabelledText], seed: int = 0
) -> LearnedReader:
    """Learn from rows with known facts, and choose the threshold on others.

    The threshold is the least at which, of the select rows whose every fact is given, 98 % have every fact right.

    Args:
        facts: of the policy.
        train: texts with the facts they state; facts at the default of a closed world may be left out.
        select: the same, of rows set apart.
        seed: of the optimiser's start.

    Raises:
        BuildFailed: no train row states a fact.
        FactInvalid: a row states a value that its fact cannot have.
    """
    rows = [(text, stated_facts(facts, given)) for text, given in train]
    if not any(values for _, values in rows):
        why = f"{len(rows)} rows, none of them with a stated fact"
        raise BuildFailed("no facts to learn", why=why, fix="name the column of facts in rules.facts", about="facts")
    counts = Counter(word for text, _ in rows for word in {word.text for word in words_of(text)})
    repairs = repair_table({word for word, count in counts.items() if count >= COMMON} | GRAMMAR_WORDS)
    # A word seen often enough is no misspelling.
    repairs = {wrong: word for wrong, word in repairs.items() if counts[wrong] < COMMON}
    views = [view(text, repairs) for text, _ in rows]
    values = [one for _, one in rows]
    terms, classes, by_ngrams = _fit_ngrams(facts, views, values, seed)
    around, amounts, by_amounts = _fit_amounts(facts, views, values, seed)
    state = LearnedState(repairs=repairs, terms=terms, classes=classes, around=around, amounts=amounts)
    reader = LearnedReader(state, by_ngrams | by_amounts, facts)
    held = [(text, stated_facts(facts, given)) for text, given in select]
    return LearnedReader(_chosen(reader, state, held), by_ngrams | by_amounts, facts)


def _frequent(rows: Sequence[Iterable[str]]) -> tuple[str, ...]:
    counts = Counter(name for row in rows for name in set(row))
    kept = sorted((name for name in counts if counts[name] >= LEAST_ROWS), key=lambda name: (-counts[name], name))
    return tuple(kept[:MOST_FEATURES])


def _matrix(rows: Sequence[Iterable[str]], terms: Sequence[str]) -> Any:
    columns = {term: at for at, term in enumerate(terms)}
    held = [sorted({columns[name] for name in row if name in columns}) for row in rows]
    ends = np.cumsum([0, *(len(one) for one in held)])
    indices = np.array([column for one in held for column in one], dtype=np.int64)
    return sparse.csr_array((np.ones(len(indices)), indices, ends), shape=(len(rows), len(terms)))


def _fit_ngrams(
    facts: Sequence[Fact], views: Sequence[View], values: Sequence[Values], seed: int
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], dict[str, Array]]:
    grams = [list(ngrams(*one)) for one in views]
    terms = _frequent(grams)
    matrix = _matrix(grams, terms)
    classes, weights, bias = {}, [np.zeros((0, len(terms)))], [np.zeros(0)]
    # In the order of names, in which the classes are stored.
    for fact in sorted(facts, key=lambda fact: fact.name):
        labels = _labels(fact, views, values)
        if len(set(labels)) > 1:
            names, slopes, offsets = _regression(matrix, labels, seed)
            classes[fact.name] = names
            weights.append(slopes)
            bias.append(offsets)
    arrays: dict[str, Array] = {
        "ngrams": np.concatenate(weights).astype(np.float32),
        "ngrams_bias": np.concatenate(bias),
    }
    return terms, classes, arrays


def _labels(fact: Fact, views: Sequence[View], values: Sequence[Values]) -> list[str]:
    """What n-grams have to tell: the value, or, of an amount, one that stands in no amount of the text."""
    labels = [_written(row.get(fact.name)) for row in values]
    if fact.type in KINDS:
        labels = [
            NOTHING if label == NOTHING or row[fact.name] in _amounts_in(fact, one[1]) else label
            for label, one, row in zip(labels, views, values, strict=True)
        ]
        counts = Counter(labels)
        labels = [label if counts[label] >= LEAST_CONSTANT else NOTHING for label in labels]
    elif fact.type not in {"boolean", "enum"}:
        labels = [NOTHING] * len(labels)
    return labels


def _written(value: Value | None) -> str:
    return NOTHING if value is None else canonical_json(plain_value(value)).decode()


def _amounts_in(fact: Fact, named: Sequence[Amount]) -> set[Value]:
    found = candidates(named, KINDS[fact.type], None)
    return {value for one in found for value in amount_values(fact, one.amount, one.now)[0]}


def _regression(matrix: Any, labels: Sequence[str], seed: int) -> tuple[tuple[str, ...], Array, Array]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  needed when building only

    model = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS, random_state=seed).fit(matrix, labels)
    slopes, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # noqa: PLR2004  scikit-learn keeps one row for two labels
        slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
    return tuple(str(one) for one in model.classes_), slopes, offsets


def _fit_amounts(
    facts: Sequence[Fact], views: Sequence[View], values: Sequence[Values], seed: int
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Array]]:
    told = [fact for fact in facts if fact.type in KINDS]
    seen = {
        fact.name: [
            (at, one) for at, (_, named) in enumerate(views) for one in candidates(named, KINDS[fact.type], None)
        ]
        for fact in told
    }
    shown = {name: [surroundings(views[at][0], one) for at, one in part] for name, part in seen.items()}
    terms = _frequent([row for part in shown.values() for row in part])
    names, weights, bias = [], [np.zeros((0, len(terms)))], [np.zeros(0)]
    for fact in told:
        wanted = [
            values[at].get(fact.name) in amount_values(fact, one.amount, one.now)[0] for at, one in seen[fact.name]
        ]
        if any(wanted):
            # And an amount with nothing around it is not the fact: there may be no other that is not.
            matrix = _matrix([*shown[fact.name], []], terms)
            _, slopes, offsets = _regression(matrix, [*(str(one) for one in wanted), "False"], seed)
            names.append(fact.name)
            # Of "False" and "True", half each way: the difference is the log-odds.
            weights.append(slopes[1:] - slopes[:1])
            bias.append(offsets[1:] - offsets[:1])
    arrays: dict[str, Array] = {
        "around": np.concatenate(weights).astype(np.float32),
        "around_bias": np.concatenate(bias),
    }
    return terms, tuple(names), arrays


def _chosen(reader: LearnedReader, state: LearnedState, held: Sequence[tuple[str, Values]]) -> LearnedState:
    """The state with a calibrator and the least threshold that keeps the joint promise on held-out rows."""
    guesses = [reader.guesses(text, None) for text, _ in held]
    scores = np.array([[logit(one.probability) for one in row.values()] for row in guesses])
    right = np.array(
        [
            [one.value == values.get(name) for name, one in row.items()]
            for row, (_, values) in zip(guesses, held, strict=True)
        ],
        dtype=bool,
    )
    if not len(held) or not scores.size:
        return msgspec.structs.replace(state, threshold=THRESHOLDS[-1])
    fitted = fit_calibrator(scores.ravel(), right.ravel())
    # Rows without an error say nothing of how confidence falls, and must not make every guess a sure one.
    calibrator = fitted if fitted.slope >= LEAST_SLOPE else Calibrator(1.0, 0.0)
    sure = _calibrated(calibrator, scores)
    counts = [
        (t, int((given := (sure >= t).all(axis=1)).sum()), int(right[given].all(axis=1).sum())) for t in THRESHOLDS
    ]
    kept = [one for one in counts if one[1] and one[2] >= JOINT * one[1]] or counts[-1:]
    threshold, given_rows, right_rows = kept[0]
    return msgspec.structs.replace(state, calibrator=calibrator, threshold=threshold, joint=(right_rows, given_rows))


def _calibrated(calibrator: Calibrator, scores: Array) -> Array:
    return calibrator(scores.ravel()).reshape(scores.shape)
