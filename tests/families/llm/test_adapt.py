from __future__ import annotations

from typing import Any

import pytest

from proveout.families.llm._adapt import Adapter

FULL: dict[str, Any] = {
    "model": "m",
    "messages": [],
    "temperature": 0,
    "max_tokens": 9,
    "seed": 1,
    "logprobs": True,
    "response_format": {"type": "json_schema", "json_schema": {}},
}


@pytest.mark.parametrize(
    ("refusal", "gone", "come"),
    [
        (
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "max_completion_tokens",
        ),
        ("'temperature' does not support 0 with this model", "temperature", None),
        ("Unrecognized request argument supplied: seed", "seed", None),
        ("You are not allowed to request logprobs from this model", "logprobs", None),
    ],
)
def test_what_is_named_is_left_out(refusal: str, gone: str, come: str | None) -> None:
    adapter = Adapter()
    assert adapter.learn(refusal, FULL)
    fitted, names = adapter.fitted(FULL)
    assert gone not in fitted
    assert come is None or fitted[come] == FULL[gone]
    assert len(names) == 1


def test_a_schema_falls_back_to_an_object_then_to_nothing() -> None:
    adapter = Adapter()
    refusal = "response_format is not supported"
    assert adapter.learn(refusal, FULL)
    second, _ = adapter.fitted(FULL)
    assert second["response_format"] == {"type": "json_object"}
    assert adapter.learn(refusal, second)
    third, names = adapter.fitted(FULL)
    assert "response_format" not in third
    assert len(names) == 2
    assert not adapter.learn(refusal, third)


@pytest.mark.parametrize(
    "refusal",
    ["", "maximum context length is 4097 tokens", "the seed of doubt", "unknown model", "unsupported: seedling"],
)
def test_other_refusals_teach_nothing(refusal: str) -> None:
    adapter = Adapter()
    assert not adapter.learn(refusal, FULL)
    assert adapter.fitted(FULL) == (FULL, ())


def test_tools_can_be_left_out() -> None:
    adapter = Adapter()
    body = {"tools": [], "tool_choice": {}, "model": "m"}
    assert adapter.learn('"auto" tool choice is not supported: tool_choice', body)
    assert adapter.fitted(body)[0] == {"model": "m"}
