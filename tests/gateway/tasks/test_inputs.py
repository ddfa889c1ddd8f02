from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import RequestInvalid
from proveout.gateway.tasks._inputs import InputReader, OutputGuard
from proveout.testing import make_task

TWO = {
    "type": "object",
    "required": ["subject", "amount"],
    "properties": {"subject": {"type": "string", "minLength": 1}, "amount": {"type": "number", "minimum": 0}},
}


def schema(**field: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["text"], "properties": {"text": field}}


@given(st.text())
def test_one_text_field_takes_the_message_as_it_is(text: str) -> None:
    assert InputReader(make_task()).read(text, "messages") == {"text": text}


def test_json_in_a_message_to_a_text_field_is_text() -> None:
    assert InputReader(make_task()).read('{"text": "x"}', "messages") == {"text": '{"text": "x"}'}


def test_one_text_field_keeps_the_limits_of_its_schema() -> None:
    reader = InputReader(make_task(input=schema(type="string", maxLength=3)))
    assert reader.read("abc", "input") == {"text": "abc"}
    with pytest.raises(RequestInvalid, match=r"\$\.text") as caught:
        reader.read("abcd", "input")
    assert caught.value.param == "input"


def test_several_fields_take_a_json_object() -> None:
    reader = InputReader(make_task(input=TWO))
    assert reader.read('{"subject": "s", "amount": 2}', "messages") == {"subject": "s", "amount": 2}


@pytest.mark.parametrize("type_", ["integer", "object", ["integer", "null"]])
def test_one_field_that_is_no_text_takes_a_json_object_too(type_: Any) -> None:
    reader = InputReader(make_task(input=schema(type=type_)))
    value: Any = {} if type_ == "object" else 3
    assert reader.read(json.dumps({"text": value}), "messages") == {"text": value}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "it is not JSON"),
        ("", "it is not JSON"),
        ("[1]", "it is no JSON object"),
        ('{"subject": NaN}', "it is not JSON"),
        ('{"subject": "s", "amount": 1, "more": 2}', "the task has no field 'more'"),
        ('{"subject": "s"}', "$: 'amount' is a required property"),
        ('{"subject": "s", "amount": -1}', "$.amount: -1 is less than the minimum of 0"),
        ('{"subject": "", "amount": 1}', "$.subject:"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_wrong_is_named(text: str, why: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        InputReader(make_task(input=TWO)).read(text, "messages")
    assert caught.value.why.startswith(why)
    assert len(caught.value.why) <= 200
    if "schema" not in caught.value.what:
        assert "amount, subject" in caught.value.fix


@given(
    st.text() | st.dictionaries(st.sampled_from(["subject", "amount", "x"]), st.text() | st.floats()).map(json.dumps)
)
def test_what_is_read_is_of_the_schema_or_refused(text: str) -> None:
    try:
        found = InputReader(make_task(input=TWO)).read(text, "messages")
    except RequestInvalid:
        return
    assert jsonschema.Draft202012Validator(TWO).is_valid(found)


def test_outputs_are_checked() -> None:
    guard = OutputGuard(make_task())
    assert guard.problem({"intent": "card"}) == ""
    assert guard.problem({"intent": "nonsense"}).startswith("$.intent: 'nonsense' is not one of")
