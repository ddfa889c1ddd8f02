"""The Responses API: the object, and its typed events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.gateway.api._replies import ResponseObject, ResponseUsage, _OutputMessage, _OutputText

if TYPE_CHECKING:
    from proveout.gateway.api._requests import ResponsesRequest
    from proveout.gateway.api._said import Said

__all__ = ["response_events", "response_object"]

_encode = msgspec.json.Encoder().encode
# An answer is one message with one part of text.
PLACE: dict[str, Any] = {"output_index": 0, "content_index": 0}
PLAIN: dict[str, Any] = {"format": {"type": "text"}}


def response_object(said: Said, asked: ResponsesRequest) -> bytes:
    """The whole response as one object.

    Args:
        said: the answer.
        asked: parameters that a response repeats.

    Example:
        >>> from proveout.gateway.api import Said, decode_responses
        >>> asked = decode_responses(b'{"model": "desk", "input": "hi"}')
        >>> body = response_object(Said(id="1", created=0, model="desk", text="{}"), asked)
        >>> msgspec.json.decode(body)["output"][0]["content"][0]["text"]
        '{}'
    """
    return _encode(_completed(said, asked))


def response_events(said: Said, asked: ResponsesRequest) -> bytes:
    r"""The same as typed server-sent events, numbered from 0.

    Example:
        >>> from proveout.gateway.api import Said, decode_responses
        >>> asked = decode_responses(b'{"model": "desk", "input": "hi", "stream": true}')
        >>> events = response_events(Said(id="1", created=0, model="desk", text="{}"), asked)
        >>> events.startswith(b"event: response.created\ndata: {"), events.count(b"\n\n")
        (True, 9)
    """
    whole = _completed(said, asked)
    begun = msgspec.structs.replace(
        whole, status="in_progress", completed_at=None, output=[], usage=None, proveout=msgspec.UNSET
    )
    (message,) = whole.output
    (part,) = message.content
    opened = msgspec.structs.replace(message, status="in_progress", content=[])
    here = {"item_id": message.id, **PLACE}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": opened}),
        ("response.content_part.added", {**here, "part": _OutputText(text="")}),
        ("response.output_text.delta", {**here, "delta": part.text, "logprobs": []}),
        ("response.output_text.done", {**here, "text": part.text, "logprobs": []}),
        ("response.content_part.done", {**here, "part": part}),
        ("response.output_item.done", {"output_index": 0, "item": message}),
        ("response.completed", {"response": whole}),
    ]
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, "sequence_number": number, **event}))
        for number, (name, event) in enumerate(events)
    )


def _completed(said: Said, asked: ResponsesRequest) -> ResponseObject:
    total = said.tokens_in + said.tokens_out
    return ResponseObject(
        id=f"resp_{said.id}",
        created_at=said.created,
        status="completed",
        completed_at=said.created,
        instructions=asked.instructions,
        max_output_tokens=asked.max_output_tokens,
        metadata=asked.metadata or {},
        model=said.model,
        output=[
            _OutputMessage(id=f"msg_{said.id}", status="completed", content=[_OutputText(text=said.text)]),
        ],
        temperature=asked.temperature,
        text=_form(asked),
        top_p=asked.top_p,
        usage=ResponseUsage(input_tokens=said.tokens_in, output_tokens=said.tokens_out, total_tokens=total),
        user=asked.user,
        proveout=said.proveout or msgspec.UNSET,
    )


def _form(asked: ResponsesRequest) -> dict[str, Any]:
    form = asked.text.format if asked.text else None
    if form is None:
        return PLAIN
    told = msgspec.to_builtins(form)
    return {"format": {name: value for name, value in told.items() if value is not None}}
