"""Reading a request's head and body as ASGI gives them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from proveout.errors import BodyTooLarge, RequestInvalid

if TYPE_CHECKING:
    from proveout.gateway._exchange import Receive, Scope

__all__ = ["ClientGone", "Head", "read_body", "read_head"]

_BEARER = b"bearer "


class ClientGone(Exception):
    """The client went away before its request had come; nobody is there to be told."""


class Head(NamedTuple):
    """The headers that the gateway looks at; all others are ignored, and none is passed on."""

    credential: bytes
    client_id: bytes
    traceparent: bytes
    evidence: bytes
    length: bytes


_LOOKED_AT = frozenset({b"authorization", b"x-request-id", b"traceparent", b"x-proveout-evidence", b"content-length"})


def read_head(scope: Scope) -> Head:
    """The headers of interest; of a repeated one the last counts."""
    found = {name: value for name, value in scope["headers"] if name in _LOOKED_AT}
    get = found.get
    credential = get(b"authorization", b"")
    return Head(
        credential[7:].strip() if credential[:7].lower() == _BEARER else b"",
        get(b"x-request-id", b""),
        get(b"traceparent", b""),
        get(b"x-proveout-evidence", b""),
        get(b"content-length", b""),
    )


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
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        body = await _rest(body, receive, most_bytes, seconds)
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
