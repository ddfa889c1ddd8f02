"""One connection of the lean client: bytes in, responses out, one at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from proveout.gateway.upstream._failures import closed_early, cut_short, malformed, timed_out, too_large
from proveout.gateway.upstream._response import LeanResponse

if TYPE_CHECKING:
    from proveout.errors import UpstreamFailed
    from proveout.gateway.upstream._client import Timeouts

__all__ = ["KEEP_SECONDS", "MOST_HEAD_BYTES", "MOST_WAITING_BYTES", "Connection", "Keeper"]

# Shorter than what servers keep a connection for, so that few calls meet one that is just being closed.
KEEP_SECONDS = 15.0
# Of anything but body in a row: a status line with its headers, the frames of chunks, trailers.
MOST_HEAD_BYTES = 64 * 1024
# Of a body, come and not read, before the provider is made to wait.
MOST_WAITING_BYTES = 256 * 1024
# Bodies over this are not copied behind their head, and may still be under way when the answer has come.
_LARGE_BYTES = 64 * 1024
_FIRST_FINAL = 200
_FIRST_STATUS = 100


class Keeper(Protocol):
    """The pool that a connection is of."""

    def release(self, connection: Connection) -> None:
        """It is free for the next call."""
        ...

    def forget(self, connection: Connection) -> None:
        """It is closed, or about to be; said as often as anybody notices."""
        ...


class _Impossible(Exception):
    """Raised within the parser's callbacks, to end parsing."""


