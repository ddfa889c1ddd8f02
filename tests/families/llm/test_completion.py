from __future__ import annotations

from typing import Any

import pytest

from proveout.families.llm._completion import read_completion
from proveout.families.llm._tokens import most_tokens

SENT = {"messages": [{"role": "user", "content": "where is my card?"}], "model": "m"}


def reply(message: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, **parts}]}


def test_tokens_are_estimated_and_marked_when_none_are_counted() -> None:
    found = read_completion(reply({"content": "{}"}), SENT)
    assert found.estimated
    assert 4 < found.tokens_in <= most_tokens(SENT)
    assert found.tokens_out == 1
    counted = read_completion(
        reply({"content": "{}"}) | {"usage": {"prompt_tokens": 3, "completion_tokens": None}}, SENT
    )
    assert (counted.tokens_in, counted.tokens_out, counted.estimated) == (3, 0, False)


def test_parts_tools_and_endings() -> None:
    parts = [{"type": "text", "text": '{"a"'}, {"type": "text", "text": ": 1}"}]
    assert read_completion(reply({"content": parts}), SENT).text == '{"a": 1}'
    call = {"function": {"name": "output", "arguments": '{"b": 2}'}}
    assert read_completion(reply({"content": None, "tool_calls": [call]}), SENT).text == '{"b": 2}'
    assert read_completion(reply({"content": "{"}, finish_reason="length"), SENT).cut
    assert read_completion(reply({"content": ""}, finish_reason="content_filter"), SENT).refused


def test_log_probabilities_add_up() -> None:
    given = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -0.25}]}
    assert read_completion(reply({"content": "ab"}, logprobs=given), SENT).logprob == -0.75
    assert read_completion(reply({"content": "ab"}, logprobs=None), SENT).logprob is None
    assert read_completion(reply({"content": "ab"}, logprobs={"content": []}), SENT).logprob is None


@pytest.mark.parametrize(
    "said", [[], {}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": None}]}, "x", None, 3]
)
def test_what_is_no_completion(said: Any) -> None:
    with pytest.raises((KeyError, IndexError, TypeError, ValueError, AttributeError)):
        read_completion(said, SENT)
