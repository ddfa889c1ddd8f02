"""Prompts and answers in the conventions' form, whatever came."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.telemetry._content import input_messages, output_messages

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "input", "role", "content", "text", "choices", "delta", "message", "output", "type"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


def texts(messages: str) -> list[object]:
    return [part.get("content") for message in msgspec.json.decode(messages) for part in message["parts"]]


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": [{"role": "user", "content": "hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
        {"input": "hi"},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]},
        {"input": ["hi"]},
    ],
)
def test_inputs_of_each_api(request_: dict[str, object]) -> None:
    assert texts(input_messages(request_)) == ["hi"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"choices":[{"message":{"role":"assistant","content":"yes"}}]}',
        '{"output":[{"type":"message","content":[{"type":"output_text","text":"yes"}]}]}',
        'data: {"choices":[{"delta":{"content":"y"}}]}\n\ndata: {"choices":[{"delta":{"content":"es"}}]}\n\n',
        'data: {"choices":[{"delta":{"content":"yes"}}]}\n\ndata: [DONE]\n\n',
        'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"yes"}\n\n',
        ': comment\n\ndata: {"choices":[{"delta":{"content":"yes"}}]}\n\ndata: {"choices":[],"usage":{}}\n\n',
    ],
)
def test_answers_of_each_api(answer: str) -> None:
    assert texts(output_messages(answer)) == ["yes"]


@given(JSON, st.text(max_size=30))
def test_nothing_breaks_it(value: object, text: str) -> None:
    texts(input_messages(value))
    texts(output_messages(text))
    texts(output_messages(msgspec.json.encode(value).decode()))
    texts(output_messages(f"data: {msgspec.json.encode(value).decode()}\n\n"))


def test_a_line_separator_within_the_words_ends_no_line() -> None:
    said = "one\u0085two\u2028three"
    answer = f'data: {{"choices":[{{"delta":{{"content":"{said}"}}}}]}}\n\ndata: [DONE]\n\n'
    assert texts(output_messages(answer)) == [said]
