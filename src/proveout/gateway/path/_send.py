"""Replies as ASGI messages, with the gateway's own headers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from proveout.gateway._heads import pairs_of

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange, Reply, Scope, Send

__all__ = ["RAW_HEAD", "begun", "own_head", "send_whole", "takes_raw"]

# A server that names this among its extensions takes lines of a head as they are, under this key of the message.
RAW_HEAD = "proveout.head"
# In this order on every answer, where there is something to say.
_NAMES = ("tier", "route", "candidate", "certificate", "cache", "experiment")


def own_head(exchange: Exchange) -> bytes:
    """``x-request-id``, ``x-proveout-*`` and ``x-ratelimit-*``; the cost only where it is known already."""
    found = exchange.outcome
    told = _told(exchange.key.tier, found.route, found.candidate, found.certificate, found.cache, found.experiment)
    if found.route and not exchange.wanted.stream and not found.usd_unknown:
        head = b"x-request-id: %b\r\n%bx-proveout-cost-usd: %.8f\r\n" % (exchange.id.encode(), told, found.usd)
    else:
        head = b"x-request-id: %b\r\n%b" % (exchange.id.encode(), told)
    return head if exchange.held is None else head + exchange.held.head()


@lru_cache(maxsize=1024)
def _told(*values: str) -> bytes:
    """The lines that most requests have in common, so that few are ever put together anew."""
    return b"".join(
        f"x-proveout-{name}: {value}\r\n".encode() for name, value in zip(_NAMES, values, strict=True) if value
    )


def takes_raw(scope: Scope) -> bool:
    """Whether the server takes lines of a head."""
    return RAW_HEAD in scope.get("extensions", ())


def begun(reply: Reply, head: bytes, *, raw: bool) -> dict[str, Any]:
    """The message that begins an answer: status and headers; the length too, unless chunks follow.

    Args:
        reply: its status and headers.
        head: further lines.
        raw: whether the server takes lines.
    """
    headers = reply.headers
    if reply.chunks is None:
        headers = [*headers, (b"content-length", b"%d" % len(reply.body))]
    if raw:
        return {"type": "http.response.start", "status": reply.status, "headers": headers, RAW_HEAD: head}
    return {"type": "http.response.start", "status": reply.status, "headers": headers + pairs_of(head)}


async def send_whole(send: Send, reply: Reply, head: bytes, *, raw: bool, bodiless: bool = False) -> None:
    """A reply whose body is there; ``bodiless`` leaves it out and states its length all the same (HEAD)."""
    await send(begun(reply, head, raw=raw))
    await send({"type": "http.response.body", "body": b"" if bodiless else reply.body})
