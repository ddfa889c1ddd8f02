"""The channel: whole messages in order, and an end that is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import msgspec
import pytest
import uvloop

from proveout.gateway._configuration import Configuration
from proveout.gateway._key import Key
from proveout.gateway.server._messages import Channel, Drain, FromWorker, Prepare, Prepared, ToWorker, Using


def run(check: Callable[[Channel[FromWorker], Channel[ToWorker], socket.socket], Awaitable[None]]) -> None:
    async def main() -> None:
        ours, its = socket.socketpair()
        raw = its.dup()
        supervisor: Channel[FromWorker] = await Channel.over(ours, FromWorker)
        worker: Channel[ToWorker] = await Channel.over(its, ToWorker)
        await check(supervisor, worker, raw)
        raw.close()
        supervisor.close()
        worker.close()

    asyncio.run(main())
    uvloop.run(main())


def test_messages_arrive_whole_and_in_order() -> None:
    async def check(supervisor: Channel[FromWorker], worker: Channel[ToWorker], raw: socket.socket) -> None:
        keys = tuple(Key(id=str(number), name="k" * 100, digest=bytes(32)) for number in range(5000))
        configuration = Configuration(home="/home", keys=keys)
        supervisor.send(Prepare(configuration))
        supervisor.send(Drain(3.0))
        said = await worker.receive()
        assert isinstance(said, Prepare)
        assert said.configuration == configuration
        assert said.configuration.digest == configuration.digest
        assert await worker.receive() == Drain(3.0)
        worker.send(Prepared("a"))
        worker.send(Using("a"))
        assert [await supervisor.receive(), await supervisor.receive()] == [Prepared("a"), Using("a")]

    run(check)


def test_an_end_that_is_gone_is_told_also_in_the_middle_of_a_message() -> None:
    async def check(supervisor: Channel[FromWorker], worker: Channel[ToWorker], raw: socket.socket) -> None:
        raw.send((100).to_bytes(4, "big") + b"half")
        worker.close()
        raw.shutdown(socket.SHUT_RDWR)
        assert await supervisor.receive() is None
        supervisor.send(Drain(1.0))

    run(check)


@pytest.mark.parametrize("sent", [(3).to_bytes(4, "big") + b"abc", b"\xff\xff\xff\xff"])
def test_what_is_no_message_is_an_error(sent: bytes) -> None:
    async def check(supervisor: Channel[FromWorker], worker: Channel[ToWorker], raw: socket.socket) -> None:
        raw.send(sent)
        with pytest.raises(msgspec.DecodeError):
            await supervisor.receive()

    run(check)
