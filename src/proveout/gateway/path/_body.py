"""Reading a request's head and body as ASGI gives them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proveout.errors import BodyTooLarge, RequestInvalid

if TYPE_CHECKING:
    from proveout.gateway._exchange import Receive, Scope

__all__ = ["ClientGone", "Head", "read_body", "read_head"]

_BEARER = b"bearer "
MOST_ID = 128


class ClientGone(Exception):
    """The client went away before its request had come; nobody is there to be told."""


class Head:
    """The headers that the gateway looks at; all others are ignored, and none is passed on."""

    __slots__ = ("client_id", "credential", "evidence", "length", "traceparent")

    def __init__(self) -> None:
        self.credential = b""
        self.client_id = b""
        self.traceparent = b""
        self.evidence = b""
        self.length = b""


_LOOKED_AT = {
    b"authorization": "credential",
    b"x-request-id": "client_id",
    b"traceparent": "traceparent",
    b"x-proveout-evidence": "evidence",
    b"content-length": "length",
}


def read_head(scope: Scope) -> Head:
    """The headers of interest; of a repeated one the last counts."""
    head = Head()
    for name, value in scope["headers"]:
        field = _LOOKED_AT.get(name)
        if field is not None:
            setattr(head, field, value)
    credential = head.credential
    head.credential = credential[7:].strip() if credential[:7].lower() == _BEARER else b""
    return head


async def read_body(head: Head, receive: Receive, most_bytes: int, seconds: float) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it is, or says that it is, longer than ``most_bytes``.
        RequestInvalid: it did not come in time.
        ClientGone: the client went away.
    """
    if head.length.isdigit() and int(head.length[:19]) > most_bytes:
        raise _too_large(most_bytes)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        body = await _rest(body, receive, most_bytes, seconds)
    elif message["type"] == "http.disconnect":
        raise ClientGone
    if len(body) > most_bytes:
        raise _too_large(most_bytes)
    return body


async def _rest(first: bytes, receive: Receive, most_bytes: int, seconds: float) -> bytes:
    parts, size = [first], len(first)
    try:
        async with asyncio.timeout(seconds):
            while size <= most_bytes:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError as error:
        why = f"it did not come within {seconds:g} s"
        raise RequestInvalid("no body", why=why, fix="send it faster", about="body", headers=_CLOSE) from error
    raise _too_large(most_bytes)


_CLOSE = ((b"connection", b"close"),)


def _too_large(most_bytes: int) -> BodyTooLarge:
    why, fix = f"the body has more than {most_bytes:,} bytes", "send less, or raise server.most_body_bytes"
    return BodyTooLarge("the request is too large", why=why, fix=fix, about="body", headers=_CLOSE)
