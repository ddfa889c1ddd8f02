from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from typing import Any

import pytest

from proveout.errors import UpstreamFailed, UpstreamLied, UpstreamTimedOut
from proveout.gateway.upstream import Call, Client, LeanClient, Timeouts
from proveout.gateway.upstream import _connection as connection_module

from .conftest import (
    JSON,
    Certificates,
    Faulty,
    Opener,
    Run,
    Scenario,
    answer,
    chunked,
    closing,
    descriptors,
    says,
    until,
)

lean = Opener(LeanClient)


async def read(client: Client, call: Call = JSON) -> bytes:
    response = await client.send(call)
    return await response.read()


def closes_at(number: int, *, after: bytes = b"") -> Scenario:
    """Answers, and closes when the request of this number on a connection has come."""

    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, at: int) -> None:
        writer.write(after if at == number else answer())
        if at == number:
            writer.close()

    return scenario


# A kept connection that is closed just as it is used.


def test_a_call_that_meets_a_closing_connection_is_made_once_more(run: Run[Any]) -> None:
    async def main() -> tuple[int, int]:
        async with Faulty(closes_at(2)) as server, closing(lean(server.url)) as client:
            for _ in range(4):
                assert await read(client) == b'{"ok": 1}'
            return server.connections, len(server.requests)

    # Each connection answers one call and closes on the second, which is then made over a new one.
    assert run(main()) == (4, 7)


