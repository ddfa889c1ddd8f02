"""Replies as ASGI messages, with the gateway's own headers."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange, Headers, Reply, Send

__all__ = ["own_headers", "send_head", "send_whole"]

# In this order on every answer, where the outcome has them.
_NAMES = (
    b"x-proveout-route",
    b"x-proveout-candidate",
    b"x-proveout-certificate",
    b"x-proveout-cache",
    b"x-proveout-experiment",
)
_values = attrgetter("route", "candidate", "certificate", "cache", "experiment")


def own_headers(exchange: Exchange) -> Headers:
    """``x-request-id``, ``x-proveout-*`` and ``x-ratelimit-*``; the cost only where it is known already."""
    found = exchange.outcome
    headers = [(b"x-request-id", exchange.id.encode()), (b"x-proveout-tier", exchange.key.tier.encode())]
    headers += [(name, value.encode()) for name, value in zip(_NAMES, _values(found), strict=True) if value]
    if found.route and not exchange.wanted.stream and not found.usd_unknown:
        headers.append((b"x-proveout-cost-usd", b"%.8f" % found.usd))
    if exchange.held is not None:
        headers += exchange.held.headers()
    return headers


async def send_head(send: Send, reply: Reply, extra: Headers) -> None:
    """Status and headers; the length too, unless chunks follow."""
    headers = reply.headers + extra
    if reply.chunks is None:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})


async def send_whole(send: Send, reply: Reply, extra: Headers, *, bodiless: bool = False) -> None:
    """A reply whose body is there; ``bodiless`` leaves it out and states its length all the same (HEAD)."""
    await send_head(send, reply, extra)
    await send({"type": "http.response.body", "body": b"" if bodiless else reply.body})
