"""Labelled rows of kind ``extract`` as texts and spans, for the families that learn to find fields."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BuildFailed
from proveout.families._calibration import NEVER, Calibrator, fit_calibrator, rejection_threshold
from proveout.families._protocol import Fit
from proveout.families._spans import Span, align, number_of, values_of
from proveout.task import Example, Step, canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from proveout.task import Task

    Array = np.ndarray[Any, Any]

__all__ = [
    "Extracted",
    "FieldForm",
    "assembled",
    "calibrated",
    "closed_key",
    "extracted",
    "field_forms",
    "fits_fields",
    "output_key",
    "span_step",
    "spellings",
    "threshold_said",
]

Json = dict[str, Any]

SCALARS = {"string", "integer", "number", "boolean", "null"}
# Share of a field's rows whose values must stand in the text for them to be read from it.
IN_TEXT = 0.5
# Share of a field's values that must be spelled unlike the text for spellings to be learned.
RESPELLED = 0.05
DIGITS = 4


class FieldForm(msgspec.Struct, frozen=True, kw_only=True):
    """How one output field is learned.

    Attributes:
        name: of the field.
        in_text: its values are spans of the text; otherwise one of the values seen.
        many: its value is an array.
        numeric: its values are numbers.
        empty: how a row without a value is written: ``()`` leaves the field out.
    """

    name: str
    in_text: bool
    many: bool = False
    numeric: bool = False
    empty: tuple[Any, ...] = ()


class Extracted(msgspec.Struct, frozen=True):
    """Rows with an expected output each.

    Attributes:
        texts: of the rows.
        outputs: theirs.
        spans: of the values that stand in the text.
        missing: fields with a value that does not.
        examples: the rows.
        from_incumbent: how many outputs are the incumbent's recorded answers.
    """

    texts: list[str]
    outputs: list[Json]
    spans: list[tuple[Span, ...]]
    missing: list[set[str]]
    examples: list[Example]
    from_incumbent: int


def fits_fields(task: Task) -> Fit:
    """Whether every output field can be learned: texts, numbers, booleans, closed sets, and arrays of these."""
    for name in task.output_fields:
        schema = task.output["properties"][name]
        types = _types(schema)
        if "array" in types:
            items = schema.get("items", {})
            types = (types - {"array"}) | (_types(items) if isinstance(items, dict) else {"object"})
        if not types <= SCALARS:
            return Fit(ok=False, reason=f"it learns texts, numbers and closed sets, and the field {name} is an object")
    return Fit(ok=True)


def _types(schema: Any) -> set[str]:
    stated = schema.get("type", []) if isinstance(schema, dict) else []
    return {stated} if isinstance(stated, str) else set(stated)


def extracted(task: Task, examples: Sequence[Example]) -> Extracted:
    """The rows that have an output and a text: the expected output, or the incumbent's where there is none."""
    found = Extracted([], [], [], [], [], 0)
    taught = 0
    for example in examples:
        given = example.incumbent if example.expected is None else example.expected
        text = task.text(example.inputs)
        if given is None or not text.strip():
            continue
        taught += example.expected is None
        output = {name: given[name] for name in task.output_fields if name in given}
        spans, missing = align(text, output)
        found.texts.append(text)
        found.outputs.append(output)
        found.spans.append(spans)
        found.missing.append(missing)
        found.examples.append(example)
    return msgspec.structs.replace(found, from_incumbent=taught)


def field_forms(task: Task, rows: Extracted, family: str) -> tuple[FieldForm, ...]:
    """How each field is learned, by its schema and by where its values stand in the rows.

    Raises:
        BuildFailed: there are no rows, or none of them has a value.
    """
    if not any(values_of(value) for output in rows.outputs for value in output.values()):
        why = f"{len(rows.outputs)} rows of the TrainSplit have an expected output, none of them with a value"
        raise BuildFailed("nothing to learn", why=why, fix="add labelled examples to data.examples", about=family)
    return tuple(_form(name, task.output["properties"][name], rows) for name in task.output_fields)


def _form(name: str, schema: Any, rows: Extracted) -> FieldForm:
    given = [(output.get(name), name in missing) for output, missing in zip(rows.outputs, rows.missing, strict=True)]
    filled = [(value, away) for value, away in given if values_of(value)]
    items = schema.get("items", {}) if "array" in _types(schema) else schema
    closed = isinstance(items, dict) and (_types(items) == {"boolean"} or "enum" in items or "const" in items)
    absent = Counter(
        canonical_json([output[name]] if name in output else [])
        for output in rows.outputs
        if not values_of(output.get(name))
    )
    values = [one for value, _ in filled for one in values_of(value)]
    return FieldForm(
        name=name,
        in_text=not closed and sum(not away for _, away in filled) >= max(1, IN_TEXT * len(filled)),
        many="array" in _types(schema) or any(isinstance(value, list) for value, _ in filled),
        numeric=bool(values) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values),
        empty=tuple(msgspec.json.decode(min(absent, key=lambda one: (-absent[one], one)))) if absent else (),
    )


