"""Answers kept for equal requests: bounded in bytes, least recently used out first, each operation in O(1)."""

from __future__ import annotations

from collections import OrderedDict
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway._exchange import Exchange, Headers, Outcome, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Cached", "ExactCache", "cached_of", "reply_of"]

# What an entry takes besides its body: keys, links and the objects around it, measured.
ENTRY_BYTES = 1100
# One answer may take this share of the cache, so that it cannot empty it.
LARGEST_SHARE = 8
# Only these say something of the body; others are of one connection or one request.
_KEPT_HEADERS = frozenset({b"content-type", b"content-encoding"})


class Cached(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was sent, and what it stood on.

    Attributes:
        body: or all events of a stream.
        streamed: whether it is events.
        headers: that say how to read the body.
        outcome: of the request that was answered first.
    """

    body: bytes
    streamed: bool
    headers: Headers
    outcome: Outcome


def cached_of(reply: Reply, outcome: Outcome, sent: bytes) -> Cached | None:
    """What may be kept of an answer; None for an error, an empty one and a stream that was cut.

    Args:
        reply: that was sent.
        outcome: complete.
        sent: all bytes of the body, or of the chunks.

    Example:
        >>> cached_of(Reply(status=500), Outcome(), b"{}") is None
        True
    """
    if reply.status != HTTPStatus.OK or outcome.error or outcome.cancelled or not sent:
        return None
    headers = [(name, value) for name, value in reply.headers if name in _KEPT_HEADERS]
    known = msgspec.structs.replace(outcome, stages={}, answer=b"", attempts=0, output=None)
    return Cached(body=sent, streamed=reply.chunks is not None, headers=headers, outcome=known)


def reply_of(cached: Cached, exchange: Exchange, kind: str = "exact") -> Reply:
    """The answer again, for another request; nothing was asked of a provider, so it took no tokens and no money.

    Args:
        cached: what was kept.
        exchange: its outcome is filled in.
        kind: ``exact`` or ``semantic``.
    """
    before = cached.outcome
    exchange.outcome = Outcome(
        route="cache",
        cache=kind,
        candidate=before.candidate,
        certificate=before.certificate,
        model=before.model,
        confidence=before.confidence,
        documents=before.documents,
        verdicts=exchange.outcome.verdicts,
        answer=cached.body,
    )
    if cached.streamed:
        return Reply(headers=list(cached.headers), chunks=_once(cached.body))
    return Reply(headers=list(cached.headers), body=cached.body)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


class ExactCache:
    """Answers by key, in one process.

    Args:
        most_bytes: of bodies and what keeps them.
        ttl_seconds: that an answer is given.
        clock: seconds, never going back.

    Example:
        >>> now = [0.0]
        >>> cache = ExactCache(most_bytes=1 << 20, ttl_seconds=60, clock=lambda: now[0])
        >>> kept = Cached(body=b"{}", streamed=False, headers=[], outcome=Outcome())
        >>> cache.put(b"key", kept, group="desk")
        True
        >>> cache.get(b"key") is kept, cache.drop("desk"), cache.get(b"key")
        (True, 1, None)
    """

    def __init__(self, *, most_bytes: int, ttl_seconds: float, clock: Callable[[], float]) -> None:
        self._most_bytes = most_bytes
        self._ttl = ttl_seconds
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[Cached, float, str, int]] = OrderedDict()
        self._groups: dict[str, dict[bytes, None]] = {}
        self.bytes = 0
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Cached | None:
        """The answer kept under a key; None when there is none, or it is too old."""
        found = self._entries.get(key)
        if found is None:
            return None
        if self._clock() >= found[1]:
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: bytes, cached: Cached, *, group: str = "") -> bool:
        """Keep an answer; whether it was small enough to be kept.

        Args:
            key: of `KeyMaker`.
            cached: the answer.
            group: task or provider, for `drop`.
        """
        size = len(cached.body) + len(key) + ENTRY_BYTES
        if key in self._entries:
            self._remove(key)
        if size * LARGEST_SHARE > self._most_bytes:
            return False
        self._entries[key] = (cached, self._clock() + self._ttl, group, size)
        self._groups.setdefault(group, {})[key] = None
        self.bytes += size
        while self.bytes > self._most_bytes:
            self._remove(next(iter(self._entries)))
            self.evicted += 1
        return True

    def drop(self, group: str) -> int:
        """Free all answers of a task or provider; how many there were."""
        keys = list(self._groups.get(group, ()))
        for key in keys:
            self._remove(key)
        return len(keys)

    def _remove(self, key: bytes) -> None:
        _, _, group, size = self._entries.pop(key)
        self.bytes -= size
        keys = self._groups[group]
        del keys[key]
        if not keys:
            del self._groups[group]
