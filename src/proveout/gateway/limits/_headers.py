"""``x-ratelimit-*`` headers, in the names and formats of the OpenAI API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.gateway.limits._slots import REQUESTS, TOKENS
from proveout.gateway.limits._terms import SLACK

if TYPE_CHECKING:
    from proveout.gateway.limits._slots import Numbers
    from proveout.gateway.limits._terms import Terms

__all__ = ["duration", "headers_of"]

HOUR, MINUTE = 3600, 60
MILLI = 1000


def headers_of(terms: Terms, cells: Numbers, now: float) -> list[tuple[bytes, bytes]]:
    """What of a limit is left: its size, what may be used at once, and in how long it is whole again.

    The size is what may be used at once: a minute's worth, unless ``burst_seconds`` says otherwise.
    """
    headers: list[tuple[bytes, bytes]] = []
    if terms.request_seconds:
        ahead = max(cells[terms.base + REQUESTS] - now, 0.0)
        headers += (
            (b"x-ratelimit-limit-requests", terms.request_size),
            (b"x-ratelimit-remaining-requests", _remaining(terms.request_most - ahead, terms.request_seconds)),
            (b"x-ratelimit-reset-requests", duration(ahead - SLACK)),
        )
    if terms.token_seconds:
        ahead = max(cells[terms.base + TOKENS] - now, 0.0)
        headers += (
            (b"x-ratelimit-limit-tokens", terms.token_size),
            (b"x-ratelimit-remaining-tokens", _remaining(terms.token_most - ahead, terms.token_seconds)),
            (b"x-ratelimit-reset-tokens", duration(ahead - SLACK)),
        )
    return headers


def _remaining(room: float, seconds: float) -> bytes:
    return b"%d" % int(room / seconds) if room > 0.0 else b"0"


def duration(seconds: float) -> bytes:
    """A duration as the OpenAI API writes it, rounded up to a millisecond.

    Example:
        >>> [duration(value).decode() for value in (0.0, 0.0121, 1.0, 8.64, 360.0, 3661.5)]
        ['0s', '13ms', '1s', '8.64s', '6m0s', '1h1m1.5s']
    """
    millis = -int(-seconds * MILLI // 1) if seconds > 0.0 else 0
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
