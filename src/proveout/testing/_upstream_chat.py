"""Answers of ``/v1/chat/completions`` and ``/v1/embeddings``: a body, or the events of a stream."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

import msgspec

from proveout.testing._upstream_asked import Asked, Said, pieces_of

__all__ = ["CREATED", "PROMPT_TOKENS", "chat", "chat_events", "embeddings", "usage_of"]

CREATED = 1_700_000_000
PROMPT_TOKENS = 20
DIMENSIONS = 8
DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


def usage_of(said: Said, choices: int = 1) -> tuple[int, int]:
    """Prompt and completion tokens: every piece is one token, and so is every tool call."""
    return PROMPT_TOKENS, choices * (len(said.pieces) + len(said.calls))


def chat(asked: Asked, said: Said) -> bytes:
    """The body of an answer in one piece."""
    calls = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_, name, arguments in said.calls
    ]
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else said.text, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choices = [
        {"index": index, "message": message, "logprobs": _logprobs(asked, said.pieces), "finish_reason": _finish(said)}
        for index in range(asked.n or 1)
    ]
    return _encode(_common(asked, "chat.completion") | {"choices": choices, "usage": _usage(said, asked.n or 1)})


def chat_events(asked: Asked, said: Said) -> list[bytes]:
    """The same answer in server-sent events: a role, the pieces, the reason, the usage where it is asked for."""
    common = _common(asked, "chat.completion.chunk")
    counted = bool(asked.stream_options and asked.stream_options.include_usage)
    if counted:
        common["usage"] = None
    events = []
    for index in range(asked.n or 1):
        events += [_event(common, index, {"role": "assistant", "content": None if said.calls else ""})]
        events += [
            _event(common, index, {"content": piece}, logprobs=_logprobs(asked, (piece,))) for piece in said.pieces
        ]
        events += [_event(common, index, delta) for delta in _call_deltas(said)]
        events += [_event(common, index, {}, finish=_finish(said))]
    if counted:
        events.append(b"data: " + _encode(common | {"choices": [], "usage": _usage(said, asked.n or 1)}) + b"\n\n")
    return [*events, DONE]


def embeddings(asked: Asked) -> bytes:
    """Vectors that depend on the text alone."""
    given = asked.input if isinstance(asked.input, list) else [asked.input]
    if given and isinstance(given[0], int):
        given = [given]
    vectors = [_vector(_encode(text), asked.dimensions or DIMENSIONS) for text in given]
    as_text = asked.encoding_format == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(vector) if as_text else vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS}
    return _encode({"object": "list", "data": data, "model": asked.model, "usage": usage})


def _common(asked: Asked, kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-fake",
        "object": kind,
        "created": CREATED,
        "model": asked.model,
        "system_fingerprint": f"fp_{asked.seed or 0}",
    }


def _finish(said: Said) -> str:
    return "tool_calls" if said.calls else "stop"


def _usage(said: Said, choices: int) -> dict[str, int]:
    tokens_in, tokens_out = usage_of(said, choices)
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}


def _logprobs(asked: Asked, pieces: tuple[str, ...]) -> dict[str, Any] | None:
    if not asked.logprobs:
        return None
    tokens = [{"token": piece, "logprob": -0.25, "bytes": list(piece.encode()), "top_logprobs": []} for piece in pieces]
    return {"content": tokens, "refusal": None}


def _event(
    common: dict[str, Any],
    index: int,
    delta: dict[str, Any],
    *,
    finish: str | None = None,
    logprobs: dict[str, Any] | None = None,
) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return b"data: " + _encode(common | {"choices": [choice]}) + b"\n\n"


def _call_deltas(said: Said) -> list[dict[str, Any]]:
    """Each call begins with its id and name; its arguments follow in pieces, as providers send them."""
    deltas = []
    for index, (id_, name, arguments) in enumerate(said.calls):
        first = {"index": index, "id": id_, "type": "function", "function": {"name": name, "arguments": ""}}
        rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces_of(arguments)]
        deltas += [{"tool_calls": [part]} for part in (first, *rest)]
    return deltas


def _vector(text: bytes, size: int) -> list[float]:
    drawn = hashlib.shake_128(text).digest(size)
    # Sixty-fourths are the same as 32-bit floats and as JSON.
    return [(byte - 128) / 64 for byte in drawn]


def _base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
