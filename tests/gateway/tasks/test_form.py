from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.tasks._form import conflict
from proveout.gateway.tasks._inputs import fits_form

TASK: dict[str, Any] = {
    "type": "object",
    "required": ["intent"],
    "properties": {
        "intent": {"type": "string", "enum": ["card", "refund"]},
        "note": {"type": ["string", "null"]},
        "amounts": {"type": "array", "items": {"type": "integer"}},
        "code": {"type": "string", "pattern": "^[A-Z]+$"},
    },
}
STRICT = {
    "type": "object",
    "properties": {"intent": {"type": "string"}},
    "required": ["intent"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "wanted",
    [
        TASK,
        {},
        {"type": "object"},
        {"type": ["object", "null"], "title": "Any"},
        STRICT,
        {"properties": {"amounts": {"type": "array", "items": {"type": "number"}}}},
        {"properties": {"note": {"anyOf": [{"type": "string"}, {"type": ["null", "string"]}]}}},
        {"properties": {"intent": {"enum": ["refund", "card", "other"]}, "code": {"pattern": "^[A-Z]+$"}}},
    ],
)
def test_forms_that_the_answers_are_of(wanted: dict[str, Any]) -> None:
    assert conflict(wanted, TASK) == ""


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"type": "array"}, "$:"),
        ({"type": 5}, "$:"),
        ({"type": [{}]}, "$:"),
        ({"properties": {"intent": {"type": "integer"}}}, "$.intent:"),
        ({"properties": {"intent": {"enum": ["card"]}}}, "$.intent:"),
        ({"properties": {"intent": {"const": "card"}}}, "$.intent:"),
        ({"properties": {"note": {"type": "string"}}}, "$.note:"),
        ({"properties": {"amounts": {"items": {"type": "string"}}}}, "$.amounts[]:"),
        ({"properties": {"price": {}}}, "$:"),
        ({"properties": {"intent": True}}, "$.intent:"),
        ({"properties": []}, "$:"),
        ({"required": ["price"]}, "$:"),
        ({"required": [{}]}, "$:"),
        ({"additionalProperties": {"type": "string"}}, "$:"),
        ({"properties": {"code": {"pattern": "(a+)+$"}}}, "$.code:"),
        ({"$ref": "https://example.com/schema.json"}, "$:"),
        ({"anyOf": [{"type": "object"}, {"$ref": "https://example.com/schema.json"}]}, "$:"),
        ({"anyOf": [{"type": "object"}, {"properties": {"intent": {"pattern": "(a+)+$"}}}]}, "$:"),
        ({"anyOf": [{"anyOf": []}]}, "$:"),
        ({"anyOf": [3]}, "$:"),
        ({"anyOf": []}, "$:"),
        ({"not": {}}, "$:"),
    ],
)
def test_forms_that_are_not_promised_name_the_place(wanted: dict[str, Any], path: str) -> None:
    assert conflict(wanted, TASK).startswith(path)


OUTPUTS = st.fixed_dictionaries(
    {"intent": st.sampled_from(["card", "refund"])},
    optional={
        "note": st.none() | st.text(max_size=3),
        "amounts": st.lists(st.integers(), max_size=2),
        "code": st.sampled_from(["A", "BC"]),
    },
)
WORDS = st.sampled_from(["object", "array", "string", "integer", "number", "null", "boolean"])
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": WORDS | st.lists(WORDS, max_size=3),
        "enum": st.lists(st.sampled_from(["card", "refund", "x", None]), max_size=3),
        "const": st.sampled_from(["card", 1]),
        "title": st.text(max_size=2),
    },
)
FORMS = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": WORDS,
            "properties": st.dictionaries(st.sampled_from(["intent", "note", "amounts", "code"]), inner, max_size=3),
            "items": inner,
            "anyOf": st.lists(inner, max_size=2),
            "additionalProperties": st.booleans().filter(bool),
        },
    ),
    max_leaves=8,
)


@given(FORMS, OUTPUTS)
def test_without_a_conflict_every_output_of_the_task_is_of_the_form(
    form: dict[str, Any], output: dict[str, Any]
) -> None:
    assert jsonschema.Draft202012Validator(TASK).is_valid(output)
    if conflict(form, TASK) == "":
        assert fits_form(form, output) == ""


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "enum", "required", "intent"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf", "enum", "required", "const"]), ANY))
def test_no_form_from_outside_breaks_the_comparison_or_the_check(form: dict[str, Any]) -> None:
    if conflict(form, TASK) == "":
        fits_form(form, {"intent": "card"})
