"""What talks to a provider: the contract that the lean client and the kept one both fulfil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Call", "Client", "Response", "Timeouts"]


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that the parts of a call may take; see `proveout.gateway.Provider`."""

    connect: float = 5.0
    first_byte: float = 120.0
    idle: float = 60.0
    total: float = 600.0


class Call(msgspec.Struct, frozen=True):
    """One POST, or a GET when there is no body.

    Attributes:
        path: after the base URL, ``/chat/completions``.
        body: JSON; b"" makes it a GET.
        headers: besides host, content-length and content-type; neither name nor value may hold a line break.
    """

    path: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Response(Protocol):
    """An answer whose status and headers have come.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
    """

    status: int
    headers: list[tuple[bytes, bytes]]

    async def read(self, most_bytes: int = 64 * 1024 * 1024) -> bytes:
        """The whole body.

        Raises:
            UpstreamTimedOut: it did not come in time.
            UpstreamLied: it was longer or shorter than stated, or is too large.
        """
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, several pieces joined when they came together; raises as `read`."""
        ...

    def close(self) -> None:
        """Give up: the connection is closed unless the body was read to its end. May be called twice."""
        ...


class Client(Protocol):
    """Calls to one base URL over kept connections."""

    async def send(self, call: Call) -> Response:
        """Send, and wait for status and headers. Cancelling it closes the connection.

        Raises:
            UpstreamFailed: no connection, or it was closed before an answer; ``sent`` of the error says whether any
                byte of the request may have been seen.
            UpstreamTimedOut: no connection or no answer in time.
            UpstreamLied: what came is not HTTP.
        """
        ...

    async def close(self) -> None:
        """Close idle connections, and those in use once they are done."""
        ...
