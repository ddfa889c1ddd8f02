"""What the supervisor and a worker say to each other: each message with its length in front, over a socket pair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from proveout.gateway._configuration import Configuration

if TYPE_CHECKING:
    import socket

__all__ = [
    "Channel",
    "Drain",
    "FromWorker",
    "Prepare",
    "Prepared",
    "Scrape",
    "Scraped",
    "Start",
    "ToWorker",
    "Unfit",
    "Use",
    "Using",
]

LENGTH_BYTES = 4
MOST_BYTES = 256 * 1024 * 1024
Said = TypeVar("Said")


class Start(msgspec.Struct, frozen=True, tag=True):
    """To a worker, first: begin to serve.

    Attributes:
        number: of the worker.
        ring: file of the ring that its records go into.
        slots: file of the limits that all workers share.
        configuration: in force.
    """

    number: int
    ring: str
    slots: str
    configuration: Configuration


class Prepare(msgspec.Struct, frozen=True, tag=True):
    """To a worker: build what this configuration needs, and go on with the old one."""

    configuration: Configuration


class Use(msgspec.Struct, frozen=True, tag=True):
    """To a worker: requests from now on are under what was prepared."""

    digest: str


class Drain(msgspec.Struct, frozen=True, tag=True):
    """To a worker: let nothing more in, finish what is under way for so many seconds, and end."""

    seconds: float


class Scraped(msgspec.Struct, frozen=True, tag=True):
    """To a worker: what it asked for."""

    number: int
    body: bytes


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """From a worker: what a configuration needs is built."""

    digest: str


class Unfit(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a configuration cannot be used; the old one is in force.

    Attributes:
        digest: of the configuration.
        error: as an error of the tree prints itself for ``--json``.
    """

    digest: str
    error: dict[str, str]


class Using(msgspec.Struct, frozen=True, tag=True):
    """From a worker: this configuration is in force, and requests are taken."""

    digest: str


class Scrape(msgspec.Struct, frozen=True, tag=True):
    """From a worker: somebody asked it for something that only the supervisor knows.

    Attributes:
        number: of the question, which the answer has too.
        what: ``figures`` of all workers in the format of Prometheus, or the ``status`` in JSON.
    """

    number: int
    what: Literal["figures", "status"]


ToWorker = Start | Prepare | Use | Drain | Scraped
FromWorker = Prepared | Unfit | Using | Scrape
_encode = msgspec.msgpack.Encoder().encode


class Channel(Generic[Said]):
    """One end of the socket pair.

    Args:
        reader: of the socket.
        writer: of the socket.
        kinds: the union of messages that come from the other end.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kinds: Any) -> None:
        self._reader = reader
        self._writer = writer
        self._decode = msgspec.msgpack.Decoder(kinds).decode

    @classmethod
    async def over(cls, end: socket.socket, kinds: Any) -> Channel[Said]:
        """A channel over one end of a socket pair, which it owns from now on."""
        reader, writer = await asyncio.open_unix_connection(sock=end)
        return cls(reader, writer, kinds)

    def send(self, message: ToWorker | FromWorker) -> None:
        """Send, in order; to an end that is gone it goes nowhere, which `receive` tells."""
        body = _encode(message)
        if not self._writer.is_closing():
            self._writer.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)

    async def receive(self) -> Said | None:
        """The next message; None once the other end is gone.

        Raises:
            msgspec.DecodeError: it is no message.
        """
        try:
            size = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
            if size > MOST_BYTES:
                raise msgspec.DecodeError(f"a message of {size:,} bytes")
            body = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        message: Said = self._decode(body)
        return message

    def close(self) -> None:
        """Let the other end read the end of what was sent."""
        self._writer.close()
