"""The connections of the lean client: how many, who waits for one, and which have waited too long."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from typing import TYPE_CHECKING

from proveout.gateway.upstream._connection import KEEP_SECONDS, Connection
from proveout.gateway.upstream._failures import not_connected, timed_out

if TYPE_CHECKING:
    from proveout.gateway.upstream._client import Timeouts
    from proveout.gateway.upstream._origin import Origin

__all__ = ["Pool"]

# How late a timeout may be: an eighth of the shortest, and a second at most.
_TICKS_A_TIMEOUT = 8
_MOST_TICK = 1.0
_Handed = asyncio.Future["Connection | None"]


class Pool:
    """Connections to one origin.

    The latest used is used next, so that those that are too many grow old and are closed. One timer looks at all of
    them, since a timer for each call would cost more than the rest of the call.

    Args:
        origin: where they lead.
        timeouts: of calls.
        most: open at a time; who comes later waits in turn.
        tls: for ``https``; None takes the authorities of the operating system.
    """

    def __init__(self, origin: Origin, timeouts: Timeouts, most: int, tls: ssl.SSLContext | None) -> None:
        # Besides the pool itself, only `LeanClient.send` takes from it.
        self.idle: list[Connection] = []
        self._origin = origin
        self._timeouts = timeouts
        self._free = most
        self._open: set[Connection] = set()
        self._waiting: OrderedDict[_Handed, None] = OrderedDict()
        self._tls = _context(tls) if origin.secure else None
        self._tick = min(*_seconds(timeouts), KEEP_SECONDS, _MOST_TICK * _TICKS_A_TIMEOUT) / _TICKS_A_TIMEOUT
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def get(self) -> Connection:
        """A connection; the first to wait is the first to get one.

        Raises:
            UpstreamFailed: none could be made.
            UpstreamTimedOut: none was made, or became free, in time.
        """
        if self.idle:
            return self.idle.pop()
        return await self._in_time(fresh=False)

    async def fresh(self) -> Connection:
        """A connection that no call was made over yet; raises as `get`."""
        return await self._in_time(fresh=True)

    async def _in_time(self, *, fresh: bool) -> Connection:
        seconds = self._timeouts.connect
        waiting = self._free == 0
        try:
            async with asyncio.timeout(seconds):
                handed = await self._place(fresh=fresh)
                waiting = False
                return handed or await self._connect()
        except TimeoutError as error:
            why = "no connection was free" if waiting else "no connection was made"
            raise timed_out(self._origin.host, f"{why} for {seconds:g} s", sent=False) from error

    async def _place(self, *, fresh: bool) -> Connection | None:
        """A connection, or None: the right to make one."""
        while not self._free:
            connection = self.idle.pop(0) if self.idle else await self._turn()
            if connection is None or not fresh:
                return connection
            if connection in self._open:
                self._open.discard(connection)
                connection.drop()
                return None
            # It was closed on its way here, and its place went to somebody else.
        self._free -= 1
        return None

    async def _turn(self) -> Connection | None:
        handed: _Handed = asyncio.get_running_loop().create_future()
        self._waiting[handed] = None
        try:
            return await handed
        except asyncio.CancelledError:
            self._waiting.pop(handed, None)
            if handed.done() and not handed.cancelled():
                # It came in the same moment as the end of the wait, and is somebody else's now.
                self._pass_on(handed.result())
            raise

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        origin = self._origin
        name = origin.host if self._tls else None
        connection = Connection(self, origin.host, self._timeouts, loop)
        try:
            await loop.create_connection(
                lambda: connection, origin.host, origin.port, ssl=self._tls, server_hostname=name
            )
        except BaseException as error:
            self._vacate()
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise not_connected(origin.host, error) from error
            raise
        self._open.add(connection)
        if self._timer is None:
            self._timer = loop.call_later(self._tick, self._look)
        return connection

    def release(self, connection: Connection) -> None:
        """See `Keeper.release`."""
        if self._closed:
            connection.drop()
        elif self._waiting:
            self._pass_on(connection)
        else:
            self.idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """See `Keeper.forget`."""
        if connection in self._open:
            self._open.discard(connection)
            if connection in self.idle:
                self.idle.remove(connection)
            self._vacate()

    def close(self) -> None:
        """Close those that are idle; the others are closed once they are done, and none is kept from now on."""
        self._closed = True
        for connection in list(self.idle):
            connection.drop()
        if self._timer is not None and not self._open:
            self._timer.cancel()
            self._timer = None

    def _vacate(self) -> None:
        if self._waiting:
            self._pass_on(None)
        else:
            self._free += 1

    def _pass_on(self, connection: Connection | None) -> None:
        while self._waiting:
            handed, _ = self._waiting.popitem(last=False)
            if not handed.done():
                handed.set_result(connection)
                return
        if connection is None:
            self._free += 1
        else:
            self.release(connection)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [connection for connection in self._open if connection.due <= now]:
            connection.expire(now)
        self._timer = loop.call_later(self._tick, self._look) if self._open else None


def _seconds(timeouts: Timeouts) -> tuple[float, float, float]:
    return timeouts.first_byte, timeouts.idle, timeouts.total


def _context(tls: ssl.SSLContext | None) -> ssl.SSLContext:
    context = tls or ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
