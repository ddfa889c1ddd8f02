"""Tokens of an answer: as the provider counted them, or estimated from the texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Tokens", "data_of", "estimate_in", "estimate_out", "tokens_of", "tokens_of_events"]

BYTES_PER_TOKEN = 4
# A picture or a file inside a prompt: its size says little of what it costs.
OPAQUE_LENGTH = 2048
OPAQUE_TOKENS = 1000
ASKED = ("messages", "input", "instructions", "prompt", "tools", "functions", "response_format", "text")
# Where the parts of an answer hold what the model wrote.
WRITTEN = frozenset({"arguments", "content", "reasoning", "reasoning_content", "refusal", "text"})

# Nobody sells more than this in one call, and a negative count would fill up a budget.
Count = Annotated[int, Meta(ge=0, le=10**9)]

_LINE = re.compile(rb"^data: ?(.*?)\r?$", re.MULTILINE)


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None


class _Answer(msgspec.Struct, frozen=True):
    model: str | None = None
    usage: _Usage | None = None
    response: _Answer | None = None


class Tokens(msgspec.Struct, frozen=True):
    """What an answer took.

    Attributes:
        model: that answered, as the provider says; "" when it does not.
        tokens_in: of the prompt.
        tokens_out: of the completion.
        counted: whether the provider counted; when not, the counts are 0.
    """

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    counted: bool = False


_decode = msgspec.json.Decoder(_Answer).decode
_raw = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def tokens_of(body: bytes) -> Tokens:
    """Tokens that an answer states: of the chat, responses or embeddings API, or of one event of them.

    Raises:
        msgspec.DecodeError: the body is no JSON object.

    Example:
        >>> tokens_of(b'{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":5}}')
        Tokens(model='m', tokens_in=3, tokens_out=5, counted=True)
        >>> tokens_of(b'{"response":{"model":"m","usage":{"input_tokens":3,"output_tokens":5}}}').tokens_out
        5
    """
    try:
        answer = _decode(body)
    except msgspec.ValidationError:
        # A count or a name that is none; the rest is to be JSON all the same.
        _raw(body)
        return Tokens()
    answer = answer.response or answer
    usage = answer.usage
    if usage is None:
        return Tokens(answer.model or "")
    tokens_in = usage.prompt_tokens if usage.prompt_tokens is not None else usage.input_tokens
    tokens_out = usage.completion_tokens if usage.completion_tokens is not None else usage.output_tokens
    return Tokens(answer.model or "", tokens_in or 0, tokens_out or 0, tokens_in is not None)


def tokens_of_events(events: bytes) -> Tokens:
    r"""Tokens that a stream states: those of its last event with a usage.

    Example:
        >>> tokens_of_events(b'data: {"model":"m","usage":null}\n\ndata: [DONE]\n\n')
        Tokens(model='m', tokens_in=0, tokens_out=0, counted=False)
    """
    model = ""
    end = len(events)
    while (at := events.rfind(b'"usage"', 0, end)) >= 0:
        found = _at(events, at)
        if found.counted:
            return found
        model = model or found.model
        end = at
    if not model and (at := events.find(b'"model"')) >= 0:
        model = _at(events, at).model
    return Tokens(model)


def _at(events: bytes, place: int) -> Tokens:
    start = events.rfind(b"\n", 0, place) + 1
    stop = events.find(b"\n", place)
    line = events[start:] if stop < 0 else events[start:stop]
    try:
        return tokens_of(line.removeprefix(b"data:"))
    except msgspec.DecodeError:
        # An event in several lines, or half of one: it counts nothing, and the tokens are estimated.
        return Tokens()


def data_of(events: bytes) -> Iterator[Any]:
    r"""The JSON of each event that holds some.

    Example:
        >>> list(data_of(b'data: {"a":1}\n\ndata: [DONE]\n\n'))
        [{'a': 1}]
    """
    for match in _LINE.finditer(events):
        try:
            value = msgspec.json.decode(match[1])
        except msgspec.DecodeError:
            continue
        if isinstance(value, dict):
            yield value


def estimate_in(body: bytes) -> int:
    """Prompt tokens of a request, from the length of its texts.

    Example:
        >>> estimate_in(b'{"messages":[{"role":"user","content":"how are you this evening?"}]}')
        10
    """
    top = _value(body)
    return -(-len(body) // BYTES_PER_TOKEN) if top is None else _tokens([top[key] for key in ASKED if key in top])


def estimate_out(answer: bytes, *, stream: bool) -> int:
    r"""Completion tokens of an answer, or of the part of a stream that came: one a delta, or more where they are long.

    Example:
        >>> estimate_out(b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n', stream=True)
        1
    """
    if not stream:
        return _tokens(list(_written(_value(answer))))
    deltas, texts = 0, []
    for value in data_of(answer):
        kind = str(value.get("type", ""))
        found = [value.get("delta")] if kind.endswith(".delta") else list(_written(value.get("choices")))
        found = [text for text in found if isinstance(text, str) and text]
        deltas += bool(found)
        texts.extend(found)
    return max(deltas, _tokens(["".join(texts)]))


def _value(body: bytes) -> Any:
    """What a body holds; None where a number in it is too large for anybody, which JSON allows."""
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        return None


def _written(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, dict):
            for key, inner in one.items():
                if key in WRITTEN and isinstance(inner, str):
                    yield inner
                else:
                    stack.append(inner)


def _tokens(value: Any) -> int:
    size = extra = 0
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            if len(one) > OPAQUE_LENGTH and " " not in one[:OPAQUE_LENGTH]:
                extra += OPAQUE_TOKENS
            else:
                size += len(one.encode())
        elif isinstance(one, dict):
            stack.extend(one)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, int):
            # Embeddings take prompts as tokens too.
            extra += 1
    return -(-size // BYTES_PER_TOKEN) + extra
