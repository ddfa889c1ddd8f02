"""Answers of other providers, as the OpenAI API states them."""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from typing import Any

import msgspec

__all__ = ["Chunks", "completion", "embeddings"]

DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.encode


def completion(answer: dict[str, Any], *, model: str) -> bytes:
    """A chat completion; members that the API always states are there, null where they are empty.

    Example:
        >>> completion({"choices": [{"message": {"role": "assistant"}}]}, model="m").decode()
        '{"choices":[{"index":0,"message":{"role":"assistant","content":null},"finish_reason":"stop"}],"model":"m"}'
    """
    choices = [
        {
            "index": index,
            **choice,
            "message": _message(choice["message"]),
            "finish_reason": choice.get("finish_reason", "stop"),
        }
        for index, choice in enumerate(answer.get("choices", []))
    ]
    return _encode({**answer, "choices": choices, "model": answer.get("model") or model})


def embeddings(answer: dict[str, Any], *, base64: bool) -> bytes:
    """A list of embeddings, as numbers or as little-endian float32 in base64.

    Example:
        >>> embeddings({"data": [{"index": 0, "embedding": [1.0]}]}, base64=True)
        b'{"data":[{"index":0,"embedding":"AACAPw=="}]}'
    """
    if base64:
        answer = {**answer, "data": [{**one, "embedding": _packed(one["embedding"])} for one in answer["data"]]}
    return _encode(answer)


def _message(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    return {**message, "content": content or None if message.get("tool_calls") else content}


class Chunks:
    r"""The events of a stream, of which the library gives the deltas.

    Every event carries the same id; the first says whose turn it is; parallel tool calls are numbered from 0 in the
    order they begin, as the API counts them, and not as blocks of the message; usage comes once, before the end.

    Args:
        id: of the completion.
        created: seconds since the epoch.
        model: that was asked for.

    Example:
        >>> chunks = Chunks("c", created=0, model="m")
        >>> said = chunks.event({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})
        >>> b'"content":"Hi"' in said, chunks.end().endswith(b"[DONE]\n\n")
        (True, True)
    """

    def __init__(self, id: str, *, created: int, model: str) -> None:  # noqa: A002  the API's name
        self._common = {"id": id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._tools: dict[tuple[int, int], int] = {}
        self._begun: set[int] = set()
        self._usage: dict[str, Any] | None = None
        self._finished = False

    def event(self, chunk: dict[str, Any]) -> bytes:
        """The event of one delta; b"" where it says nothing."""
        self._usage = chunk.get("usage") or self._usage
        choices = [told for one in chunk.get("choices", []) if (told := self._choice(one))]
        return self._event({"choices": choices}) if choices else b""

    def end(self) -> bytes:
        """The last events; a stream that did not finish has none."""
        usage = self._event({"choices": [], "usage": self._usage}) if self._usage else b""
        return usage + DONE if self._finished else b""

    def _choice(self, choice: dict[str, Any]) -> dict[str, Any] | None:
        index = choice.get("index", 0)
        delta = dict(choice.get("delta") or {})
        delta.pop("role", None)
        reason = choice.get("finish_reason")
        if "tool_calls" in delta:
            delta["tool_calls"] = [
                {**one, "index": self._number(index, one.get("index", 0))} for one in delta["tool_calls"]
            ]
        if not delta and reason is None:
            return None
        if index not in self._begun:
            self._begun.add(index)
            delta = {"role": "assistant", **delta}
        self._finished = self._finished or reason is not None
        return {"index": index, "delta": delta, "finish_reason": reason}

    def _number(self, choice: int, block: int) -> int:
        # Counted within each choice.
        taken = sum(1 for one in self._tools if one[0] == choice)
        return self._tools.setdefault((choice, block), taken)

    def _event(self, said: dict[str, Any]) -> bytes:
        return b"data: " + _encode({**self._common, **said}) + b"\n\n"


def _packed(numbers: Any) -> str:
    if isinstance(numbers, str):
        return numbers
    packed = array("f", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes()).decode()
