from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from proveout.gateway.upstream import Call, Client, HttpxClient, LeanClient, Timeouts

T = TypeVar("T")
# What a server does once a request has come: it is told which one of its connection, and writes bytes.
Scenario = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
Run = Callable[[Coroutine[Any, Any, T]], T]

JSON = Call("/chat/completions", b'{"model": "m"}', ((b"authorization", b"Bearer k"),))
QUICK = Timeouts(connect=2.0, first_byte=2.0, idle=2.0, total=4.0)


def answer(body: bytes = b'{"ok": 1}', *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Type: application/json", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


def says(*pieces: bytes, close: bool = False) -> Scenario:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.001)
        if close:
            writer.close()

    return scenario


class Faulty:
    """A server that takes requests as they should be and answers as its scenario has it."""

    def __init__(self, scenario: Scenario, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.url = ""
        self._scenario = scenario
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open += 1
        number = 0
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                self.requests.append(head + (await reader.readexactly(int(lengths[0])) if lengths else b""))
                number += 1
                await self._scenario(reader, writer, number)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self.open -= 1
            writer.close()


class Opener:
    def __init__(self, kind: type[LeanClient | HttpxClient]) -> None:
        self.keeps = kind is LeanClient
        self._kind = kind

    def __call__(
        self,
        base_url: str,
        timeouts: Timeouts = QUICK,
        *,
        most_connections: int = 4,
        tls: ssl.SSLContext | None = None,
    ) -> Client:
        return self._kind(base_url, timeouts, most_connections=most_connections, tls=tls)


def loop_runner(factory: Callable[[], asyncio.AbstractEventLoop]) -> Run[Any]:
    def run(main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(main, 15))

    return run


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
CLIENTS: dict[str, type[LeanClient | HttpxClient]] = {"lean": LeanClient, "httpx": HttpxClient}


@pytest.fixture(params=sorted(LOOPS))
def run(request: pytest.FixtureRequest) -> Run[Any]:
    return loop_runner(LOOPS[request.param])


@pytest.fixture(params=sorted(CLIENTS))
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Opener:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Opener(CLIENTS[request.param])


@asynccontextmanager
async def closing(client: Client) -> AsyncIterator[Client]:
    try:
        yield client
    finally:
        await client.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it is so; fails after some seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  what a test waits for is a state, and has no event
            await asyncio.sleep(0.002)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  a count and no paths


class Certificates(NamedTuple):
    trusted: ssl.SSLContext
    server: ssl.SSLContext
    elsewhere: ssl.SSLContext
    self_signed: ssl.SSLContext


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = certificate("Test authority", authority_key, None, authority_key)
    trusted = ssl.create_default_context(cadata=authority.public_bytes(serialization.Encoding.PEM).decode())
    contexts = []
    for name, signed in [("localhost", True), ("elsewhere.example", True), ("localhost", False)]:
        key = ec.generate_private_key(ec.SECP256R1())
        made = certificate(name, key, authority if signed else None, authority_key if signed else key)
        contexts.append(server_context(folder, made, key))
    return Certificates(trusted, *contexts)


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signing_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name.replace(" ", "-"))]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name == "Test authority", path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signing_key, hashes.SHA256())
    )


def server_context(folder: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    path = folder / f"{made.serial_number}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context
