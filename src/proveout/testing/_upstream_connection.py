"""The connections of the fake upstream: httptools reads, and bytes made beforehand are sent."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter, deque
from typing import TYPE_CHECKING, cast

import httptools
import msgspec

from proveout.testing._upstream_wire import Wire, error, wire_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Connection", "Plan", "Seen", "State"]

LINGER_RESETS = struct.pack("ii", 1, 0)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How the upstream behaves; see `FakeUpstream`."""

    latency: float = 0.0
    events: int = 21
    pace: float = 0.0
    key: str = ""
    keep: int = 1000


class Seen(msgspec.Struct, frozen=True):
    """A request as it came.

    Attributes:
        method: of HTTP.
        path: with its query.
        headers: names in lower case; of several with one name, the last.
        body: as bytes.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class State:
    """What the connections share; read by the thread of the test, so it holds only what is safe to read there."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.seen: deque[Seen] = deque(maxlen=plan.keep)
        self.requests = 0
        self.cancelled = 0
        self.open: set[Connection] = set()
        self._turns = Counter[bytes]()

    def turn(self, body: bytes) -> int:
        """How often this body came, itself included: a ``flaky-`` model fails the first time, the third, ..."""
        self._turns[body] += 1
        return self._turns[body]


class Connection(asyncio.Protocol):
    """One connection; requests are expected one after another, as pools of clients send them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._plan = state.plan
        self._keeps = state.plan.keep > 0 or bool(state.plan.key)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._left: Iterator[bytes] | None = None
        self._end = "keep"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read from the beginning."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)
        self._state.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Count a client that went before its answer was whole."""
        del error
        self._state.open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._state.cancelled += 1

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as caught:
            self._send(Wire(error(400, f"no HTTP: {caught}").parts, "close"))

    def on_message_begin(self) -> None:
        """Forget the last request."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        """Keep the path."""
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep headers, where somebody looks at them."""
        if self._keeps:
            self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """Keep the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer, after the latency."""
        plan, state, method = self._plan, self._state, self._parser.get_method()
        state.requests += 1
        body = b"".join(self._body)
        if self._keeps and not self._let_in(method, body):
            return self._send(error(401, "Incorrect API key provided"))
        whole = b'"flaky-' in body and state.turn(body) % 2 == 0
        wire = wire_of(method, self._url, body, plan.events, whole=whole)
        if plan.latency:
            self._timer = self._loop.call_later(plan.latency, self._send, wire)
            return None
        return self._send(wire)

    def _let_in(self, method: bytes, body: bytes) -> bool:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._headers}
        self._state.seen.append(Seen(method.decode(), self._url.decode("latin-1"), headers, body))
        return not self._plan.key or headers.get("authorization") == f"Bearer {self._plan.key}"

    def _send(self, wire: Wire) -> None:
        if len(wire.parts) == 1 and wire.end == "keep":
            self._timer = None
            self._transport.write(wire.parts[0])
            return
        self._left, self._end = iter(wire.parts), wire.end
        self._next()

    def _next(self) -> None:
        part = next(self._left or iter(()), None)
        if part is not None:
            self._transport.write(part)
            pace = self._plan.pace
            # A turn of the loop between two parts, so that each is sent for itself.
            self._timer = self._loop.call_later(pace, self._next) if pace else self._loop.call_soon(self._next)
        elif self._end != "stall":
            self._timer = None
            self._ended()

    def _ended(self) -> None:
        if self._end == "close":
            self._transport.close()
        elif self._end == "reset":
            own: socket.socket = self._transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESETS)
            self._transport.abort()

    def drop(self) -> None:
        """Close now; nothing is counted as cancelled."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.abort()
