"""The HTTP endpoint: an ASGI application that answers 202 once events are on the disk."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BusyError, DiskFull, EventInvalid, ProveoutError
from proveout.events._committer import Committer
from proveout.events._parse import MOST_BYTES, content_mode, parse_message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from proveout.events._inbox import Inbox

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["http_app"]

RETRY_AFTER_SECONDS = 30
ACCEPTED, BAD, UNAUTHORISED, UNKNOWN_PATH, WRONG_METHOD, TOO_LARGE, WRONG_TYPE, BROKEN, UNAVAILABLE = (
    202, 400, 401, 404, 405, 413, 415, 500, 503,
)  # fmt: skip
_WANTED = "application/cloudevents+json, application/cloudevents-batch+json, or ce- headers"


class _Answer(Exception):
    """A reply that ends the request."""

    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


class _Gone(Exception):
    """The client went away; nothing was accepted and nobody is there to be told."""


def http_app(inbox: Inbox, *, most_bytes: int = MOST_BYTES, token: str = "") -> App:
    """An ASGI 3 application: ``POST /`` takes events, ``GET /healthz`` says that it runs.

    | status | when |
    |---|---|
    | 202 | all events of the request are stored, or known already |
    | 400 | not a CloudEvent 1.0; nothing was stored |
    | 401 | the bearer token is missing or wrong |
    | 413, 415 | too large; no content type of CloudEvents |
    | 503 | the disk is full, or the inbox is locked; try again after ``Retry-After`` seconds |

    Args:
        inbox: where events go.
        most_bytes: a larger body is refused before it is read to its end.
        token: wanted as ``Authorization: Bearer``; "" wants none.
    """
    committer = Committer(inbox, "http")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            headers = _checked(scope, token)
            reply = await _take(headers, receive, committer, most_bytes)
        except _Answer as answer:
            reply = answer
        except _Gone:
            return
        except ProveoutError as error:
            reply = _refusal(error)
        await _send(send, reply)

    return app


def _checked(scope: Scope, token: str) -> dict[str, str]:
    """The headers of a request that may go on, names in lower case."""
    method, path = scope["method"], scope["path"]
    if path == "/healthz" and method in {"GET", "HEAD"}:
        raise _Answer(200, {"status": "ok"})
    if path != "/":
        raise _Answer(UNKNOWN_PATH, _error("NotFound", path, "no such path", "events go to /", "POST to /"))
    if method != "POST":
        raise _Answer(
            WRONG_METHOD, _error("WrongMethod", method, "no such method", "events are posted", "use POST"), allow="POST"
        )
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    wanted = f"Bearer {token}".encode()
    if token and not hmac.compare_digest(headers.get("authorization", "").encode(), wanted):
        body = _error("Unauthorised", "authorization", "not allowed", "the token is missing or wrong", "send the token")
        raise _Answer(UNAUTHORISED, body, **{"www-authenticate": "Bearer"})
    if not content_mode(headers):
        what = headers.get("content-type", "none")[:80]
        raise _Answer(
            WRONG_TYPE, _error("EventInvalid", "content-type", "not a CloudEvent", f"it is {what}", f"send {_WANTED}")
        )
    return headers


async def _take(headers: dict[str, str], receive: Receive, committer: Committer, most_bytes: int) -> _Answer:
    body = await _body(headers, receive, most_bytes)
    accepted = await committer.accept(parse_message(headers, body, most_bytes=most_bytes))
    return _Answer(ACCEPTED, msgspec.to_builtins(accepted))


async def _body(headers: dict[str, str], receive: Receive, most_bytes: int) -> bytes:
    stated = headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:19]) > most_bytes:
        raise _too_large(most_bytes)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part = message.get("body", b"")
        size += len(part)
        if size > most_bytes:
            raise _too_large(most_bytes)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(most_bytes: int) -> _Answer:
    why, fix = f"the body has more than {most_bytes:,} bytes", "send less, or raise the limit"
    return _Answer(TOO_LARGE, _error("EventInvalid", "body", "not accepted", why, fix), connection="close")


def _refusal(error: ProveoutError) -> _Answer:
    if isinstance(error, EventInvalid):
        return _Answer(BAD, error.to_dict())
    if isinstance(error, DiskFull | BusyError):
        return _Answer(UNAVAILABLE, error.to_dict(), **{"retry-after": str(RETRY_AFTER_SECONDS)})
    return _Answer(BROKEN, error.to_dict())


def _error(code: str, about: str, what: str, why: str, fix: str) -> dict[str, str]:
    return {"error": code, "about": about, "what": what, "why": why, "fix": fix}


async def _send(send: Send, reply: _Answer) -> None:
    body = msgspec.json.encode(reply.body)
    headers = {"content-type": "application/json", "content-length": str(len(body)), **reply.headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
