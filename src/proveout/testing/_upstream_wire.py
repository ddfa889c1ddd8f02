"""What the fake upstream puts on the wire, faults included, as bytes made beforehand."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.testing._upstream_asked import Asked, asked_of, said_to
from proveout.testing._upstream_chat import CREATED, chat, chat_events, embeddings
from proveout.testing._upstream_responses import response, response_events

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAULTS", "Wire", "error", "wire_of"]

MODELS = ("fake-large", "fake-small", "fake-embedding")
# A role, a reason and [DONE] besides the words.
BESIDES_WORDS = 3
ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream"
# What comes of a body that is no JSON, or in which a schema, a tool or a message is not what it should be.
UNREADABLE = (msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError, RecursionError)
LAST_CHUNK = b"0\r\n\r\n"
_encode = msgspec.json.Encoder().encode


class Wire(msgspec.Struct):
    """Bytes of an answer, and what happens to the connection after them.

    Attributes:
        parts: sent one after another, the pace between them.
        end: ``keep`` the connection, ``close`` it, ``reset`` it, or ``stall``: neither send nor close.
    """

    parts: tuple[bytes, ...]
    end: Literal["keep", "close", "reset", "stall"] = "keep"


@lru_cache(maxsize=512)
def wire_of(method: bytes, path: bytes, body: bytes, events: int, *, whole: bool = False) -> Wire:
    """The answer to a request; the same request has the same answer.

    Args:
        method: of HTTP.
        path: of the request.
        body: of the request.
        events: of a stream in prose, its ``[DONE]`` included.
        whole: leave out the fault that the model's name asks for.
    """
    if method == b"GET":
        return _models(path)
    if path not in BODIES:
        return error(404, f"no such path: {path.decode('latin-1')}")
    try:
        asked = asked_of(body)
        wire = _answered(path, asked, events)
    except UNREADABLE as caught:
        return error(400, f"the body cannot be read: {caught!r}")
    kind, _, fault = asked.model.partition("-")
    if kind not in {"fault", "flaky"} or whole:
        return wire
    return _failed(fault, asked, wire)


def error(status: int, message: str, headers: str = "") -> Wire:
    """An error as the OpenAI API words it."""
    kind = ERROR_TYPES.get(status, "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "")
    told = {"message": message, "type": kind or "invalid_request_error", "param": None, "code": f"fake_{status}"}
    return Wire((_message(_encode({"error": told}), status=status, headers=headers),))


def _models(path: bytes) -> Wire:
    listed, _, name = path.decode("latin-1").removeprefix("/v1/models").partition("/")
    if listed or not path.startswith(b"/v1/models"):
        return error(404, "no such path")
    if not name:
        return Wire((_message(_encode({"object": "list", "data": [_model(model) for model in MODELS]})),))
    if name not in MODELS:
        return error(404, f"The model '{name}' does not exist")
    return Wire((_message(_encode(_model(name))),))


def _model(name: str) -> dict[str, str | int]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "fake"}


def _chat(asked: Asked, words: int) -> bytes:
    return chat(asked, said_to(asked, words))


def _chat_events(asked: Asked, words: int) -> list[bytes]:
    return chat_events(asked, said_to(asked, words))


def _response(asked: Asked, words: int) -> bytes:
    return response(asked, said_to(asked, words))


def _response_events(asked: Asked, words: int) -> list[bytes]:
    return response_events(asked, said_to(asked, words))


BODIES: dict[bytes, Callable[[Asked, int], bytes]] = {
    b"/v1/chat/completions": _chat,
    b"/v1/responses": _response,
    b"/v1/embeddings": lambda asked, words: embeddings(asked),  # noqa: ARG005  one signature for the table
}
EVENTS: dict[bytes, Callable[[Asked, int], list[bytes]]] = {
    b"/v1/chat/completions": _chat_events,
    b"/v1/responses": _response_events,
}


def _answered(path: bytes, asked: Asked, events: int) -> Wire:
    words = events - BESIDES_WORDS
    if asked.stream and path in EVENTS:
        return Wire(_streamed(EVENTS[path](asked, words)))
    return Wire((_message(BODIES[path](asked, words)),))


def _head(status: int, kind: str, rest: str) -> bytes:
    phrase = HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {kind}\r\nx-request-id: req_fake\r\n{rest}\r\n".encode()


def _message(
    body: bytes, *, status: int = 200, kind: str = JSON_TYPE, headers: str = "", length: int | None = None
) -> bytes:
    counted = f"content-length: {len(body) if length is None else length}\r\n"
    return _head(status, kind, counted + headers) + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _streamed(events: list[bytes], last: bytes = LAST_CHUNK) -> tuple[bytes, ...]:
    head = _head(200, SSE_TYPE, "transfer-encoding: chunked\r\n")
    first, *rest = (_chunk(event) for event in events)
    parts = [head + first, *rest]
    return (*parts[:-1], parts[-1] + last)


def _begun(wire: Wire) -> tuple[bytes, ...]:
    """The first events of a stream, or the first half of a body."""
    if len(wire.parts) > 1:
        return wire.parts[: min(4, len(wire.parts) - 1)]
    return (wire.parts[0][: len(wire.parts[0]) // 2],)


def _body_of(wire: Wire) -> bytes:
    return wire.parts[0].partition(b"\r\n\r\n")[2]


def _half_event(wire: Wire) -> Wire:
    """HTTP that is whole, around an event that is not."""
    head, *rest = _begun(wire)
    return Wire((head, *rest, _chunk(b'data: {"id":"chatcmpl-fake","choices":[{"ind') + LAST_CHUNK))


def _error_event(wire: Wire) -> Wire:
    told = b'data: {"error":{"message":"the fake upstream failed","type":"server_error","param":null,"code":null}}\n\n'
    return Wire((*_begun(wire), _chunk(told) + LAST_CHUNK))


FAULTS: dict[str, Callable[[Wire], Wire]] = {
    "stall": lambda wire: Wire((), "stall"),  # noqa: ARG005  one signature for the table
    "stall-midway": lambda wire: Wire(_begun(wire), "stall"),
    "reset": lambda wire: Wire((), "reset"),  # noqa: ARG005  as above
    "reset-midway": lambda wire: Wire(_begun(wire), "reset"),
    "close": lambda wire: Wire((), "close"),  # noqa: ARG005  as above
    "close-midway": lambda wire: Wire(_begun(wire), "close"),
    "half-event": _half_event,
    "error-event": _error_event,
    "no-done": lambda wire: Wire((*wire.parts[:-1], LAST_CHUNK)),
    "garbage": lambda wire: Wire((b"\x16\x03\x01 this is no HTTP\r\n\r\n",), "close"),  # noqa: ARG005  as above
    "short-length": lambda wire: Wire((_message(_body_of(wire), length=len(_body_of(wire)) + 50),), "close"),
    "long-length": lambda wire: Wire((_message(_body_of(wire), length=len(_body_of(wire)) - 50),)),
    "not-json": lambda wire: Wire((_message(b'{"id": "chatcmpl-fake", "choices": ['),)),  # noqa: ARG005  as above
    "empty": lambda wire: Wire((_message(b""),)),  # noqa: ARG005  as above
    "html": lambda wire: Wire((_message(b"<html>Bad Gateway</html>", status=502, kind="text/html"),)),  # noqa: ARG005
    "redirect": lambda wire: Wire(  # noqa: ARG005  as above
        (_message(b"", status=302, headers="location: http://127.0.0.1:9/v1/chat/completions\r\n"),)
    ),
    "huge-header": lambda wire: Wire((_message(_body_of(wire), headers=f"x-huge: {'h' * 1_000_000}\r\n"),)),
    "trickle": lambda wire: Wire(tuple(bytes([byte]) for byte in b"".join(wire.parts))),
}


def _failed(fault: str, asked: Asked, wire: Wire) -> Wire:
    if fault.isdecimal() and int(fault) in set(HTTPStatus):
        waits = "retry-after: 1\r\n" if fault in {"429", "503"} else ""
        return error(int(fault), f"{asked.model} was asked for", waits)
    if fault not in FAULTS:
        return error(404, f"The model '{asked.model}' does not exist")
    return FAULTS[fault](wire)
