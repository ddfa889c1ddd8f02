"""One connection at a time."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from functools import partial
from typing import cast

import pytest
import uvloop

from proveout.gateway.server import _accept
from proveout.gateway.server._accept import Acceptor


class Counted(asyncio.Protocol):
    def __init__(self, made: list[asyncio.Transport]) -> None:
        self.made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made.append(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self.made[-1].write(data)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def test_a_burst_is_shared(listening: socket.socket) -> None:
    """Two event loops would need two processes; two acceptors in one loop come round equally often."""
    made: tuple[list[asyncio.Transport], ...] = ([], [])

    async def main() -> None:
        loop = asyncio.get_running_loop()
        acceptors = [Acceptor(loop, listening.dup(), partial(Counted, one)) for one in made]
        for acceptor in acceptors:
            acceptor.start()
        clients = [socket.create_connection(listening.getsockname()) for _ in range(16)]
        await asyncio.sleep(0.1)
        for acceptor in acceptors:
            acceptor.close()
        for transport in (*made[0], *made[1]):
            extra = transport.get_extra_info("socket")
            assert extra.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            transport.abort()
        for client in clients:
            client.close()
        await asyncio.sleep(0.01)

    uvloop.run(main())
    assert len(made[0]) + len(made[1]) == 16
    assert min(map(len, made)) >= 4


def test_without_descriptors_it_pauses_and_goes_on(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_accept, "PAUSE_SECONDS", 0.01)
    made: list[asyncio.Transport] = []

    class Spent:
        """A socket whose first accept finds no descriptor."""

        def __init__(self) -> None:
            self.failures = 0

        def accept(self) -> tuple[socket.socket, object]:
            if not self.failures:
                self.failures += 1
                raise OSError(errno.EMFILE, "too many open files")
            return listening.accept()

        def __getattr__(self, name: str) -> object:
            return getattr(listening, name)

    async def main() -> None:
        acceptor = Acceptor(asyncio.get_running_loop(), Spent(), lambda: Counted(made))  # type: ignore[arg-type]
        acceptor.start()
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"hello")
        assert await asyncio.wait_for(reader.read(5), 2) == b"hello"
        writer.close()
        acceptor.close()

    asyncio.run(main())
    assert len(made) == 1
