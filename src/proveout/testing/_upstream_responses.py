"""Answers of ``/v1/responses``: an object, or typed events."""

from __future__ import annotations

from typing import Any

import msgspec

from proveout.testing._upstream_asked import Asked, Said, pieces_of
from proveout.testing._upstream_chat import CREATED, usage_of

__all__ = ["response", "response_events"]

_encode = msgspec.json.Encoder().encode


def response(asked: Asked, said: Said) -> bytes:
    """The body of an answer in one piece."""
    return _encode(_whole(asked, said, status="completed"))


def response_events(asked: Asked, said: Said) -> list[bytes]:
    """The same answer in typed events, numbered from 0; the last one holds it whole."""
    begun = _whole(asked, said, status="in_progress")
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(_output(said)):
        events += _call_events(index, item) if item["type"] == "function_call" else _text_events(index, item, said)
    events.append({"type": "response.completed", "response": _whole(asked, said, status="completed")})
    return [
        f"event: {event['type']}\ndata: ".encode() + _encode(event | {"sequence_number": number}) + b"\n\n"
        for number, event in enumerate(events)
    ]


def _whole(asked: Asked, said: Said, *, status: str) -> dict[str, Any]:
    done = status == "completed"
    return {
        "id": "resp_fake",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": asked.model,
        "output": _output(said) if done else [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "text": asked.text or {"format": {"type": "text"}},
        "tool_choice": asked.tool_choice or "auto",
        "tools": asked.tools or [],
        "top_p": 1.0,
        "usage": _usage(said) if done else None,
    }


def _usage(said: Said) -> dict[str, Any]:
    tokens_in, tokens_out = usage_of(said)
    return {
        "input_tokens": tokens_in,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens_in + tokens_out,
    }


def _output(said: Said) -> list[dict[str, Any]]:
    calls = [
        {
            "type": "function_call",
            "id": f"fc_{call}",
            "call_id": call,
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
        for call, name, arguments in said.calls
    ]
    message = {
        "type": "message",
        "id": "msg_fake",
        "status": "completed",
        "role": "assistant",
        "content": [_part(said.text)],
    }
    return calls or [message]


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _text_events(index: int, item: dict[str, Any], said: Said) -> list[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    begun = item | {"status": "in_progress", "content": []}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": begun},
        {"type": "response.content_part.added", "part": _part(""), **at},
        *({"type": "response.output_text.delta", "delta": piece, "logprobs": [], **at} for piece in said.pieces),
        {"type": "response.output_text.done", "text": said.text, "logprobs": [], **at},
        {"type": "response.content_part.done", "part": _part(said.text), **at},
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _call_events(index: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": index}
    begun = item | {"status": "in_progress", "arguments": ""}
    kind = "response.function_call_arguments"
    return [
        {"type": "response.output_item.added", "output_index": index, "item": begun},
        *({"type": f"{kind}.delta", "delta": piece, **at} for piece in pieces_of(item["arguments"])),
        {"type": f"{kind}.done", "arguments": item["arguments"], "name": item["name"], **at},
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]
