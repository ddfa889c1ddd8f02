"""An answer of the lean client as it comes in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from proveout.gateway.upstream._failures import given_up, too_large

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from proveout.errors import UpstreamFailed

__all__ = ["LeanResponse", "Source"]


class Source(Protocol):
    """The connection that a response comes over."""

    host: str
    loop: asyncio.AbstractEventLoop

    def resume(self) -> None:
        """Go on reading after a pause."""
        ...

    def give_up(self, response: LeanResponse) -> None:
        """Close, if this response is still under way."""
        ...


class LeanResponse:
    """See `Response`; the connection fills it in, and one task reads it.

    Attributes:
        status: of HTTP; 0 until the head has come.
        headers: names in lower case.
        pieces: of the body, come and not read.
        size: of `pieces`, bytes.
        done: the body has come to its end.
        paused: the connection does not read until `pieces` are.
        stale: a kept connection ended before a byte of an answer, so that the call may be made again.
        error: what ended it.
        waiter: of the task that waits for more.
    """

    __slots__ = ("_source", "done", "error", "headers", "paused", "pieces", "size", "stale", "status", "waiter")

    def __init__(self, source: Source) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.size = 0
        self.done = False
        self.paused = False
        self.stale = False
        self.error: UpstreamFailed | None = None
        self.waiter: asyncio.Future[None] | None = None
        self._source = source

    async def read(self, most_bytes: int = 64 * 1024 * 1024) -> bytes:
        """See `Response.read`; without a pause where head and body came together."""
        if self.done and self.size <= most_bytes:
            pieces = self.pieces
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return await self._gather(most_bytes)

    async def _gather(self, most_bytes: int) -> bytes:
        whole = bytearray()
        while True:
            whole += self._take()
            if len(whole) > most_bytes:
                self.close()
                raise too_large(self._source.host, "its body is", most_bytes)
            if self.done:
                break
            if self.error is not None:
                raise self.error
            await self.more()
        self.pieces = [bytes(whole)]
        self.size = len(whole)
        return self.pieces[0]

    def chunks(self) -> AsyncIterator[bytes]:
        """See `Response.chunks`."""
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self.pieces:
            if self.error is not None:
                raise self.error
            if self.done:
                raise StopAsyncIteration
            await self.more()
        return self._take()

    def close(self) -> None:
        """See `Response.close`."""
        if not self.done and self.error is None:
            self.error = given_up(self._source.host)
            self._source.give_up(self)
            self.wake()

    async def more(self) -> None:
        """Wait until something has come; cancelling it closes the connection."""
        self.waiter = self._source.loop.create_future()
        try:
            await self.waiter
        except asyncio.CancelledError:
            self.close()
            raise

    def wake(self) -> None:
        """Something has come."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def fail(self, error: UpstreamFailed) -> None:
        """End it, also where it had seemed complete."""
        self.done = False
        self.error = error
        self.wake()

    def _take(self) -> bytes:
        pieces = self.pieces
        if not pieces:
            return b""
        self.pieces = []
        self.size = 0
        if self.paused:
            self.paused = False
            self._source.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
