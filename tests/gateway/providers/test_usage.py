from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.providers._usage import Tokens, estimate_in, estimate_out, tokens_of, tokens_of_events


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 5}}, Tokens("m", 3, 5, counted=True)),
        ({"model": "m", "usage": {"input_tokens": 3, "output_tokens": 5}}, Tokens("m", 3, 5, counted=True)),
        ({"model": "m", "usage": {"prompt_tokens": 3, "total_tokens": 3}}, Tokens("m", 3, 0, counted=True)),
        (
            {"response": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 5}}},
            Tokens("m", 3, 5, counted=True),
        ),
        ({"model": "m"}, Tokens("m")),
        ({"model": "m", "usage": None}, Tokens("m")),
        ({"model": "m", "usage": {}}, Tokens("m")),
        # A provider that lies must not fill up a budget, nor break the answer.
        ({"model": "m", "usage": {"prompt_tokens": -(10**9), "completion_tokens": 5}}, Tokens()),
        ({"model": "m", "usage": {"prompt_tokens": 10**30, "completion_tokens": 5}}, Tokens()),
        ({"model": "m", "usage": {"prompt_tokens": "many"}}, Tokens()),
        ({"model": 7, "usage": []}, Tokens()),
    ],
)
def test_tokens_are_read_or_left_open(body: dict[str, Any], tokens: Tokens) -> None:
    assert tokens_of(json.dumps(body).encode()) == tokens


@given(body=st.binary(max_size=200))
def test_what_is_no_json_object_is_an_error_of_one_kind(body: bytes) -> None:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    try:
        tokens_of(body)
    except msgspec.DecodeError:
        return
    assert isinstance(value, dict)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"", b'{"usage":{"prompt_tokens":"x"},', b"<html>"])
def test_half_a_body_is_an_error_also_where_its_beginning_is_odd(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        tokens_of(body)


@given(data=st.binary(max_size=300))
def test_any_bytes_can_be_events(data: bytes) -> None:
    assert tokens_of_events(b'data: {"usage":' + data).tokens_in >= 0
    assert estimate_out(data, stream=True) >= 0


def test_the_last_usage_of_a_stream_counts() -> None:
    events = b'data: {"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
    events += b'data: {"model":"m","usage":{"prompt_tokens":1,"completion_tokens":7}}\r\n\r\ndata: {"usage":null}\n\n'
    assert tokens_of_events(events) == Tokens("m", 1, 7, counted=True)


def test_usage_in_what_the_model_wrote_counts_for_nothing() -> None:
    written = json.dumps({"usage": {"prompt_tokens": 10**6, "completion_tokens": 10**6}})
    events = f"data: {json.dumps({'model': 'm', 'choices': [{'delta': {'content': written}}]})}\n\n".encode()
    assert not tokens_of_events(events).counted


def test_a_prompt_is_estimated_by_its_texts_and_not_by_its_pictures() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10**6}}
    body = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "word " * 400}, picture]}]}
    assert 1400 < estimate_in(json.dumps(body).encode()) < 1700


def test_prompts_as_tokens_are_counted() -> None:
    assert estimate_in(b'{"model":"m","input":[[1,2,3],[4,5]]}') == 5


def test_completions_are_estimated_by_deltas_or_their_length() -> None:
    def chunk(text: str) -> bytes:
        return f'data: {{"choices":[{{"delta":{{"content":"{text}"}}}}]}}\n\n'.encode()

    assert estimate_out(chunk("a") * 10, stream=True) == 10
    assert estimate_out(chunk("a" * 400), stream=True) == 100
    tool = b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}\n\n'
    assert estimate_out(tool * 3, stream=True) == 3
    typed = b'data: {"type":"response.output_text.delta","delta":"Hi"}\n\ndata: {"type":"response.created"}\n\n'
    assert estimate_out(typed, stream=True) == 1
    assert estimate_out(b'{"choices":[{"message":{"content":"12345678"}}]}', stream=False) == 2


@pytest.mark.parametrize("number", [b"1e999", b"1" * 5000])
def test_a_number_that_nobody_can_hold_keeps_nothing_from_being_counted(number: bytes) -> None:
    """It is valid JSON, and a client that sends it must not be billed for nothing."""
    body = b'{"messages":[{"content":"' + b"x" * 400 + b'"}],"x":' + number + b"}"
    assert estimate_in(body) >= 100
    assert estimate_out(body, stream=False) == 0
