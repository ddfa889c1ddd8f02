"""W3C Trace Context (Recommendation of 23 November 2021, and its level 2): who called, and what is sent on."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple

__all__ = ["TraceParent", "child_traceparent", "parse_traceparent", "span_id_of", "valid_traceparent"]

_IDS = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_current = re.compile("00" + _IDS).fullmatch
_later = re.compile(f"(?!00|ff)[0-9a-f]{{2}}{_IDS}(-[\\x21-\\x7e]*)?").fullmatch
_MOST = 512
_NO_SPAN = "0" * 16
SAMPLED = 0x01
# What level 2 defines; other bits are not ours to send on.
KNOWN_FLAGS = 0x03


class TraceParent(NamedTuple):
    """A parsed ``traceparent``.

    Attributes:
        trace: id, 32 hexadecimal digits.
        span: id of the caller's span, 16 hexadecimal digits.
        flags: sampled (1), and random trace id (2).
    """

    trace: str
    span: str
    flags: int


def parse_traceparent(header: str) -> TraceParent | None:
    """Read a ``traceparent`` header; None when it is not valid, and a new trace is to be begun.

    Strict: digits in lower case, no surrounding space, version 00 of exactly 55 characters, ids not zero, version not
    ff. A later version is read as far as version 00 goes, and what follows must be set off by a dash.

    Example:
        >>> parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").flags
        1
        >>> parse_traceparent("00-00000000000000000000000000000000-00f067aa0ba902b7-01") is None
        True
    """
    if not _is_valid(header):
        return None
    return TraceParent(header[3:35], header[36:52], int(header[53:55], 16) & KNOWN_FLAGS)


def _is_valid(header: str) -> bool:
    return _current(header) is not None or (len(header) <= _MOST and _later(header) is not None)


def valid_traceparent(header: bytes) -> str:
    """The header as text when it is valid, "" else: what `Exchange.traceparent` holds.

    Example:
        >>> valid_traceparent(b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")
        ''
    """
    text = header.decode("latin-1")
    return text if _is_valid(text) else ""


def span_id_of(request_id: str, part: str = "") -> str:
    """The id of the span of a request, or of a part of it: 64 bits of BLAKE2b of the request's id.

    Example:
        >>> span_id_of("req-1") == span_id_of("req-1"), span_id_of("req-1") == span_id_of("req-1", "upstream")
        (True, False)
    """
    found = blake2b(f"{request_id}\n{part}".encode(), digest_size=8).hexdigest()
    return found if found != _NO_SPAN else "0" * 15 + "1"


def trace_of(parent: str, request_id: str) -> TraceParent:
    """Trace and caller of a request; without a valid parent a trace of its own, whose caller is no span at all."""
    found = parse_traceparent(parent)
    if found is not None:
        return found
    return TraceParent(blake2b(request_id.encode(), digest_size=16, person=b"trace").hexdigest(), "", SAMPLED)


def child_traceparent(parent: str, request_id: str) -> str:
    """What the gateway sends upstream: the caller's trace, or a new one, with the span that it will export.

    Args:
        parent: `Exchange.traceparent`.
        request_id: `Exchange.id`.

    Example:
        >>> child_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "req-1")
        '00-4bf92f3577b34da6a3ce929d0e0e4736-9e37a8b25163b118-01'
    """
    if _current(parent):  # the usual case, once for each call upstream
        return f"{parent[:36]}{span_id_of(request_id)}-0{int(parent[54], 16) & KNOWN_FLAGS}"
    found = trace_of(parent, request_id)
    return f"00-{found.trace}-{span_id_of(request_id)}-{found.flags:02x}"
