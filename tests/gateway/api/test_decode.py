from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import RequestInvalid
from proveout.gateway.api import (
    ChatRequest,
    EmbeddingsRequest,
    ResponsesRequest,
    decode_chat,
    decode_embeddings,
    decode_responses,
)

USER = [{"role": "user", "content": "hi"}]
CHAT = {"model": "desk", "messages": USER}


def refused(decode: Any, body: dict[str, Any]) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as caught:
        decode(json.dumps(body).encode())
    return caught.value


def test_a_request_as_the_official_client_sends_it() -> None:
    body = CHAT | {
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}], "refusal": None},
            {"role": "tool", "content": "4", "tool_call_id": "1"},
            {"role": "user", "name": "ann", "content": [{"type": "text", "text": "hi"}]},
        ],
        "temperature": 1,
        "stop": ["\n"],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "logit_bias": {"50256": -100},
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}, "strict": True}},
        "metadata": {"evidence": "true"},
        "seed": -3,
    }
    found = decode_chat(json.dumps(body).encode())
    assert [one.role for one in found.messages] == ["developer", "assistant", "tool", "user"]
    assert found.temperature == 1.0
    assert found.response_format
    assert found.response_format.json_schema
    assert found.response_format.json_schema.schema == {}


@pytest.mark.parametrize("decode", [decode_chat, decode_responses, decode_embeddings])
def test_an_unknown_parameter_is_refused_in_the_words_of_the_api(decode: Any) -> None:
    body = {"model": "m", "messages": USER, "input": "hi", "colour": 3}
    allowed = {decode_chat: "messages", decode_responses: "input", decode_embeddings: "input"}[decode]
    error = refused(decode, {name: value for name, value in body.items() if name in {"model", allowed, "colour"}})
    assert error.what == "Unrecognized request argument supplied: colour"
    assert error.param == "colour"


@pytest.mark.parametrize(
    ("change", "what", "param"),
    [
        ({"messages": []}, "Invalid 'messages': empty array.", "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "Invalid value: 'king'", "messages[0].role"),
        ({"messages": [{"content": "x"}]}, "Missing required parameter: 'messages[0].role'", "messages[0].role"),
        ({"messages": "hi"}, "Invalid type for 'messages': expected an array, but got a string instead", "messages"),
        ({"temperature": 2.5}, "Invalid 'temperature': decimal above maximum value.", "temperature"),
        ({"n": 0}, "Invalid 'n': integer below minimum value.", "n"),
        ({"stop": []}, "Invalid", "stop"),
        ({"response_format": {"type": "xml"}}, "Invalid value: 'xml'", "response_format.type"),
        ({"metadata": {"a": 1}}, "Invalid type for 'metadata[...]'", "metadata[...]"),
    ],
)
def test_what_is_wrong_of_a_chat_is_named(change: dict[str, Any], what: str, param: str) -> None:
    error = refused(decode_chat, CHAT | change)
    assert error.what.startswith(what)
    assert error.param == param


@pytest.mark.parametrize("tokens", [[1, 2], [[1, 2], [3]]])
def test_arrays_of_tokens_are_refused_by_name(tokens: list[Any]) -> None:
    error = refused(decode_embeddings, {"model": "m", "input": tokens})
    assert error.what == "arrays of tokens are not taken"
    assert error.param == "input"


@pytest.mark.parametrize("texts", ["", [], ["a", ""], ["a"] * 2049, [1.5], {}, None])
def test_inputs_that_are_no_texts_are_refused(texts: Any) -> None:
    assert refused(decode_embeddings, {"model": "m", "input": texts}).param.startswith("input")


def test_responses_take_a_text_or_items() -> None:
    assert decode_responses(b'{"model": "m", "input": "hi"}').input == "hi"
    items = [{"role": "user", "content": "hi"}, {"type": "function_call_output", "call_id": "1", "output": "x"}]
    found = decode_responses(json.dumps({"model": "m", "input": items}).encode()).input
    assert not isinstance(found, str)
    assert [(one.type, one.role) for one in found] == [("message", "user"), ("function_call_output", None)]


@given(
    st.sampled_from([ChatRequest, ResponsesRequest, EmbeddingsRequest]),
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    st.data(),
)
def test_no_value_of_a_parameter_does_anything_but_fit_or_be_refused(
    kind: Any, value: Any, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(kind.__struct_fields__))
    decode = {ChatRequest: decode_chat, ResponsesRequest: decode_responses, EmbeddingsRequest: decode_embeddings}[kind]
    first = {"messages": USER} if kind is ChatRequest else {"input": "hi"}
    try:
        body = json.dumps({"model": "m", **first, name: value}).encode()
        found = decode(body)
    except RequestInvalid as error:
        assert error.param.split(".")[0].split("[")[0] == name or "could not parse" in error.what
    else:
        assert msgspec.to_builtins(getattr(found, name)) is not NotImplemented
