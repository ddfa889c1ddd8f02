"""Errors as the OpenAI API sends them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway._exchange import Reply
from proveout.gateway.api._replies import ErrorBody, _Error

if TYPE_CHECKING:
    from proveout.errors import Refused

__all__ = ["JSON_TYPE", "error_body", "error_event", "error_headers", "error_reply"]

_encode = msgspec.json.Encoder().encode
JSON_TYPE = (b"content-type", b"application/json")
UNAUTHENTICATED = 401


def error_body(refused: Refused) -> bytes:
    """The body: what happened first, in the words of the API, then why, and what to do.

    Example:
        >>> from proveout.errors import ModelUnknown
        >>> error = ModelUnknown("no such model", why="nobody has it", fix="name another", about="gpt", param="model")
        >>> msgspec.json.decode(error_body(error))["error"]["message"]
        'no such model: nobody has it. Next: name another. (gpt)'
    """
    return _encode(ErrorBody(error=_error(refused)))


def _error(refused: Refused) -> _Error:
    said = f"{refused.what}: {refused.why}. Next: {refused.fix}."
    about = f" ({refused.about})" if refused.about and refused.about not in said else ""
    return _Error(
        message=_text(said + about),
        type=refused.type,
        param=_text(refused.param) or None,
        code=refused.error_code or None,
    )


def _text(value: str) -> str:
    """Without lone surrogates, which no JSON in UTF-8 can hold."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def error_headers(refused: Refused) -> list[tuple[bytes, bytes]]:
    """Headers that go with it: ``Retry-After`` (RFC 9110, section 10.2.3), and a challenge with 401 (section 11.6.1).

    Example:
        >>> from proveout.errors import RateLimited
        >>> error_headers(RateLimited("too fast", why="w", fix="f", about="a", retry_after=1.2))
        [(b'content-type', b'application/json'), (b'retry-after', b'2'), (b'retry-after-ms', b'1200')]
    """
    headers = [JSON_TYPE]
    if refused.retry_after is not None:
        seconds = max(refused.retry_after, 0.0)
        headers += [
            (b"retry-after", b"%d" % math.ceil(seconds)),
            (b"retry-after-ms", b"%d" % math.ceil(seconds * 1000)),
        ]
    if refused.status == UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    return headers + list(refused.headers)


def error_reply(refused: Refused) -> Reply:
    """Status, headers and body.

    Example:
        >>> from proveout.errors import Overloaded
        >>> error_reply(Overloaded("busy", why="w", fix="f", about="a")).status
        503
    """
    return Reply(status=refused.status, headers=error_headers(refused), body=error_body(refused))


def error_event(refused: Refused, *, typed: bool = False, number: int = 0) -> bytes:
    r"""What ends a stream that broke after its status was sent.

    Args:
        refused: why it broke.
        typed: as an event of the Responses API.
        number: of the event in its stream.

    Example:
        >>> from proveout.errors import UpstreamLied
        >>> event = error_event(UpstreamLied("cut", why="w", fix="f", about="a"))
        >>> event.startswith(b'data: {"error":{"message":"cut'), event.endswith(b"\n\n")
        (True, True)
    """
    if not typed:
        return b"data: %b\n\n" % error_body(refused)
    said = _error(refused)
    event = {
        "type": "error",
        "code": said.code,
        "message": said.message,
        "param": said.param,
        "sequence_number": number,
    }
    return b"event: error\ndata: %b\n\n" % _encode(event)
