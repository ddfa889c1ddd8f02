from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway import RequestServed
from proveout.gateway.traffic import Said, said_in

SYSTEM = {"role": "system", "content": "You sort messages."}


def record(asked: Any, answer: str = "", *, stream: bool = False) -> RequestServed:
    return RequestServed(
        id="1", operation="chat", received=0, model="m", status=200, input=asked, answer=answer, stream=stream
    )


def replied(text: str) -> str:
    return msgspec.json.encode({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}).decode()


def test_a_chat() -> None:
    asked = {"messages": [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "where is it?"}]}]}
    expected = Said(template="You sort messages.", text="where is it?", answer="lost")
    assert said_in(record(asked, replied("lost"))) == expected


def test_the_last_user_message_counts() -> None:
    turns = [{"role": role, "content": text} for role, text in (("user", "a"), ("assistant", "b"), ("user", "c"))]
    found = said_in(record({"messages": turns}))
    assert found is not None
    assert found.text == "c"


def test_a_streamed_chat_is_put_together() -> None:
    def event(text: str, index: int = 0) -> str:
        return "data: " + msgspec.json.encode({"choices": [{"index": index, "delta": {"content": text}}]}).decode()

    events = "\n\n".join([event("lo"), event("other choice", 1), event("st"), "data: [DONE]", ""])
    found = said_in(record({"messages": [{"role": "user", "content": "x"}]}, events, stream=True))
    assert found is not None
    assert found.answer == "lost"


def test_a_line_separator_within_the_words_ends_no_line() -> None:
    said = "one\u0085two\u2028three"
    events = f'data: {{"choices":[{{"index":0,"delta":{{"content":"{said}"}}}}]}}\r\n\r\ndata: [DONE]\r\n\r\n'
    found = said_in(record({"messages": [{"role": "user", "content": "x"}]}, events, stream=True))
    assert found is not None
    assert found.answer == said


def test_a_response() -> None:
    output = [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "lost"}]}]
    asked = {"instructions": "You sort.", "input": "where is it?"}
    found = said_in(record(asked, msgspec.json.encode({"output": output}).decode()))
    assert found == Said(template="You sort.", text="where is it?", answer="lost")


def test_a_streamed_response() -> None:
    deltas = [{"type": "response.output_text.delta", "delta": text} for text in ("lo", "st")]
    events = "".join(f"event: x\ndata: {msgspec.json.encode(one).decode()}\n\n" for one in deltas)
    found = said_in(record({"input": [{"role": "user", "content": "x"}]}, events, stream=True))
    assert found is not None
    assert found.answer == "lost"


@pytest.mark.parametrize("asked", [None, 5, "text", {"input": [1, 2]}, {"messages": {}}, {"model": "m"}])
def test_what_holds_no_messages_says_nothing(asked: Any) -> None:
    assert said_in(record(asked)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "delta", "output", "type", "text"]), inner)
    ),
    max_leaves=12,
)


@given(asked=JSON, answer=JSON, stream=st.booleans())
def test_whatever_a_provider_answered_is_read_without_an_error(asked: Any, answer: Any, *, stream: bool) -> None:
    text = msgspec.json.encode(answer).decode()
    said_in(record({"messages": asked}, f"data: {text}\n\n" if stream else text, stream=stream))