def test_it_is_made_over_a_new_connection_even_at_the_limit(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(closes_at(2)) as server, closing(lean(server.url, most_connections=2)) as client:
            assert isinstance(client, LeanClient)
            await asyncio.gather(read(client), read(client))
            assert await asyncio.gather(*[read(client) for _ in range(6)]) == [b'{"ok": 1}'] * 6
            assert client._pool._free + len(client._pool._open) == 2

    run(main())


def test_a_call_is_not_repeated_after_a_byte_of_an_answer(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(closes_at(2, after=b"H")) as server, closing(lean(server.url)) as client:
            await read(client)
            with pytest.raises(UpstreamLied) as caught:
                await read(client)
            assert caught.value.sent
            assert len(server.requests) == 2

    run(main())


def test_a_call_is_repeated_once_only(run: Run[Any]) -> None:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        if len(server.requests) > 1:
            writer.close()
        writer.write(answer())

    server = Faulty(scenario)

    async def main() -> None:
        async with server, closing(lean(server.url)) as client:
            await read(client)
            with pytest.raises(UpstreamFailed) as caught:
                await read(client)
            assert caught.value.sent
            assert len(server.requests) == 3

    run(main())


def test_a_repeat_that_cannot_connect_says_that_the_first_was_sent(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(closes_at(2)) as server, closing(lean(server.url)) as client:
            await read(client)
            assert server._server is not None
            server._server.close()
            with pytest.raises(UpstreamFailed, match="refused") as caught:
                await read(client)
            assert caught.value.sent

    run(main())


# Connections.


def test_what_comes_unasked_closes_the_connection(run: Run[Any]) -> None:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(answer())
        await asyncio.sleep(0.005)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")

    async def main() -> int:
        async with Faulty(scenario) as server, closing(lean(server.url)) as client:
            for _ in range(2):
                assert await read(client) == b'{"ok": 1}'
                await until(lambda: server.open == 0)
            return server.connections

    assert run(main()) == 2


def test_the_first_to_wait_is_the_first_to_get_a_connection(run: Run[Any]) -> None:
    order: list[int] = []

    async def one(client: Client, number: int) -> None:
        await read(client, Call(f"/{number}", b"{}"))

    async def main() -> None:
        async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
            order.append(int(server.requests[-1].split()[1].removeprefix(b"/v1/")))
            await asyncio.sleep(0.001)
            writer.write(answer())

        server = Faulty(scenario)
        async with server, closing(lean(server.url, most_connections=1)) as client:
            await asyncio.gather(*[one(client, number) for number in range(8)])

    run(main())
    assert order == list(range(8))


def test_one_who_stops_waiting_holds_nobody_up(run: Run[Any]) -> None:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        await asyncio.sleep(0.01)
        writer.write(answer())

    async def main() -> None:
        async with Faulty(scenario) as server, closing(lean(server.url, most_connections=1)) as client:
            tasks = [asyncio.create_task(read(client)) for _ in range(6)]
            await until(lambda: len(server.requests) == 1)
            tasks[1].cancel()
            tasks[3].cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert [one == b'{"ok": 1}' for one in done] == [True, False, True, False, True, True]
            assert await read(client) == b'{"ok": 1}'
            assert server.connections == 1

    run(main())


def test_one_cancelled_in_the_moment_of_its_turn_passes_it_on(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as server, closing(lean(server.url, most_connections=1)) as client:
            assert isinstance(client, LeanClient)
            await read(client)
            held = client._pool.idle.pop()
            tasks = [asyncio.create_task(read(client)) for _ in range(2)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            client._pool.release(held)
            tasks[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
            assert await tasks[1] == b'{"ok": 1}'
            assert len(client._pool.idle) == 1

    run(main())


def test_an_idle_connection_is_closed_after_some_time(run: Run[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "KEEP_SECONDS", 0.03)

    async def main() -> None:
        async with Faulty(says(answer())) as server, closing(lean(server.url, Timeouts(idle=0.08))) as client:
            assert isinstance(client, LeanClient)
            await read(client)
            assert server.open == 1
            await until(lambda: server.open == 0)
            assert client._pool.idle == []
            # Nobody looks any more where there is nothing to look at.
            await until(lambda: client._pool._timer is None)

    run(main())


def test_the_latest_used_is_used_next(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as server, closing(lean(server.url)) as client:
            assert isinstance(client, LeanClient)
            await asyncio.gather(*[read(client) for _ in range(3)])
            latest = client._pool.idle[-1]
            await read(client)
            assert client._pool.idle[-1] is latest
            assert server.connections == 3

    run(main())


def test_a_closed_client_still_calls_and_keeps_nothing(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(b"", answer())) as server:
            client = lean(server.url)
            under_way = asyncio.create_task(read(client))
            await until(lambda: len(server.requests) == 1)
            await client.close()
            assert await under_way == b'{"ok": 1}'
            assert await read(client) == b'{"ok": 1}'
            await until(lambda: server.open == 0)
            await client.close()

    run(main())


def test_an_answer_to_half_a_request_ends_its_connection(run: Run[Any]) -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"too large", status=b"413 Content Too Large"))
        await done.wait()
        writer.transport.abort()

    done = asyncio.Event()

    async def main() -> None:
        async with await asyncio.start_server(early, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with closing(lean(url)) as client:
                assert isinstance(client, LeanClient)
                assert await read(client, Call("/a", b"x" * 32_000_000)) == b"too large"
                assert client._pool.idle == []
            done.set()
            await asyncio.sleep(0.01)

    run(main())


def test_a_large_request_arrives_whole(run: Run[Any]) -> None:
    async def main() -> bytes:
        async with Faulty(says(answer())) as server, closing(lean(server.url)) as client:
            await read(client, Call("/a", b"x" * 3_000_000))
            await read(client)
            assert server.connections == 1
            return server.requests[0].partition(b"\r\n\r\n")[2]

    assert run(main()) == b"x" * 3_000_000


# Time and memory.


def test_a_slow_reader_is_not_a_slow_provider(run: Run[Any]) -> None:
    async def main() -> int:
        large = answer(b"x" * 4_000_000)
        async with Faulty(says(large)) as server, closing(lean(server.url, Timeouts(idle=0.05))) as client:
            response = await client.send(JSON)
            got = 0
            async for chunk in response.chunks():
                got += len(chunk)
                if got < 1_000_000:
                    await asyncio.sleep(0.03)
            return got

    assert run(main()) == 4_000_000


def test_a_paused_connection_is_read_again_for_the_next_call(run: Run[Any], certificates: Certificates) -> None:
    async def main() -> int:
        large = answer(b"x" * 600_000)
        async with (
            Faulty(says(large), certificates.server) as server,
            closing(lean(server.url, tls=certificates.trusted)) as client,
        ):
            for _ in range(3):
                response = await client.send(JSON)
                await asyncio.sleep(0.02)
                assert len(await response.read()) == 600_000
            return server.connections

    assert run(main()) == 1


def test_chunks_of_one_byte_do_not_take_many_times_their_size(run: Run[Any]) -> None:
    async def main() -> int:
        said = chunked(*[b"ab"] * 100_000)
        async with Faulty(says(said)) as server, closing(lean(server.url)) as client:
            response: Any = await client.send(JSON)
            pieces = 0
            while not response.done:
                pieces = max(pieces, len(response.pieces))
                if response.paused:
                    await anext(response)
                else:
                    await asyncio.sleep(0)
            return pieces

    # One for each time that the socket was read.
    assert run(main()) < 40


def test_trailers_without_end_are_a_lie(run: Run[Any]) -> None:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(chunked(b"abc")[:-2])
        while True:
            writer.write(b"x-more: " + b"y" * 1000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    async def main() -> None:
        async with Faulty(scenario) as server, closing(lean(server.url)) as client:
            with pytest.raises(UpstreamLied, match="too large"):
                await read(client)

    run(main())


def test_interim_answers_without_end_are_a_lie(run: Run[Any]) -> None:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        while True:
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0)

    async def main() -> None:
        async with Faulty(scenario) as server, closing(lean(server.url)) as client:
            with pytest.raises(UpstreamLied, match="too large"):
                await read(client)

    run(main())


def test_a_switch_of_protocols_is_a_lie(run: Run[Any]) -> None:
    async def main() -> None:
        said = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
        async with Faulty(says(said)) as server, closing(lean(server.url)) as client:
            with pytest.raises(UpstreamLied, match="changes the protocol"):
                await read(client)

    run(main())


def test_a_small_answer_costs_no_second_wait(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as server, closing(lean(server.url)) as client:
            response = await client.send(JSON)
            reading = response.read()
            with pytest.raises(StopIteration) as stopped:
                reading.send(None)
            assert stopped.value.value == b'{"ok": 1}'

    run(main())


def test_many_calls_leave_no_descriptor_and_no_object(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as server, closing(lean(server.url)) as client:
            await asyncio.gather(*[read(client) for _ in range(50)])
            gc.collect()
            files, objects = descriptors(), len(gc.get_objects())
            server.requests.clear()
            for _ in range(10):
                await asyncio.gather(*[read(client) for _ in range(50)])
            server.requests.clear()
            gc.collect()
            assert descriptors() == files
            assert len(gc.get_objects()) < objects + 200

    run(main())


def test_the_time_for_an_answer_begins_with_each_call(run: Run[Any]) -> None:
    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await asyncio.sleep(0.04)
        if number < 4:
            writer.write(answer())

    async def main() -> None:
        async with Faulty(scenario) as server, closing(lean(server.url, Timeouts(first_byte=0.08))) as client:
            for _ in range(3):
                await read(client)
            with pytest.raises(UpstreamTimedOut):
                await read(client)
            assert server.connections == 1

    run(main())


def test_cancelling_while_connecting_leaks_nothing(run: Run[Any], certificates: Certificates) -> None:
    connected = ended = 0

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected, ended
        connected += 1
        # The client's part of the handshake comes, and is not answered.
        with suppress(ConnectionError):
            await reader.read()
        ended += 1
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with closing(lean(url, most_connections=2, tls=certificates.trusted)) as client:
                before = descriptors()
                for round_ in range(6):
                    task = asyncio.create_task(read(client))
                    await until(lambda round_=round_: connected > round_)  # type: ignore[misc]
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                await until(lambda: ended == 6)
                await until(lambda: descriptors() <= before)

    run(main())
