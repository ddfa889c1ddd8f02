"""Extraction: how many of the fields' values are right, field by field."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.task import canonical_json
from proveout.trial._estimates import Estimate, ratio
from proveout.trial._metrics import metric
from proveout.trial._scored import JudgedRows, guess_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.task import Answer, Example, Task
    from proveout.trial._scored import Ints

__all__ = [
    "FieldErrors",
    "FieldQuality",
    "ScoredFields",
    "field_errors",
    "field_key",
    "field_quality",
    "field_values",
    "score_fields",
]

Json = dict[str, Any]


class ScoredFields(JudgedRows, frozen=True, kw_only=True):
    """One candidate's extractions from n rows, beside the expected ones; F fields. All rows are in scope.

    A row is right when all its fields are: the exact match of the whole output.

    Attributes:
        fields: names, sorted; the columns of the three arrays below.
        hits: values of the guess that are expected, shape (n, F).
        given: values of the guess, shape (n, F).
        wanted: values expected, shape (n, F).
    """

    fields: tuple[str, ...]
    hits: Ints
    given: Ints
    wanted: Ints


def field_values(value: Any) -> Counter[str]:
    """A field's values as a multiset of canonical JSON: an array holds several, any other value is one.

    White space is collapsed and case kept; 3 equals 3.0; nothing (null, "", an empty array or object) is no value.

    Example:
        >>> field_values([" a  b", "a b", None]), field_values(3.0) == field_values(3), field_values("")
        (Counter({'"a b"': 2}), True, Counter())
    """
    plain = [_plain(item) for item in (value if isinstance(value, list) else [value])]
    return Counter(canonical_json(item).decode() for item in plain if not _is_nothing(item))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_plain(item) for item in value), key=canonical_json)
    return value


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def field_key(output: Json | None) -> str | None:
    """A text that two outputs share when all their fields hold the same values.

    Example:
        >>> field_key({"total": 3.0, "note": ""}) == field_key({"total": 3})
        True
    """
    if output is None:
        return None
    return canonical_json({name: sorted(found.elements()) for name, found in _by_field(output).items()}).decode()


def _by_field(output: Json | None) -> dict[str, Counter[str]]:
    found = {name: field_values(value) for name, value in (output or {}).items()}
    return {name: values for name, values in found.items() if values}


def score_fields(task: Task, examples: Sequence[Example], answers: Sequence[Answer], *, seed: int = 0) -> ScoredFields:
    """Lay extractions beside the expected outputs of labelled examples.

    Example:
        >>> from proveout.task import Answer, Example, Task
        >>> task = Task(name="t", kind="extract", input={}, output={"properties": {"total": {}, "date": {}}})
        >>> rows = [Example(id="1", inputs={}, expected={"total": 3, "date": "1 May"})]
        >>> found = score_fields(task, rows, [Answer(output={"total": 3, "date": "May"}, confidence=0.7)])
        >>> found.fields, found.hits.tolist(), found.guessed_right.tolist()
        (('date', 'total'), [[0, 1]], [False])
    """
    wanted = [_by_field(example.expected) for example in examples]
    given = [_by_field(guess_of(answer)) for answer in answers]
    fields = tuple(sorted(set(task.output_fields).union(*wanted, *given)))
    guessed = np.array([guess_of(answer) is not None for answer in answers], dtype=bool)
    abstained = np.array([answer.output is None for answer in answers], dtype=bool)
    exact = guessed & np.array([one == other for one, other in zip(wanted, given, strict=True)], dtype=bool)
    served_right = np.array([_serves(*row) for row in zip(wanted, given, answers, strict=True)], dtype=bool)
    common = [
        {name: one[name] & other[name] for name in one.keys() & other.keys()}
        for one, other in zip(wanted, given, strict=True)
    ]
    return ScoredFields(
        fields=fields,
        hits=_sizes(common, fields),
        given=_sizes(given, fields),
        wanted=_sizes(wanted, fields),
        in_scope=np.ones(len(examples), dtype=bool),
        rejected=abstained,
        guessed_right=exact,
        served_right=served_right,
        points=exact.astype(np.float64),
        confidence=np.array([answer.confidence for answer in answers], dtype=np.float64),
        seed=seed,
    )


def _serves(wanted: dict[str, Counter[str]], given: dict[str, Counter[str]], answer: Answer) -> bool:
    served = given if answer.output == guess_of(answer) else _by_field(answer.output)
    return answer.output is not None and served == wanted


def _sizes(rows: Sequence[dict[str, Counter[str]]], fields: Sequence[str]) -> Ints:
    counts = [[row[name].total() if name in row else 0 for name in fields] for row in rows]
    return np.array(counts, dtype=np.int64).reshape(len(rows), len(fields))


@metric("precision", "extract")
def precision(scored: ScoredFields) -> Estimate | None:
    """Share of the values it gave, with nothing rejected, that are expected; over all fields and rows."""
    return ratio(scored.hits.sum(axis=1), scored.given.sum(axis=1), scored.seed)


@metric("recall", "extract")
def recall(scored: ScoredFields) -> Estimate | None:
    """Share of the expected values that it gave, with nothing rejected."""
    return ratio(scored.hits.sum(axis=1), scored.wanted.sum(axis=1), scored.seed)


@metric("f1", "extract")
def f1(scored: ScoredFields) -> Estimate | None:
    """Micro-F1: twice the right values over values given plus values expected."""
    return ratio(2 * scored.hits.sum(axis=1), (scored.given + scored.wanted).sum(axis=1), scored.seed)


class FieldQuality(msgspec.Struct, frozen=True, kw_only=True):
    """Precision, recall and F1 of one field's values, and how many rows expect some; None where not defined."""

    field: str
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None
    n: int


