"""What a provider says when it does not answer, and what of it a client is told."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import Refused, UpstreamFailed
from proveout.gateway._exchange import Reply
from proveout.gateway.providers._failure import JSON, Failure, error_object, failure_of_error, failure_of_status
from proveout.gateway.providers._headers import passed_on, retry_after_of, without

if TYPE_CHECKING:
    from proveout.gateway.providers._upstream import Upstream
    from proveout.gateway.upstream import Response

__all__ = ["began_with_error", "code_of", "refusal"]

BAD_REQUEST, UNPROCESSABLE, TOO_MANY, SERVER_ERROR = 400, 422, 429, 500
NOT_LET_IN = (401, 403)
MOST_BYTES = 256 * 1024
MOST_CODE = 64


class _Stated(msgspec.Struct, frozen=True):
    code: str | int | None = None
    type: str | None = None


class _Body(msgspec.Struct, frozen=True):
    error: _Stated | None = None


_read = msgspec.json.Decoder(_Body).decode
_read_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


async def refusal(upstream: Upstream, response: Response) -> Failure:
    """What a status other than 2xx means.

    A 4xx is told to the client in the provider's words; of anything else it learns the status. That the provider
    refused the gateway's own credential is told as a failure of the gateway, without those words: they quote keys.

    Args:
        upstream: that answered.
        response: its answer.

    Raises:
        UpstreamFailed: the answer did not come to its end.
    """
    status, about = response.status, upstream.name
    body = await response.read(MOST_BYTES)
    why = f"{upstream.name} answered with status {status}"
    if status in NOT_LET_IN and upstream.credentials.own:
        error = UpstreamFailed("the provider refused the gateway", why=why, fix="check its credential", about=about)
        return Failure(error=error, again=False, well=True)
    asked = retry_after_of(response.headers)
    error = UpstreamFailed(
        "the provider did not answer",
        why=why,
        fix="try again later",
        about=about,
        retry_after=asked if asked is not None and isfinite(asked) else None,
    )
    reply = _told(upstream, response, body) if BAD_REQUEST <= status < SERVER_ERROR else None
    failure = failure_of_status(status, error, reply=reply)
    failure.retry_after = asked
    failure.usage_refused = status in (BAD_REQUEST, UNPROCESSABLE) and b"stream_options" in body
    if status == TOO_MANY and b"insufficient_quota" in body:
        failure.again = False
    return failure


def began_with_error(upstream: Upstream, events: bytes) -> Failure | None:
    """Whether a stream's first events hold an error, so that another provider may still answer."""
    if b'"error"' not in events:
        return None
    for line in events.splitlines():
        if line.startswith(b"data:") and _is_error(line.removeprefix(b"data:")):
            why = f"{upstream.name} began its stream with an error"
            return failure_of_error(
                UpstreamFailed("the provider did not answer", why=why, fix="try again later", about=upstream.name)
            )
    return None


def code_of(body: bytes) -> str:
    """The code, or else the type, of an error in the shape of the OpenAI API; "" where there is none.

    Example:
        >>> code_of(b'{"error":{"message":"no","type":"invalid_request_error","code":"context_length_exceeded"}}')
        'context_length_exceeded'
    """
    try:
        stated = _read(body).error
    except msgspec.DecodeError:
        return ""
    return str(stated.code or stated.type or "")[:MOST_CODE] if stated else ""


def _told(upstream: Upstream, response: Response, body: bytes) -> Reply:
    try:
        _read_object(body)
    except msgspec.DecodeError:
        why = f"it answered with status {response.status}"
        body = error_object(Refused("the provider refused the request", why=why, fix="", about=upstream.name))
    body = without(upstream.credentials.secrets, body)
    return Reply(status=response.status, headers=[JSON, *passed_on(response.headers)], body=body)


def _is_error(data: bytes) -> bool:
    try:
        top = _read_object(data)
    except msgspec.DecodeError:
        return False
    return bytes(top.get("error", b"null")) != b"null" or bytes(top.get("type", b"")) == b'"error"'
