from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proveout.errors import BuildFailed
from proveout.families._calibration import NEVER
from proveout.families._fields import (
    FieldForm,
    assembled,
    calibrated,
    extracted,
    field_forms,
    fits_fields,
    output_key,
    spellings,
    threshold_said,
)
from proveout.families._spans import Span
from proveout.task import Example, Task


def make(properties: dict[str, Any]) -> Task:
    inputs = {"type": "object", "properties": {"text": {"type": "string"}}}
    return Task(name="t", kind="extract", input=inputs, output={"type": "object", "properties": properties})


def form_of(schema: Any, *rows: tuple[str, Any]) -> FieldForm:
    task = make({"f": schema})
    examples = [
        Example(id=str(at), inputs={"text": text}, expected=expected) for at, (text, expected) in enumerate(rows)
    ]
    return field_forms(task, extracted(task, examples), "distilled")[0]


@pytest.mark.parametrize(
    ("schema", "ok"),
    [
        ({"type": "string"}, True),
        ({"type": ["number", "null"]}, True),
        ({"type": "array", "items": {"type": "string"}}, True),
        ({"type": "array"}, True),
        ({"enum": ["a", 1]}, True),
        ({}, True),
        (True, True),
        ({"type": "object"}, False),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"type": "array", "items": {"type": "array"}}, False),
    ],
)
def test_which_fields_can_be_learned(schema: Any, *, ok: bool) -> None:
    fit = fits_fields(make({"f": schema}))
    assert fit.ok == ok
    assert ok or "field f" in fit.reason


@pytest.mark.parametrize(
    ("schema", "rows", "expected"),
    [
        ({"type": "string"}, [("to Bonn", {"f": "Bonn"})], {"in_text": True}),
        ({"type": "string"}, [("to Bonn", {"f": "west"})], {"in_text": False}),
        ({"enum": ["Bonn"]}, [("to Bonn", {"f": "Bonn"})], {"in_text": False}),
        ({"type": "boolean"}, [("true", {"f": True})], {"in_text": False}),
        ({"type": "array"}, [("a b", {"f": ["a", "b"]})], {"in_text": True, "many": True}),
        ({}, [("3 nights", {"f": 3})], {"in_text": True, "numeric": True}),
        ({}, [("x", {"f": "x"}), ("y", {"f": None}), ("z", {"f": None}), ("z", {})], {"empty": (None,)}),
        ({}, [("x", {"f": "x"}), ("y", {"f": ""}), ("z", {}), ("z", {})], {"empty": ()}),
    ],
)
def test_how_a_field_is_learned(schema: Any, rows: list[tuple[str, Any]], expected: dict[str, Any]) -> None:
    form = form_of(schema, *rows)
    assert {name: getattr(form, name) for name in expected} == expected


@pytest.mark.parametrize("rows", [[], [("", {"f": "x"})], [("text", {"f": None})], [("text", {})]])
def test_rows_without_a_value_are_nothing_to_learn(rows: list[tuple[str, Any]]) -> None:
    with pytest.raises(BuildFailed, match="nothing to learn"):
        form_of({"type": "string"}, *rows)


def test_the_incumbent_teaches_where_nothing_is_expected() -> None:
    task = make({"f": {"type": "string"}})
    rows = [
        Example(id="1", inputs={"text": "a b"}, incumbent={"f": "b"}),
        Example(id="2", inputs={"text": "a b"}, expected={}, incumbent={"f": "b"}),
    ]
    found = extracted(task, rows)
    assert (found.outputs, found.from_incumbent) == ([{"f": "b"}, {}], 1)


def test_an_output_is_put_together() -> None:
    forms = [
        FieldForm(name="city", in_text=True),
        FieldForm(name="names", in_text=True, many=True, empty=([],)),
        FieldForm(name="nights", in_text=True, numeric=True, empty=(None,)),
        FieldForm(name="room", in_text=False),
    ]
    text = "to  bonn or ulm for two"
    spans = [Span(4, 8, "city"), Span(12, 15, "city"), Span(20, 23, "nights")]
    output = assembled(forms, text, spans, {"room": "double"}, {"city": {"bonn": "Bonn"}})
    assert output == {"city": "Bonn", "names": [], "nights": None, "room": "double"}


def test_outputs_are_compared_by_their_values() -> None:
    assert output_key({"a": ["x", "y"], "n": 3.0, "e": []}) == output_key({"a": ["y", "x"], "n": 3})
    assert output_key({"a": "x  y"}) == output_key({"a": ["x y"]})
    assert output_key({"a": "X"}) != output_key({"a": "x"})


def test_the_threshold_holds_back_wrong_answers() -> None:
    scores, right = np.linspace(-1, 1, 200), np.arange(200) >= 50
    calibrator, threshold = calibrated(scores, right)
    held_back = scores < threshold
    assert held_back[~right].all()
    assert held_back[right].mean() <= 0.01
    low, high = calibrator(np.array([-1.0, 1.0]))
    assert low < 0.2
    assert high > 0.8
    assert threshold_said(threshold)["threshold"]["chosen_on"] == "select"


@pytest.mark.parametrize("right", [[], [True], [False], [True] * 9])
def test_few_rows_give_a_confidence_all_the_same(right: list[bool]) -> None:
    calibrator, threshold = calibrated(np.zeros(len(right)), np.array(right, dtype=bool))
    assert 0 < float(calibrator(np.zeros(1))[0]) < 1
    assert (threshold, threshold_said(threshold)) == (NEVER, {})


def test_a_spelling_is_learned_where_values_are_no_copies() -> None:
    task = make({"code": {"type": "string"}, "name": {"type": "string"}})
    texts = [f"{'eur' if at % 2 else 'EUR'} for {'Ann' if at % 2 else 'ann'}" for at in range(10)]
    rows = [
        Example(id=text, inputs={"text": text}, expected={"code": "EUR", "name": text.split()[2]}) for text in texts
    ]
    found = extracted(task, rows)
    assert spellings(field_forms(task, found, "distilled"), found) == {"code": {"eur": "EUR"}}
