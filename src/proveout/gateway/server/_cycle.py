"""One request and its answer on a connection: ASGI's two callables, without what uvicorn's do for everybody else.

An answer whose body is there is written with its head in one piece, headers are checked together and not one by one,
and nothing is built that the application does not look at.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from uvicorn.protocols.http.flow_control import FlowControl

    from proveout.gateway._exchange import App, Scope

__all__ = ["RAW_HEAD", "Cycle"]

BROKEN = 500
BODILESS = (204, 304)
END = b"0\r\n\r\n"
# Further lines of the head, which the application answers for: an extension that the scope names.
RAW_HEAD = "proveout.head"
BROKEN_BODY = (
    b'{"error":{"message":"The gateway failed. Try again.","type":"server_error","param":null,"code":"internal_error"}}'
)


class Cycle:
    """A request whose head has come.

    Args:
        scope: of ASGI.
        transport: of the connection.
        flow: whether the client reads and may be read.
        keep_alive: whether another request may follow.
        expects: the client waits to be told to send its body.
        done: called once the answer is whole.

    Attributes:
        body: that has come and was not received yet.
        more_body: whether more of it is to come.
        disconnected: the client is gone.
        response_started: whether a byte of the answer was written.
        response_complete: whether all of it was.
        keep_alive: as given; an answer may end it.
    """

    __slots__ = (
        "_chunked",
        "_done",
        "_expects",
        "_flow",
        "_received",
        "_start",
        "_transport",
        "_waiter",
        "body",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
    )

    def __init__(
        self,
        scope: Scope,
        transport: asyncio.Transport,
        flow: FlowControl,
        *,
        keep_alive: bool,
        expects: bool,
        done: Callable[[], None],
    ) -> None:
        self.scope = scope
        self._transport = transport
        self._flow = flow
        self._expects = expects
        self._done = done
        self._start: Any = None
        self._received = False
        self._waiter: asyncio.Future[None] | None = None
        self._chunked = False
        self.body = b""
        self.more_body = True
        self.disconnected = False
        self.keep_alive = keep_alive
        self.response_started = False
        self.response_complete = False

    @property
    def message_event(self) -> Cycle:
        """What uvicorn's protocol sets when something came."""
        return self

    def set(self) -> None:
        """Something came: let `receive` go on."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def run(self, app: App) -> None:
        """Have the application answer; an answer that it leaves out or cuts is an error of the server."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001  the connection must end, and the operator must know why
            sys.stderr.write("".join(traceback.format_exception(error)))
        if not (self.response_complete or self.disconnected):
            await self._break()

    async def receive(self) -> dict[str, Any]:
        """The next part of the body; once it is whole, that the client is gone or the answer given."""
        if self._expects:
            self._ask_for_body()
        while not (self.disconnected or self.response_complete):
            if self.body or not (self.more_body or self._received):
                body, self.body = self.body, b""
                self._received = not self.more_body
                return {"type": "http.request", "body": bytes(body), "more_body": self.more_body}
            self._flow.resume_reading()
            if self._waiter is None:
                self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return {"type": "http.disconnect"}

    def _ask_for_body(self) -> None:
        self._expects = False
        if self.more_body and not self.body and not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Write a part of the answer; the head goes out with the first part of the body."""
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        if self.disconnected:
            return
        if self._start is None:
            self._start = message
            self._expects = False
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self.response_started:
            self._transport.write(self._framed(body, more=more))
        else:
            self._transport.write(self._begun(body, more=more))
            self.response_started = True
        if not more:
            self._end()

    def _begun(self, body: bytes, *, more: bool) -> bytes:
        """The head, and the first part of the body."""
        start = self._start
        status, headers = start["status"], start["headers"]
        lines = [b"%b: %b\r\n" % pair for pair in headers]
        names = {name for name, _ in headers}
        if not self.keep_alive or (b"connection" in names and (b"connection", b"close") in headers):
            self.keep_alive = False
            if b"connection" not in names:
                lines.append(b"connection: close\r\n")
        # RFC 9112, 6.1: HTTP/1.0 knows no chunks; there the end of the connection is the end of the body.
        self._chunked = not (b"content-length" in names or status in BODILESS or self.scope["http_version"] == "1.0")
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
            # A value from elsewhere must not be able to end the head (RFC 9110, 5.5).
            raise ValueError("a header holds a line break")
        return b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, start.get(RAW_HEAD, b""), self._framed(body, more=more))

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        if self.scope["method"] == "HEAD":
            return b""
        if not self._chunked:
            return body
        framed = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return framed if more else framed + END

    def _end(self) -> None:
        self.response_complete = True
        self.set()
        if not self.keep_alive:
            self._transport.close()
        self._done()

    async def _break(self) -> None:
        """The application failed: say so where nothing was said yet, and close."""
        if self.response_started:
            self._transport.close()
            return
        self._start = None
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        headers.append((b"content-length", b"%d" % len(BROKEN_BODY)))
        await self.send({"type": "http.response.start", "status": BROKEN, "headers": headers})
        await self.send({"type": "http.response.body", "body": BROKEN_BODY})