class Connection(asyncio.Protocol):
    """A connection, from its handshake to its end.

    Attributes:
        host: for messages.
        loop: that it runs on.
        due: time of the loop at which something must have happened; the pool looks.
    """

    def __init__(self, keeper: Keeper, host: str, timeouts: Timeouts, loop: asyncio.AbstractEventLoop) -> None:
        self.host = host
        self.loop = loop
        self.due = float("inf")
        self._keeper = keeper
        self._timeouts = timeouts
        self._time = loop.time
        self._ends = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._feed = self._parser.feed_data
        self._response: LeanResponse | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._bare = 0
        self._interim = False
        self._complete = False
        self._reusable = False
        self._large = False
        self._answered = False

    # What the pool and a response ask for.

    def ask(self, head: bytes, body: bytes) -> LeanResponse:
        """Send a request; the response fills as the answer comes."""
        response = LeanResponse(self)
        transport = self._transport
        if transport is None or transport.is_closing():
            response.stale = True
            response.fail(closed_early(self.host, sent=False))
            self._keeper.forget(self)
            return response
        self._response = response
        self._bare = 0
        self._complete = False
        if self._fields:
            self._fields = []
        now = self._time()
        self._ends = now + self._timeouts.total
        self.due = min(now + self._timeouts.first_byte, self._ends)
        self._large = len(body) > _LARGE_BYTES
        if self._large:
            transport.writelines((head, body))
        else:
            transport.write(head + body)
        return response

    def resume(self) -> None:
        """Read on: what had come was taken."""
        if self._response is not None:
            self.due = min(self._time() + self._timeouts.idle, self._ends)
            self._read_on()

    def give_up(self, response: LeanResponse) -> None:
        """Close, if this response is still under way."""
        if self._response is response:
            self._response = None
            self.drop()

    def drop(self) -> None:
        """Close at once. A request is as long as it says, so that no farewell of TLS is missed by anybody."""
        self._keeper.forget(self)
        if self._transport is not None:
            self._transport.abort()

    def expire(self, now: float) -> None:
        """It is past `due`."""
        response = self._response
        if response is None:
            self.drop()
        elif now >= self._ends:
            self._fail(timed_out(self.host, f"the answer took over {self._timeouts.total:g} s", sent=True))
        elif response.status:
            self._fail(timed_out(self.host, f"nothing more came for {self._timeouts.idle:g} s", sent=True))
        else:
            self._fail(timed_out(self.host, f"no answer came for {self._timeouts.first_byte:g} s", sent=True))

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        response = self._response
        if response is None:
            # Nobody asked. What comes unasked would be taken for the answer to the next call.
            self.drop()
            return
        had = len(response.pieces)
        try:
            self._feed(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(malformed(self.host, _reason(error)))
            return
        if self._complete:
            self._finish(response)
        elif len(response.pieces) > had:
            self._body_came(response, had)
        else:
            self._bare_came(response, len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by either side."""
        self._keeper.forget(self)
        self._transport = None
        response = self._response
        if response is None:
            return
        if response.status and exc is None and _until_close(response.headers):
            self._response = None
            response.done = True
            response.wake()
        elif response.status or self._bare:
            self._fail(cut_short(self.host))
        else:
            response.stale = self._answered
            self._fail(closed_early(self.host, sent=True))

    # What becomes of what came.

    def _finish(self, response: LeanResponse) -> None:
        self._response = None
        response.done = True
        self._answered = True
        if response.paused:
            response.paused = False
            self._read_on()
        # An answer to half a request: the other half would stand before the next.
        unsent = self._large and self._transport is not None and self._transport.get_write_buffer_size() > 0
        if self._reusable and not unsent:
            self.due = self._time() + KEEP_SECONDS
            self._keeper.release(self)
        else:
            self.drop()
        response.wake()

    def _body_came(self, response: LeanResponse, had: int) -> None:
        pieces = response.pieces
        self._bare = 0
        if len(pieces) - had > 1:
            # Chunks of few bytes would otherwise take many times their size.
            pieces[had:] = [b"".join(pieces[had:])]
        if response.size > MOST_WAITING_BYTES and not response.paused and self._transport is not None:
            response.paused = True
            self._transport.pause_reading()
            # It is we who are slow now, and only the whole has an end.
            self.due = self._ends
        elif not response.paused:
            self.due = min(self._time() + self._timeouts.idle, self._ends)
        response.wake()

    def _bare_came(self, response: LeanResponse, size: int) -> None:
        self._bare += size
        if self._bare > MOST_HEAD_BYTES:
            self._fail(too_large(self.host, "its head is", MOST_HEAD_BYTES))
        elif response.status:
            self.due = min(self._time() + self._timeouts.idle, self._ends)
            response.wake()

    def _read_on(self) -> None:
        # uvloop raises where the transport was closed in between.
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _fail(self, error: UpstreamFailed) -> None:
        response = self._response
        self._response = None
        self.drop()
        if response is not None:
            response.fail(error)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._complete:
            raise _Impossible("more came than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody reads."""
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL:
            response = cast("LeanResponse", self._response)
            response.headers = self._fields
            response.status = status
            self._fields = []
        elif status >= _FIRST_STATUS:
            self._fields = []
            self._interim = True
        else:
            raise _Impossible("its status is none")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        response = cast("LeanResponse", self._response)
        response.pieces.append(body)
        response.size += len(body)

    def on_message_complete(self) -> None:
        """The answer is whole, or was an interim one."""
        if self._interim:
            self._interim = False
            return
        self._complete = True
        # HTTP/1.0 said "keep-alive" in several ways; what is asked once is the same for all of a connection.
        self._reusable = self._parser.should_keep_alive() and (
            self._answered or self._parser.get_http_version() == "1.1"
        )


def _reason(error: Exception) -> str:
    if isinstance(error, HttpParserUpgrade):
        return "it changes the protocol"
    cause = error.__context__
    return str(cause if isinstance(cause, _Impossible) else error)


def _until_close(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the body ends with the connection, by RFC 9112, section 6.3."""
    encodings = [value for name, value in headers if name == b"transfer-encoding"]
    if encodings:
        return not encodings[-1].lower().rstrip().endswith(b"chunked")
    return all(name != b"content-length" for name, _ in headers)
