"""The fast client: HTTP/1.1 over kept connections, parsed by llhttp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import UpstreamFailed
from proveout.gateway.upstream._origin import Heads, parse_origin
from proveout.gateway.upstream._pool import Pool

if TYPE_CHECKING:
    import ssl

    from proveout.gateway.upstream._client import Call, Response, Timeouts
    from proveout.gateway.upstream._response import LeanResponse

__all__ = ["LeanClient"]


class LeanClient:
    """See `Client`: HTTP/1.1 without proxies, for which there is `HttpxClient`.

    A provider that closes a kept connection just as a call is written has not begun to answer it, and the call is
    made once more over a new connection. RFC 9110, section 9.2.2, and RFC 9112, section 9.3.1, leave that to clients
    which know that it does no harm: a completion that is asked for twice is paid twice at worst. Over a connection
    that was new, or after a byte of an answer, nothing is repeated; ``sent`` of the error says what the caller may.

    Bodies come as they are sent: no encoding is accepted, and none is undone. At most 256 KiB wait for a slow reader,
    then the provider waits. Timeouts are looked for eight times in the shortest of them and at least once a second.
    A body that ends with its connection cannot be told from one that was cut, so that JSON decides there.

    Args:
        base_url: ``https://HOST/v1``.
        timeouts: of each call; the time for a connection includes the wait for a free one.
        most_connections: open at a time; who comes later waits in turn.
        tls: trusts other authorities than the operating system does; it is told to speak HTTP/1.1.

    Raises:
        SettingsInvalid: the base URL is not usable.

    Example:
        >>> import asyncio
        >>> from proveout.gateway.upstream import Call, LeanClient, Timeouts
        >>> async def models() -> bytes:
        ...     client = LeanClient("https://api.example.com/v1", Timeouts(), most_connections=16)
        ...     response = await client.send(Call("/models", b"", ((b"authorization", b"Bearer ..."),)))
        ...     return await response.read()
    """

    def __init__(
        self, base_url: str, timeouts: Timeouts, *, most_connections: int, tls: ssl.SSLContext | None = None
    ) -> None:
        origin = parse_origin(base_url)
        self._heads = Heads(origin)
        self._pool = Pool(origin, timeouts, most_connections, tls)

    async def send(self, call: Call) -> Response:
        """See `Client.send`.

        Raises:
            RequestInvalid: the path or a header holds what does not belong there.
        """
        head = self._heads.render(call)
        pool = self._pool
        connection = pool.idle.pop() if pool.idle else await pool.get()
        response = connection.ask(head, call.body)
        if response.error is None:
            await response.more()
        if response.error is not None and response.stale:
            response = await self._again(head, call.body, sent=response.error.sent)
        if response.error is not None and not response.status:
            raise response.error
        return response

    async def _again(self, head: bytes, body: bytes, *, sent: bool) -> LeanResponse:
        try:
            connection = await self._pool.fresh()
        except UpstreamFailed as error:
            error.sent = sent
            raise
        response = connection.ask(head, body)
        if response.error is None:
            await response.more()
        return response

    async def close(self) -> None:
        """See `Client.close`; calls may still be made, each over a connection of its own."""
        self._pool.close()
