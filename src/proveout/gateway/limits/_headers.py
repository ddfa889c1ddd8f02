"""``x-ratelimit-*`` headers, in the names and formats of the OpenAI API."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from proveout.gateway.limits._slots import REQUESTS, TOKENS
from proveout.gateway.limits._terms import SLACK

if TYPE_CHECKING:
    from proveout.gateway.limits._slots import Numbers
    from proveout.gateway.limits._terms import Terms

__all__ = ["duration", "head_of"]

MINUTE = 60
MILLI = 1000


def head_of(terms: Terms, cells: Numbers, now: float) -> bytes:
    """What of a limit is left: its size, what may be used at once, and in how long it is whole again; lines of a head.

    The size is what may be used at once: a minute's worth, unless ``burst_seconds`` says otherwise.
    """
    head = b""
    if terms.request_seconds:
        ahead = cells[terms.base + REQUESTS] - now
        head = terms.request_lines % _left(ahead, terms.request_most, terms.request_seconds)
    if terms.token_seconds:
        ahead = cells[terms.base + TOKENS] - now
        head += terms.token_lines % _left(ahead, terms.token_most, terms.token_seconds)
    return head


def _left(ahead: float, most: float, seconds: float) -> tuple[int, bytes]:
    """What may be used now, and in how long all of it may."""
    if ahead <= SLACK:
        return int(most / seconds), b"0s"
    room = most - ahead
    return int(room / seconds) if room > 0.0 else 0, duration(ahead - SLACK)


def duration(seconds: float) -> bytes:
    """A duration as the OpenAI API writes it, rounded up to a millisecond.

    Example:
        >>> [duration(value).decode() for value in (0.0, 0.0121, 1.0, 8.64, 360.0, 3661.5)]
        ['0s', '13ms', '1s', '8.64s', '6m0s', '1h1m1.5s']
    """
    return _written(-int(-seconds * MILLI // 1)) if seconds > 0.0 else b"0s"


@lru_cache(maxsize=1024)
def _written(millis: int) -> bytes:
    if not millis:
        return b"0s"
    if millis < MILLI:
        return b"%dms" % millis
    whole, millis = divmod(millis, MILLI)
    fraction = (b".%03d" % millis).rstrip(b"0") if millis else b""
    if whole < MINUTE:
        return b"%d%bs" % (whole, fraction)
    minutes, rest = divmod(whole, MINUTE)
    if minutes < MINUTE:
        return b"%dm%d%bs" % (minutes, rest, fraction)
    return b"%dh%dm%d%bs" % (*divmod(minutes, MINUTE), rest, fraction)
