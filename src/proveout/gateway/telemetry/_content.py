"""Prompts and answers as the conventions write them; only where a team turns content on."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["input_messages", "output_messages"]

_decode = msgspec.json.decode
_DATA = "data:"


def input_messages(request: Any) -> str:
    """``gen_ai.input.messages``: the messages of a request, as JSON.

    Example:
        >>> input_messages({"messages": [{"role": "user", "content": "hi"}]})
        '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]'
    """
    if not isinstance(request, dict):
        return _json([_message("user", request)])
    messages = request.get("messages", request.get("input", request))
    if not isinstance(messages, list):
        return _json([_message("user", messages)])
    return _json([_of_message(message) for message in messages])


def _of_message(message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        return _message("user", message)
    return _message(str(message.get("role", "user")), message.get("content", message))


def _message(role: str, content: Any) -> dict[str, Any]:
    parts = content if isinstance(content, list) else [content]
    return {"role": role, "parts": [_part(part) for part in parts]}


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "content": part}
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return {"type": "text", "content": part["text"]}
    return {"type": "generic", "content": part}


def output_messages(answer: str) -> str:
    r"""``gen_ai.output.messages``: the text that was answered, as JSON; of a stream, its pieces joined.

    Example:
        >>> output_messages('data: {"choices":[{"delta":{"content":"he"}}]}\n\ndata: [DONE]\n\n')
        '[{"role":"assistant","parts":[{"type":"text","content":"he"}]}]'
    """
    # Not `splitlines`, which also ends a line at U+0085 or U+2028 within the words.
    lines = answer.split("\n") if answer.startswith((_DATA, "event:", ":")) else [_DATA + answer]
    found = [_texts(line.removeprefix(_DATA)) for line in lines if line.startswith(_DATA)]
    text = "".join(piece for pieces in found for piece in pieces)
    return _json([{"role": "assistant", "parts": [{"type": "text", "content": text}]}])


def _texts(data: str) -> list[str]:
    try:
        event = _decode(data)
    except msgspec.DecodeError:
        return []
    if not isinstance(event, dict):
        return []
    if event.get("type") == "response.output_text.delta":
        return [str(event.get("delta", ""))]
    said = [choice.get("message") or choice.get("delta") for choice in _objects(event.get("choices"))]
    texts = [one.get("content") for one in _objects(said)]
    texts += [part.get("text") for item in _objects(event.get("output")) for part in _objects(item.get("content"))]
    return [text for text in texts if isinstance(text, str)]


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
