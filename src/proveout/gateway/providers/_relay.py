"""Events from a provider to a client: whole ones only, as they come, each byte as it is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import UpstreamFailed, UpstreamLied
from proveout.gateway.providers._failure import error_object
from proveout.gateway.providers._headers import without
from proveout.gateway.providers._usage import data_of
from proveout.gateway.upstream import WholeEvents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from proveout.gateway._exchange import Operation
    from proveout.gateway.upstream import Response

__all__ = ["Relay"]

DONE = b"data: [DONE]\n\n"
# The provider may send nothing after its last event, but has to end the body; it is given this long.
GRACE = 1.0
MOST_EVENT_BYTES = 16 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024

_DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]\s*\Z")
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_FINISHED = {
    "chat": re.compile(rb'"finish_reason"\s*:\s*"'),
    "responses": re.compile(rb'"type"\s*:\s*"(?:response\.(?:completed|failed|incomplete)|error)"'),
}
_EVENT = re.compile(rb".*?(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)", re.DOTALL)
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*([0-9]{1,9})')
_encode = msgspec.json.encode


class Relay:
    """The chunks of a reply; once they are exhausted or closed, ``settle`` was called, once.

    The work for each chunk is to see that it ends where an event ends; all else waits for the end. A client never gets
    half an event: what a provider breaks off is left out, and an event with the error stands in its place.

    Args:
        response: whose body it is.
        operation: ``chat`` or ``responses``.
        withhold: whether the event with nothing but the usage is kept from the client, who did not ask for it.
        secrets: that no client may see.
        settle: told once, when all is over: the relay, the error that broke it off, and whether the client went away.

    Attributes:
        events: what the client was sent.
        usage: the event that was withheld.
    """

    __slots__ = (
        "_chunks",
        "_done",
        "_events",
        "_first",
        "_next",
        "_operation",
        "_response",
        "_secrets",
        "_sent",
        "_settle",
        "_size",
        "_whole",
        "_withhold",
        "usage",
    )

    def __init__(
        self,
        response: Response,
        operation: Operation,
        *,
        withhold: bool,
        secrets: tuple[bytes, ...],
        settle: Callable[[Relay, UpstreamFailed | None, bool], None],
    ) -> None:
        self._response = response
        self._chunks = response.chunks()
        self._next = self._chunks.__anext__
        self._operation = operation
        self._withhold = withhold
        self._secrets = secrets
        self._settle: Callable[[Relay, UpstreamFailed | None, bool], None] | None = settle
        self._events = WholeEvents(MOST_EVENT_BYTES)
        self._whole = self._events.feed
        self._first = b""
        self._sent: list[bytes] = []
        self._size = 0
        self._done = False
        self.usage = b""

    @property
    def events(self) -> bytes:
        """What the client was sent so far."""
        return b"".join(self._sent)

    async def begin(self) -> bytes:
        """Wait for the first event; until then another provider may be asked.

        Raises:
            UpstreamFailed: there is none.
        """
        pieces: list[bytes] = []
        try:
            while not pieces or b"data:" not in pieces[-1]:
                pieces.append(await self._pull())
        except StopAsyncIteration:
            if not _DONE.search(self._events.held):
                raise _cut("before its first event") from None
        self._first = b"".join(pieces)
        return self._first

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._settle is None:
            raise StopAsyncIteration
        try:
            if self._done:
                await self._wait_for_end()
                last = self._end(None)
            else:
                return await self._pull()
        except StopAsyncIteration:
            last = self._end(None)
        except UpstreamFailed as error:
            last = self._end(error)
        except BaseException:
            await self.aclose()
            raise
        if last:
            return last
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """The client went away: the call is given up at once."""
        self._first = b""
        self._response.close()
        self._over(None, cancelled=not self._complete())

    async def _pull(self) -> bytes:
        while True:
            data = self._whole(await self._next())
            if self._withhold and _NO_CHOICES.search(data):
                data = self._without_usage(data)
            if not data:
                continue
            for secret in self._secrets:
                if secret in data:
                    data = without(self._secrets, data)
            self._size += len(data)
            if self._size > MOST_BYTES:
                raise _cut("after more bytes than are taken")
            if data.endswith(DONE):
                self._done = True
            self._sent.append(data)
            return data

    def _without_usage(self, data: bytes) -> bytes:
        kept = []
        for match in _EVENT.finditer(data):
            event = match[0]
            if _NO_CHOICES.search(event) and any(_only_usage(value) for value in data_of(event)):
                self.usage = event
            else:
                kept.append(event)
        return b"".join(kept)

    async def _wait_for_end(self) -> None:
        try:
            async with asyncio.timeout(GRACE):
                while True:
                    await self._next()
        except (StopAsyncIteration, TimeoutError, UpstreamFailed):
            # The answer is complete already: nothing that comes, or does not, can change it.
            return

    def _end(self, error: UpstreamFailed | None) -> bytes:
        """What is sent last: nothing, the last event that lacks its blank line, or the error."""
        tail = b""
        held = self._events.held
        if _DONE.search(held):
            tail = held
            self._sent.append(tail)
        if told := self._told():
            error = error or _reported()
        elif self._complete():
            error = None
        elif error is None:
            error = _cut("in an event" if held else "without an end")
        if error is not None and not told:
            tail = self._error_event(error)
            self._sent.append(tail)
        self._response.close()
        self._over(error, cancelled=False)
        return tail

    def _over(self, error: UpstreamFailed | None, *, cancelled: bool) -> None:
        settle, self._settle = self._settle, None
        if settle is not None:
            settle(self, error, cancelled)

    def _complete(self) -> bool:
        if self._done:
            return True
        events = self.events
        finished = _FINISHED.get(self._operation)
        return bool(_DONE.search(events) or (finished and finished.search(events)))

    def _told(self) -> bool:
        """Whether the provider sent an error itself, at the end."""
        last = b"".join(self._sent[-2:])
        return b'"error"' in last and any(_is_error(value) for value in data_of(last))

    def _error_event(self, error: UpstreamFailed) -> bytes:
        if self._operation != "responses":
            return b"data: " + without(self._secrets, error_object(error)) + b"\n\n"
        numbers = _NUMBER.findall(self._sent[-1])
        said = _encode(
            {
                "type": "error",
                "code": error.error_code,
                "message": f"{error.what}: {error.why}",
                "param": None,
                "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
            }
        )
        return b"event: error\ndata: " + without(self._secrets, said) + b"\n\n"


def _only_usage(value: dict[str, Any]) -> bool:
    return value.get("choices") == [] and isinstance(value.get("usage"), dict)


def _is_error(value: dict[str, Any]) -> bool:
    return value.get("type") == "error" or bool(value.get("error"))


def _cut(where: str) -> UpstreamLied:
    return UpstreamLied(
        "the provider's answer broke off",
        why=f"the stream ended {where}",
        fix="send the request again",
        about="stream",
    )


def _reported() -> UpstreamFailed:
    return UpstreamFailed(
        "the provider's answer broke off",
        why="it sent an error in place of an event",
        fix="send the request again",
        about="stream",
    )
