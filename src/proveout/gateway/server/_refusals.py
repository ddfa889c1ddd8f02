"""Answers given before a request reaches the path: bytes that are ready, in the shape of the OpenAI API."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

__all__ = ["REFUSALS", "refusal"]

# status -> (type, code, message): RFC 9110, 15.5, and RFC 6585 for 431.
_SAID = {
    400: ("invalid_request_error", "bad_http", "The request is not valid HTTP/1.1."),
    408: ("invalid_request_error", "request_timeout", "The request did not arrive in time."),
    413: ("invalid_request_error", "request_too_large", "The body has more bytes than the gateway takes."),
    417: ("invalid_request_error", "bad_http", "The only expectation that can be met is 100-continue."),
    431: ("invalid_request_error", "headers_too_large", "The request's line and headers have too many bytes."),
    501: ("invalid_request_error", "bad_http", "The only transfer coding that is read is chunked."),
    503: ("server_error", "overloaded", "Too many connections are open."),
    505: ("invalid_request_error", "bad_http", "The versions of HTTP that are spoken are 1.1 and 1.0."),
}
RETRY_AFTER_SECONDS = 1
UNAVAILABLE = 503


def refusal(status: int) -> bytes:
    r"""The whole answer, after which the connection is closed.

    Example:
        >>> refusal(408).partition(b"\r\n")[0]
        b'HTTP/1.1 408 Request Timeout'
    """
    kind, code, message = _SAID[status]
    body = msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": code}})
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *([f"retry-after: {RETRY_AFTER_SECONDS}"] if status == UNAVAILABLE else []),
        "connection: close",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("ascii") + body


# All of them, made once: an answer to an attack is to cost less than the attack.
REFUSALS = {status: refusal(status) for status in _SAID}
