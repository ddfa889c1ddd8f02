"""Chat completions: the object, and the chunks of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.gateway.api._replies import ChatChunk, ChatCompletion, TokenUsage, _Choice, _ChunkChoice, _Delta, _Message

if TYPE_CHECKING:
    from proveout.gateway.api._said import Said

__all__ = ["DONE", "chat_completion", "chat_events"]

_encode = msgspec.json.Encoder().encode
# Ends every stream of chat completions.
DONE = b"data: [DONE]\n\n"


def chat_completion(said: Said) -> bytes:
    """The whole completion as one object.

    Example:
        >>> from proveout.gateway.api import Said
        >>> body = chat_completion(Said(id="1", created=0, model="desk", text='{"intent":"card"}'))
        >>> msgspec.json.decode(body)["choices"][0]["message"]["content"]
        '{"intent":"card"}'
    """
    choices = [_Choice(index=at, message=_Message(content=said.text)) for at in range(said.times)]
    return _encode(
        ChatCompletion(
            id=f"chatcmpl-{said.id}",
            created=said.created,
            model=said.model,
            choices=choices,
            usage=_usage(said),
            proveout=said.proveout or msgspec.UNSET,
        )
    )


def chat_events(said: Said, *, usage: bool = False) -> bytes:
    """The same as server-sent events: role, content, finish; then usage, where it was asked for; then ``[DONE]``.

    What the answer stands on goes with the chunk that finishes it.

    Example:
        >>> from proveout.gateway.api import Said
        >>> events = chat_events(Said(id="1", created=0, model="desk", text="{}"), usage=True)
        >>> events.count(b"data: "), events.endswith(DONE)
        (5, True)
    """
    deltas = [_Delta(role="assistant", content=""), _Delta(content=said.text), _Delta()]
    chunks = [
        _chunk(said, [_ChunkChoice(index=at, delta=delta, finish_reason=None if place < LAST else "stop")], usage=usage)
        for at in range(said.times)
        for place, delta in enumerate(deltas)
    ]
    if said.proveout is not None:
        chunks[-1] = msgspec.structs.replace(chunks[-1], proveout=said.proveout)
    if usage:
        chunks.append(msgspec.structs.replace(_chunk(said, [], usage=True), usage=_usage(said)))
    return b"".join(b"data: %b\n\n" % _encode(chunk) for chunk in chunks) + DONE


LAST = 2


def _chunk(said: Said, choices: list[Any], *, usage: bool) -> ChatChunk:
    return ChatChunk(
        id=f"chatcmpl-{said.id}",
        created=said.created,
        model=said.model,
        choices=choices,
        usage=None if usage else msgspec.UNSET,
    )


def _usage(said: Said) -> TokenUsage:
    total = said.tokens_in + said.tokens_out
    return TokenUsage(prompt_tokens=said.tokens_in, completion_tokens=said.tokens_out, total_tokens=total)
