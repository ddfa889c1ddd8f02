"""Chunks of a streamed answer on their way to the client, until its end or until the client goes away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from proveout.gateway._exchange import Receive, Reply, Send

__all__ = ["Forwarded", "collect", "end_chunks", "forward"]

# What ends a stream of each API, at the start of a line: JSON holds no line break. Whoever has seen it has the whole
# answer.
_ENDS = (
    b"data: [DONE]",
    b"data:[DONE]",
    b"event: response.completed",
    b"event: response.failed",
    b"event: response.incomplete",
)
_DONE, _TYPED = b"[DONE]", b"event: response."


class Forwarded(msgspec.Struct, frozen=True):
    """How far it came.

    Attributes:
        last: bytes that end the stream and are not sent yet: first the record, then the end.
        gone: the client went away before.
    """

    last: bytes = b""
    gone: bool = False


async def forward(chunks: AsyncIterator[bytes], receive: Receive, send: Send) -> Forwarded:
    """Send each chunk as it comes, but the end; a client that goes away stops it at once.

    Args:
        chunks: in any division between events; the caller ends them.
        receive: of ASGI; says when the client is gone.
        send: of ASGI.
    """
    watch = _Watch(receive)
    last = b""
    try:
        async for chunk in chunks:
            if last or _ends(chunk):
                last += chunk
            else:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except asyncio.CancelledError:
        if not watch.gone:
            raise
    finally:
        watch.end()
    return Forwarded(last, watch.gone)


async def end_chunks(reply: Reply) -> None:
    """Give up what feeds a reply, if it is not over; then the outcome says what it took."""
    close = getattr(reply.chunks, "aclose", None)
    if close is not None:
        await close()


async def collect(reply: Reply) -> Reply:
    """A streamed reply held back until it is whole, as one body of events."""
    try:
        parts = [chunk async for chunk in reply.chunks or ()]  # type: ignore[union-attr]  # asked for with chunks
    finally:
        await end_chunks(reply)
    return msgspec.structs.replace(reply, body=b"".join(parts), chunks=None)


def _ends(chunk: bytes) -> bool:
    if _DONE not in chunk and _TYPED not in chunk:
        return False
    return chunk.startswith(_ENDS) or any(b"\n" + end in chunk for end in _ENDS)


class _Watch:
    """Cancels the task that forwards as soon as the client is gone."""

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._forwarding = asyncio.current_task()
        self._task = asyncio.ensure_future(self._wait(receive))

    async def _wait(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self._forwarding is not None:
            self.gone = True
            self._forwarding.cancel()

    def end(self) -> None:
        """Watch no longer; what was cancelled by the watch goes on."""
        forwarding, self._forwarding = self._forwarding, None
        self._task.cancel()
        if self.gone and forwarding is not None:
            forwarding.uncancel()
