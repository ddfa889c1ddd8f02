from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proveout.families.llm._request import json_of, request
from proveout.task import Incumbent

CLOSED = {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(("output", "strict"), [(CLOSED, True), (CLOSED | {"required": []}, False), ({}, False)])
def test_a_schema_is_strict_when_providers_take_it_so(output: dict[str, Any], strict: bool) -> None:  # noqa: FBT001
    body = request(Incumbent(model="m"), output, [], 5)
    assert body["response_format"]["json_schema"] == {"name": "output", "schema": output, "strict": strict}
    assert (body["seed"], body["max_tokens"], body["temperature"], body["logprobs"]) == (5, 1024, 0, True)


def test_a_tool_is_forced() -> None:
    body = request(Incumbent(model="m", output_mode="tool", logprobs=False), CLOSED, [], 0)
    assert body["tools"][0]["function"]["parameters"] == CLOSED
    assert body["tool_choice"]["function"]["name"] == body["tools"][0]["function"]["name"]
    assert "response_format" not in body
    assert "logprobs" not in body


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '```json\n{"a": 1}\n```', '```\n{"a": 1}```', ' ```json\n{"a":\n1}\n``` \n']
)
def test_a_fence_is_taken_off(text: str) -> None:
    assert json_of(text) == {"a": 1}


@pytest.mark.parametrize("text", ["", "```json\n```", "Sure! {}", "```json\n{"])
def test_prose_is_no_json(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        json_of(text)
