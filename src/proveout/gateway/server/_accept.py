"""Accepting connections one at a time, so that workers on one socket share them."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, BaseProtocol, Task, TimerHandle
    from collections.abc import Callable
    from typing import Any

__all__ = ["Acceptor"]

BACKLOG = 2048
PAUSE_SECONDS = 0.5
# accept(2): no more descriptors or memory; it passes when connections end.
_SPENT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Acceptor:
    """Takes one connection each time that the event loop comes round.

    An event loop's own server takes all that wait: with sixteen connections made at once and two workers, one had them
    all. Here both are woken, and the busier one comes round less often and takes fewer.

    Args:
        loop: of this process.
        listening: the socket, which other workers accept on too.
        make: makes a protocol for a connection.
    """

    def __init__(self, loop: AbstractEventLoop, listening: socket.socket, make: Callable[[], BaseProtocol]) -> None:
        self._loop = loop
        self._listening = listening
        self._make = make
        self._making: set[Task[Any]] = set()
        self._timer: TimerHandle | None = None

    def start(self) -> None:
        """Begin, or go on after a pause."""
        self._listening.settimeout(0.0)
        self._listening.listen(BACKLOG)
        self._loop.add_reader(self._listening, self._accept)

    def close(self) -> None:
        """Accept no more; connections that are there go on."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another worker was quicker, or the client has gone.
            return
        except OSError as error:
            if error.errno not in _SPENT:
                raise
            self._loop.remove_reader(self._listening)
            self._timer = self._loop.call_later(PAUSE_SECONDS, self.start)
            return
        connection.settimeout(0.0)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
        self._making.add(task)
        task.add_done_callback(self._made)

    def _made(self, task: Task[Any]) -> None:
        self._making.discard(task)
        # A client that has gone meanwhile is no fault; the event loop tells of anything else.
        if not task.cancelled() and isinstance(task.exception(), OSError):
            return
        task.result()
