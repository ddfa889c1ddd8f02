from __future__ import annotations

import json
from typing import Any

import pytest

from proveout.errors import RequestInvalid
from proveout.gateway.tasks._asked import ASKS, CHAT, RESPONSES, Asked

USER = [{"role": "user", "content": "hi"}]


def ask(operation: str = "chat", **body: Any) -> Asked:
    first = {"messages": USER} if operation == "chat" else {"input": "hi"}
    return ASKS[operation](json.dumps({"model": "desk", **first, **body}).encode())


def refused(operation: str = "chat", **body: Any) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as caught:
        ask(operation, **body)
    return caught.value


def test_the_last_user_message_is_read_and_the_template_is_not() -> None:
    messages = [
        {"role": "system", "content": "You are a bot."},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "ok"},
        {"role": "user", "content": [{"type": "text", "text": "my card"}, {"type": "text", "text": "is lost"}]},
        {"role": "assistant", "content": None, "tool_calls": []},
    ]
    assert ask(messages=messages).text == "my card\nis lost"
    items = [
        {"role": "user", "content": "first"},
        {"type": "reasoning", "summary": []},
        {"role": "user", "content": [{"type": "input_text", "text": "second"}]},
    ]
    assert ask("responses", input=items).text == "second"
    assert ask("responses", input="whole").text == "whole"


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "x"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}],
    ],
)
def test_without_a_text_of_a_user_there_is_nothing_to_answer(messages: list[Any]) -> None:
    assert refused(messages=messages).param == "messages"
    assert refused("responses", input=messages).param == "input"


def test_what_no_task_does_is_refused_and_what_has_no_effect_is_not() -> None:
    chat = {
        "audio": {},
        "function_call": {"name": "f"},
        "modalities": ["text", "audio"],
        "moderation": {},
        "tool_choice": "required",
        "web_search_options": {},
    }
    responses = {
        "background": True,
        "context_management": [{"type": "x"}],
        "conversation": "c",
        "moderation": {},
        "previous_response_id": "r",
        "prompt": {"id": "p"},
        "tool_choice": {"type": "function", "name": "f"},
    }
    assert (set(chat), set(responses)) == (set(CHAT), set(RESPONSES))
    for operation, table in (("chat", chat), ("responses", responses)):
        for name, value in table.items():
            error = refused(operation, **{name: value})
            assert error.what == f"Unsupported parameter: '{name}' is not supported with this model"
            assert error.param == name
            assert ask(operation, **{name: None}).text == "hi"
    fine: dict[str, Any] = {
        "tool_choice": "auto",
        "function_call": "none",
        "modalities": ["text"],
        "tools": [{"type": "function"}],
        "logprobs": True,
        "seed": 3,
        "temperature": 2,
        "max_tokens": 1,
    }
    assert ask(**fine).text == "hi"
    assert ask("responses", background=False, store=True, tool_choice="none").text == "hi"


def test_what_is_asked_is_one_form_for_both() -> None:
    schema = {"type": "object"}
    chat = ask(
        stream=True,
        stream_options={"include_usage": True},
        n=3,
        stop="\n",
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        metadata={"evidence": "true", "segment": "gold"},
    )
    assert (chat.stream, chat.usage, chat.times, chat.stops, chat.form) == (True, True, 3, ("\n",), schema)
    assert (chat.evidence, chat.segment) == (True, "gold")
    response = ask("responses", text={"format": {"type": "json_schema", "name": "x", "schema": schema}}, stream=True)
    assert (response.form, response.stream, response.evidence) == (schema, True, False)
    for kind in ("text", "json_object"):
        assert ask(response_format={"type": kind}).form is None
        assert ask("responses", text={"format": {"type": kind}}).form is None
    assert ask(stop=["a", "b"]).stops == ("a", "b")


def test_a_form_without_its_schema_is_refused() -> None:
    for form in ({"type": "json_schema"}, {"type": "json_schema", "json_schema": {"name": "x"}}):
        assert refused(response_format=form).param == "response_format.json_schema"
    assert refused("responses", text={"format": {"type": "json_schema", "name": "x"}}).param == "text.format"
