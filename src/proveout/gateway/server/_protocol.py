"""HTTP/1.1 as uvicorn and llhttp speak it, held to limits: what is refused never reaches the application."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proveout.gateway.server._cycle import RAW_HEAD, Cycle
from proveout.gateway.server._guard import BODY, BUSY, HEAD, IDLE, LINGER
from proveout.gateway.server._refusals import REFUSALS

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Transport
    from collections.abc import Callable

    from uvicorn import Config
    from uvicorn.server import ServerState

    from proveout.gateway._exchange import App
    from proveout.gateway.server._guard import Guard

__all__ = ["MOST_PIPELINED", "GuardedProtocol"]

MOST_PIPELINED = 16
# A chunk of one byte takes six on the wire; what takes more than this for each byte of a body is no body.
MOST_FRAMING = 8
BAD, TIMED_OUT, TOO_LARGE, WRONG_EXPECTATION, HEADERS_TOO_LARGE, WRONG_CODING, OVERLOADED, WRONG_VERSION = (
    400, 408, 413, 417, 431, 501, 503, 505,
)  # fmt: skip


class _Unacceptable(Exception):
    """Ends the parser; the status stands in the protocol."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

    llhttp in its strict mode refuses most of what a request can be smuggled with (RFC 9112, 11.2: two framings, folded
    lines, bare line feeds, spaces before a colon); this adds what it lets through: transfer codings besides chunked, a
    coding in HTTP/1.0, no or several hosts, trailers, and anything after a request that is the last one. It bounds the
    bytes of a head, of a body and of a chunked body's framing, the requests that are pipelined, and the time that each
    part may take. An error in a later request never cuts into the answer to an earlier one.

    Args:
        config: of uvicorn.
        server_state: connections and tasks of this process.
        app_state: copied into each scope.
        _loop: of this process.
        guard: limits.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
        *,
        guard: Guard,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)
        # It is on wherever anybody has set up logging.
        self.access_log = False
        self._guard = guard
        self._phase = HEAD
        self._since = guard.now
        self._stalled: float | None = None
        self._status = BAD
        # Nothing more is read of this connection.
        self._deaf = False
        # Bytes of the piece being read, of the message in earlier pieces, and of its body.
        self._piece = self._wire = self._body = 0
        self._hosts = 0
        self._coded = False

    # asyncio's side

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Take it, unless too many are open."""
        super().connection_made(transport)
        most = self._guard.limits.most_connections
        if len(self.connections) > 2 * most:
            transport.abort()
        elif len(self.connections) > most:
            self._deaf = True
            self._say(OVERLOADED)

    def data_received(self, data: bytes) -> None:
        """Parse a piece of a request, or of several."""
        if self._deaf:
            return
        self._piece = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # RFC 9110, 7.8: a server may answer as if no other protocol had been asked for.
            self._deaf = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(self._status)
        else:
            if self._phase <= BODY:
                self._bound()

    def _bound(self) -> None:
        """Refuse a message that goes on and on."""
        self._wire += self._piece
        most = self._guard.most_header_bytes
        if self._phase == HEAD:
            if self._wire > most:
                self._refuse(HEADERS_TOO_LARGE)
        elif self._coded and self._wire - self._body > most + MOST_FRAMING * self._body:
            self._refuse(BAD)

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self._stalled = self._guard.now

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._stalled = None

    def drain(self) -> None:
        """End the connection after the answer that is under way."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    @property
    def is_new(self) -> bool:
        """Whether its first request is still awaited."""
        return self.cycle is None

    def look(self, now: float) -> None:
        """End the connection if what it stands at has taken too long."""
        if self._stalled is not None and now - self._stalled > self._guard.limits.idle_seconds:
            self.transport.abort()
        elif self.transport.is_closing():
            self._end(now)
        elif self.flow.read_paused and self._phase <= BODY:
            # Nothing was read of it meanwhile, so that its time has not begun.
            self._since = now
        elif now - self._since > self._guard.patience[self._phase]:
            self._expire()

    def _end(self, now: float) -> None:
        """What is closing has a little time to send the rest."""
        if self._phase != LINGER:
            self._phase, self._since = LINGER, now
        elif now - self._since > self._guard.limits.idle_seconds:
            self.transport.abort()

    def _expire(self) -> None:
        if self._phase == LINGER:
            self.transport.abort()
        elif self._phase == IDLE or (self._phase == HEAD and not self._wire):
            self.transport.close()
        else:
            self._refuse(TIMED_OUT)

    # llhttp's side

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._phase = HEAD
        self._since = self._guard.now
        self._wire = self._body = self._hosts = 0
        self._coded = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; one after the head is a trailer, which could overrule what was checked."""
        if self._phase != HEAD:
            raise _Unacceptable
        name = name.lower()
        watch = _WATCHED.get(name)
        if watch is not None:
            watch(self, value)
        self.headers.append((name, value))

    def _on_host(self, _value: bytes) -> None:
        self._hosts += 1

    def _on_length(self, value: bytes) -> None:
        if int(value) > self._guard.most_body_bytes:
            self._status = TOO_LARGE
            raise _Unacceptable

    def _on_coding(self, value: bytes) -> None:
        self._coded = True
        if value.lower() != b"chunked":
            self._status = WRONG_CODING
            raise _Unacceptable

    def _on_expect(self, value: bytes) -> None:
        if value.lower() != b"100-continue":
            self._status = WRONG_EXPECTATION
            raise _Unacceptable
        self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        """Start answering, if the head may be answered."""
        version = self.parser.get_http_version()
        if version != "1.1" or self._hosts != 1:
            self._check_version(version)
        if self._wire + self._piece > self._guard.most_header_bytes:
            self._check_size()
        if len(self.pipeline) >= MOST_PIPELINED:
            raise _Unacceptable
        self._phase = BODY
        self._since = self._guard.now
        before = cast("Cycle | None", self.cycle)
        cycle = Cycle(
            self._scope(version),
            self.transport,
            self.flow,
            keep_alive=version != "1.0" and self.parser.should_keep_alive() and not self._guard.draining,
            expects=self.expect_100_continue,
            done=self.on_response_complete,
        )
        self.cycle = cast("Any", cycle)
        if before is None or before.response_complete:
            self._begin(cycle)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _scope(self, version: str) -> dict[str, Any]:
        path, raw_path, query = _target(self.url)
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "scheme": "http",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "extensions": _EXTENSIONS,
            "client": self.client,
            "server": self.server,
        }

    def _begin(self, cycle: Cycle) -> None:
        task = self.loop.create_task(cycle.run(cast("App", self.app)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _check_version(self, version: str) -> None:
        """RFC 9112, 3.2 and 6.1: exactly one host, which only 1.0 may lack, and no transfer coding before 1.1."""
        if version not in {"1.0", "1.1"}:
            self._status = WRONG_VERSION
        elif self._hosts <= 1 and version == "1.0" and not self._coded:
            return
        raise _Unacceptable

    def _check_size(self) -> None:
        """Count exactly: the piece may hold a body besides the head."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._guard.most_header_bytes:
            self._status = HEADERS_TOO_LARGE
            raise _Unacceptable

    def on_body(self, body: bytes) -> None:
        """A part of the body; none of it is kept once the request was answered."""
        self._body += len(body)
        if self._body > self._guard.most_body_bytes:
            self._status = TOO_LARGE
            raise _Unacceptable
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self._piece = 0
        if self.cycle.response_complete:
            self._rest()
            return
        self._phase = BUSY
        self.cycle.more_body = False
        self.cycle.message_event.set()

    # The application's side

    def on_response_complete(self) -> None:
        """Go on with the next request; the timer that uvicorn sets here is the guard's."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._begin(cast("Cycle", self.pipeline.pop()[0]))
        elif self._deaf:
            self._linger()
        elif self._phase == BUSY:
            self._rest()

    def _rest(self) -> None:
        self._phase = IDLE
        self._since = self._guard.now

    # Refusing

    def _refuse(self, status: int) -> None:
        """Read no further; what came whole before is answered, and what is broken is told so where that can be."""
        self._deaf = True
        # uvicorn has none before the first request, and its type does not say so.
        cycle = cast("Cycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            self._say(status)
            return
        if self._phase != BODY:
            # The requests before the broken one are under way: the connection is closed after them.
            cycle.keep_alive = False
            return
        cycle.disconnected = True
        cycle.message_event.set()
        if self.pipeline:
            # The broken request waits for others and has not been begun.
            self.pipeline.popleft()
        elif cycle.response_started:
            self.transport.abort()
        else:
            self._say(status)

    def _say(self, status: int) -> None:
        self.transport.write(REFUSALS[status])
        self._linger()

    def _linger(self) -> None:
        """End our side, and read on for a while: closing at once would send a reset ahead of the answer."""
        self._phase = LINGER
        self._since = self._guard.now
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()


_EXTENSIONS: dict[str, Any] = {RAW_HEAD: {}}
_ASGI = {"version": "3.0", "spec_version": "2.3"}


@lru_cache(maxsize=64)
def _target(url: bytes) -> tuple[str, bytes, bytes]:
    """Path, path as it came, and query of a request's target; few are ever asked for."""
    parsed = httptools.parse_url(url)
    raw = parsed.path or b""
    return unquote(raw.decode("ascii")), raw, parsed.query or b""


_WATCHED: dict[bytes, Callable[[GuardedProtocol, bytes], None]] = {
    b"host": GuardedProtocol._on_host,  # noqa: SLF001  a table of this class's own methods
    b"content-length": GuardedProtocol._on_length,  # noqa: SLF001
    b"transfer-encoding": GuardedProtocol._on_coding,  # noqa: SLF001
    b"expect": GuardedProtocol._on_expect,  # noqa: SLF001
}