def field_quality(scored: ScoredFields) -> tuple[FieldQuality, ...]:
    """Each field by itself, with nothing rejected."""
    columns = ((scored.hits[:, at], scored.given[:, at], scored.wanted[:, at]) for at in range(len(scored.fields)))
    return tuple(
        FieldQuality(
            field=name,
            precision=ratio(hits, given, scored.seed),
            recall=ratio(hits, wanted, scored.seed),
            f1=ratio(2 * hits, given + wanted, scored.seed),
            n=int(np.sum(wanted > 0)),
        )
        for name, (hits, given, wanted) in zip(scored.fields, columns, strict=True)
    )


class FieldErrors(msgspec.Struct, frozen=True, kw_only=True):
    """Rows on which one field went wrong: nothing given, something given where nothing is expected, another value."""

    field: str
    missing: int
    spurious: int
    wrong: int


def field_errors(scored: ScoredFields) -> tuple[FieldErrors, ...]:
    """Fields with an error, most frequent first; with nothing rejected.

    Example:
        >>> import numpy as np
        >>> one = np.array([True])
        >>> whole = {"in_scope": one, "rejected": ~one, "guessed_right": ~one, "served_right": ~one}
        >>> counts = {"hits": np.array([[0]]), "given": np.array([[0]]), "wanted": np.array([[1]])}
        >>> scored = ScoredFields(fields=("date",), points=np.zeros(1), confidence=np.ones(1), **whole, **counts)
        >>> field_errors(scored)
        (FieldErrors(field='date', missing=1, spurious=0, wrong=0),)
    """
    gives, wants = scored.given > 0, scored.wanted > 0
    differs = gives & wants & ((scored.hits < scored.given) | (scored.hits < scored.wanted))
    counts = [np.sum(mask, axis=0) for mask in (wants & ~gives, gives & ~wants, differs)]
    found = [
        FieldErrors(field=name, missing=int(missing), spurious=int(spurious), wrong=int(wrong))
        for name, missing, spurious, wrong in zip(scored.fields, *counts, strict=True)
    ]
    wrong_ones = [one for one in found if one.missing or one.spurious or one.wrong]
    return tuple(sorted(wrong_ones, key=lambda one: (-(one.missing + one.spurious + one.wrong), one.field)))