def spellings(forms: Sequence[FieldForm], rows: Extracted) -> dict[str, dict[str, str]]:
    """By field, the value that a text stands for in any case, where values are often spelled unlike the text.

    Where nearly all values are copies of the text, one that is not says nothing of the next.

    Example:
        >>> rows = Extracted(["to bonn"], [{"city": "Bonn"}], [align("to bonn", {"city": "Bonn"})[0]], [set()], [], 0)
        >>> spellings([FieldForm(name="city", in_text=True)], rows)
        {'city': {'bonn': 'Bonn'}}
    """
    counts: dict[str, dict[str, Counter[str]]] = {form.name: {} for form in forms if form.in_text}
    seen, changed = Counter[str](), Counter[str]()
    for text, output, spans in zip(rows.texts, rows.outputs, rows.spans, strict=True):
        for span in spans:
            found = _collapsed(text[span.start : span.end])
            same = {
                _collapsed(str(one)) for one in values_of(output[span.field]) if _folded(str(one)) == _folded(found)
            }
            if span.field in counts and same:
                value = found if found in same else min(same)
                counts[span.field].setdefault(_folded(found), Counter())[value] += 1
                seen[span.field] += 1
                changed[span.field] += value != found
    return {
        name: {text: min(values, key=lambda one: (-values[one], one)) for text, values in by_text.items()}
        for name, by_text in counts.items()
        if changed[name] > RESPELLED * seen[name]
    }


def _collapsed(text: str) -> str:
    return " ".join(text.split())


def _folded(text: str) -> str:
    return _collapsed(text).lower()


def assembled(
    forms: Sequence[FieldForm],
    text: str,
    spans: Sequence[Span],
    closed: Mapping[str, Any],
    spelled: Mapping[str, Mapping[str, str]],
) -> Json:
    """The output: values of spans by field, beside the closed fields' values.

    Args:
        forms: of all fields.
        text: that the spans stand in; likeliest span first, which a field of one value takes.
        spans: found in the text.
        closed: value by field; None for no value.
        spelled: what `spellings` gave.
    """
    output: Json = {}
    for form in forms:
        if form.in_text:
            texts = [_collapsed(text[span.start : span.end]) for span in spans if span.field == form.name]
            values = values_of([_value(form, spelled.get(form.name, {}).get(one.lower(), one)) for one in texts])
            value = values if form.many else next(iter(values), None)
        else:
            value = closed.get(form.name)
        if values_of(value):
            output[form.name] = value
        elif form.empty:
            output[form.name] = form.empty[0]
    return output


def _value(form: FieldForm, text: str) -> Any:
    if not form.numeric:
        return text
    number = number_of(text)
    return int(number) if number is not None and number.is_integer() else number


def closed_key(value: Any) -> str:
    """A text for the value of a closed field, in which no value is ``null``; `msgspec.json.decode` gives it back.

    Example:
        >>> closed_key("a"), closed_key([]), closed_key(True)
        ('"a"', 'null', 'true')
    """
    return canonical_json(value if values_of(value) else None).decode()


def output_key(output: Json) -> str:
    """A text that two outputs share when all their fields hold the same values, in any order and white space.

    Example:
        >>> output_key({"a": ["x", "y"], "b": None}) == output_key({"a": ["y", "x"]})
        True
    """
    by_field = {name: sorted(_value_key(one) for one in values_of(value)) for name, value in output.items()}
    return canonical_json({name: found for name, found in by_field.items() if found}).decode()


def _value_key(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return canonical_json(_collapsed(value) if isinstance(value, str) else value).decode()


def calibrated(scores: Array, right: Array) -> tuple[Calibrator, float]:
    """Confidence from scores, and the score below which an answer is held back.

    The threshold holds back as many wrong answers as it can for one right answer in a hundred.

    Args:
        scores: shape (n,), of rows of the SelectSplit.
        right: shape (n,); whether all fields were right.
    """
    return fit_calibrator(scores, right), rejection_threshold(scores[right], right[right], scores[~right])


def threshold_said(threshold: float) -> Json:
    """What a card says of the threshold that `calibrated` gave."""
    return {} if threshold == NEVER else {"threshold": {"value": threshold, "chosen_on": "select"}}


def span_step(span: Span, text: str, confidence: float) -> Step:
    """How an answer shows where a field's value stands in the input's text."""
    value = {"start": span.start, "end": span.end, "text": text[span.start : span.end]}
    return Step(name=span.field, output={**value, "confidence": round(confidence, DIGITS)})
