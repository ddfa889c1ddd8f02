"""The kept client: slower by far, and the one that goes through proxies."""

from __future__ import annotations

import asyncio
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from proveout.errors import ExtraMissing, SettingsInvalid, UpstreamFailed
from proveout.gateway.upstream._failures import (
    closed_early,
    cut_short,
    given_up,
    malformed,
    not_connected,
    timed_out,
    too_large,
)
from proveout.gateway.upstream._origin import FIXED, check_call, parse_origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from proveout.gateway.upstream._client import Call, Response, Timeouts

__all__ = ["HttpxClient"]


class HttpxClient:
    """See `Client`: on httpx, through the proxies that ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` name.

    It does what `LeanClient` does, with three differences: each call has a connection of its own, a body that is
    longer than stated is cut without a word, and a call that is cancelled within the handshake of TLS leaves its
    socket open until the provider closes it.

    Args:
        base_url: ``https://HOST/v1``.
        timeouts: of each call.
        most_connections: open at a time.
        tls: trusts other authorities than the operating system does.

    Raises:
        SettingsInvalid: the base URL, or the URL of a proxy, is not usable.
        ExtraMissing: the proxy speaks SOCKS, and httpx lacks the part for it.

    Example:
        >>> from proveout.gateway.upstream import HttpxClient, Timeouts
        >>> client = HttpxClient("https://api.example.com/v1", Timeouts(connect=2.0), most_connections=16)
    """

    def __init__(
        self, base_url: str, timeouts: Timeouts, *, most_connections: int, tls: ssl.SSLContext | None = None
    ) -> None:
        origin = parse_origin(base_url)
        self._url = origin.url
        self._shared = _Shared(origin.host, timeouts)
        self._client = _opened(timeouts, most_connections, tls or ssl.create_default_context())

    async def send(self, call: Call) -> Response:
        """See `Client.send`.

        Raises:
            RequestInvalid: the path or a header holds what does not belong there.
        """
        check_call(call)
        shared = self._shared
        watch = _Watch(shared.timeouts)
        try:
            async with watch.timeout:
                got = await self._client.send(self._request(call, watch), stream=True)
        except TimeoutError as error:
            raise timed_out(shared.host, watch.why, sent=watch.sent) from error
        except shared.errors as error:
            raise _translated(shared.host, error, sent=watch.sent) from error
        return _HttpxResponse(shared, got, watch.ends)

    def _request(self, call: Call, watch: _Watch) -> httpx.Request:
        headers = [*FIXED, *call.headers]
        if call.body:
            headers.append((b"content-type", b"application/json"))
        return self._client.build_request(
            "POST" if call.body else "GET",
            self._url + call.path,
            content=call.body or None,
            headers=headers,
            extensions={"trace": watch},
        )

    async def close(self) -> None:
        """See `Client.close`."""
        while self._shared.closing:
            await asyncio.wait(self._shared.closing)
        await self._client.aclose()


class _Shared:
    """What the responses of a client share with it."""

    def __init__(self, host: str, timeouts: Timeouts) -> None:
        import httpx  # noqa: PLC0415  only who chose this client pays for it

        self.host = host
        self.timeouts = timeouts
        self.errors = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
        self.malformed = httpx.RemoteProtocolError
        self.closing: set[asyncio.Task[None]] = set()


class _Watch:
    """Told by httpx what a call has come to: httpx's own timeouts are of single reads, and it has none for a call."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._time = asyncio.get_running_loop().time
        self._first_byte = timeouts.first_byte
        self._total = timeouts.total
        self.sent = False
        self.ends = self._time() + timeouts.total
        self.timeout = asyncio.timeout_at(self.ends)

    async def __call__(self, event: str, _: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            self.sent = True
            self.timeout.reschedule(min(self._time() + self._first_byte, self.ends))

    @property
    def why(self) -> str:
        if self._time() >= self.ends:
            return f"the answer took over {self._total:g} s"
        return f"no answer came for {self._first_byte:g} s"


class _HttpxResponse:
    """See `Response`."""

    def __init__(self, shared: _Shared, got: httpx.Response, ends: float) -> None:
        self.status = got.status_code
        self.headers = [(name.lower(), value) for name, value in got.headers.raw]
        self._shared = shared
        self._got = got
        self._ends = ends
        self._pieces = got.aiter_raw()
        self._whole: bytes | None = None
        self._error: UpstreamFailed | None = None
        self._done = False

    async def read(self, most_bytes: int = 64 * 1024 * 1024) -> bytes:
        if self._whole is None:
            whole = bytearray()
            async for piece in self:
                whole += piece
                if len(whole) > most_bytes:
                    self.close()
                    raise too_large(self._shared.host, "its body is", most_bytes)
            self._whole = bytes(whole)
        return self._whole

    def chunks(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._error is not None:
            raise self._error
        shared = self._shared
        now = asyncio.get_running_loop().time()
        idle = shared.timeouts.idle
        try:
            async with asyncio.timeout_at(min(now + idle, self._ends)):
                return await anext(self._pieces)
        except StopAsyncIteration:
            self._done = True
            raise
        except TimeoutError as error:
            late = now + idle >= self._ends
            why = "the answer took too long" if late else f"nothing more came for {idle:g} s"
            self._error = timed_out(shared.host, why, sent=True)
            raise self._error from error
        except shared.errors as error:
            closed = "clos" in str(error) or not isinstance(error, shared.malformed)
            self._error = cut_short(shared.host) if closed else malformed(shared.host, "it does not parse")
            raise self._error from error

    def close(self) -> None:
        if self._done or self._error is not None:
            return
        shared = self._shared
        self._error = given_up(shared.host)
        task = asyncio.get_running_loop().create_task(self._got.aclose())
        shared.closing.add(task)
        task.add_done_callback(shared.closing.discard)


def _opened(timeouts: Timeouts, most: int, tls: ssl.SSLContext) -> httpx.AsyncClient:
    import httpx  # noqa: PLC0415  only who chose this client pays for it

    try:
        return httpx.AsyncClient(
            verify=tls,
            timeout=httpx.Timeout(None, connect=timeouts.connect, pool=timeouts.connect),
            # Over a kept connection, httpx takes what a server sent too much for the answer to the next call.
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=0),
            # A cookie set for one tenant would be sent for all.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
    except ImportError as error:
        fix = "pip install 'httpx[socks]'"
        raise ExtraMissing("no client for this proxy", why=str(error), fix=fix, about="proxy") from error
    except (ValueError, httpx.InvalidURL) as error:
        fix = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"
        # Its text may hold the proxy's password.
        raise SettingsInvalid("a proxy cannot be used", why="its URL is not valid", fix=fix, about="proxy") from error


def _translated(host: str, error: Exception, *, sent: bool) -> UpstreamFailed:
    import httpx  # noqa: PLC0415  only who chose this client pays for it

    if isinstance(error, httpx.TimeoutException):
        why = "no connection was free" if isinstance(error, httpx.PoolTimeout) else "no connection was made"
        return timed_out(host, f"{why} in time", sent=sent)
    if not sent or isinstance(error, httpx.ConnectError):
        return not_connected(host, _system_error(error))
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return malformed(host, "it does not parse")
    return closed_early(host, sent=sent)


def _system_error(error: BaseException | None) -> OSError:
    """What the operating system, or TLS, said at the bottom of a chain of exceptions."""
    found = OSError()
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            found = error
        error = error.__cause__ or error.__context__
    return found
