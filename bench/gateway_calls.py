"""Single requests over kept connections, for loads whose requests differ and come at times of their own."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


@dataclass
class Answer:
    """What came back.

    Attributes:
        status: of HTTP; 0 where the connection broke before one came.
        headers: by lower-case name.
        body: as far as it came.
        whole: whether it came to its end.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False

    @property
    def ok(self) -> bool:
        """A whole answer of status 200; a stream with its end."""
        streamed = "event-stream" in self.headers.get("content-type", "")
        return self.status == 200 and self.whole and (not streamed or b"[DONE]" in self.body[-64:])


class Line(asyncio.Protocol):
    """One connection; asked once at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be usable."""
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True
        self._done: asyncio.Future[Answer] | None = None

    def ask(self, sent: bytes, leave_after: int | None) -> asyncio.Future[Answer]:
        """Send; the answer once it is whole, broken, or longer than a caller wanted to read."""
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._leave_after = leave_after
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return self._done

    def data_received(self, data: bytes) -> None:
        """Read."""
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep it."""
        self._answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Keep the status."""
        self._answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Keep it, or go away."""
        self._answer.body += body
        if self._leave_after is not None and len(self._answer.body) >= self._leave_after:
            self.usable = False
            self._transport.abort()

    def on_message_complete(self) -> None:
        """Hand it over."""
        self._answer.whole = True
        if not self._parser.should_keep_alive():
            self.usable = False
        self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        """Hand over what there is."""
        del error
        self.usable = False
        self._finish()

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(self._answer)

    def close(self) -> None:
        """For good."""
        self._transport.abort()


class Pool:
    """Connections to one port, as many as are needed at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Line] = []

    async def ask(self, sent: bytes, *, leave_after: int | None = None) -> Answer:
        """Send a request; with ``leave_after``, go away after so many bytes of the body."""
        line = await self._line()
        try:
            answer = await line.ask(sent, leave_after)
        except asyncio.CancelledError:
            line.close()
            raise
        if line.usable:
            self._idle.append(line)
        return answer

    async def _line(self) -> Line:
        while self._idle:
            line = self._idle.pop()
            if line.usable:
                return line
        _, made = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self._port)
        return made

    def close(self) -> None:
        """Close what is idle."""
        for line in self._idle:
            line.close()


async def at_times(times: Iterable[float], call: Callable[[int, float], Awaitable[None]]) -> None:
    """Make call number 0, 1, ... at its time, whatever became of those before: an open loop.

    Args:
        times: seconds from now, in order.
        call: given its number and the time at which it should have begun, so that what it waits is counted.
    """
    began = time.perf_counter()
    under_way: set[asyncio.Task[None]] = set()

    async def one(number: int, due: float) -> None:
        await call(number, due)

    for number, offset in enumerate(times):
        wait = began + offset - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(number, began + offset))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    if under_way:
        await asyncio.wait(under_way, timeout=60)
