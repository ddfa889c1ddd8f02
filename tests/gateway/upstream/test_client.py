"""What both clients do, against a server that does what servers do at their worst."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from proveout.errors import RequestInvalid, UpstreamFailed, UpstreamLied, UpstreamTimedOut
from proveout.gateway.upstream import Call, Client, Response, Timeouts

from .conftest import (
    JSON,
    QUICK,
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


async def stall(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _number: int) -> None:
    await reader.read()


def then_stall(piece: bytes) -> Scenario:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(piece)
        await stall(reader, writer, number)

    return scenario


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


async def whole(client: Client, call: Call = JSON, most_bytes: int = 1 << 20) -> tuple[Response, bytes]:
    response = await client.send(call)
    return response, await response.read(most_bytes)


async def streamed(client: Client, call: Call = JSON) -> list[bytes]:
    response = await client.send(call)
    return [chunk async for chunk in response.chunks()]


@asynccontextmanager
async def met(
    opened: Opener, scenario: Scenario, timeouts: Timeouts = QUICK, **options: Any
) -> AsyncIterator[tuple[Client, Faulty]]:
    async with Faulty(scenario) as server, closing(opened(server.url, timeouts, **options)) as client:
        yield client, server


def one(opened: Opener, scenario: Scenario, timeouts: Timeouts = QUICK) -> Coroutine[Any, Any, tuple[Response, bytes]]:
    async def main() -> tuple[Response, bytes]:
        async with met(opened, scenario, timeouts) as (client, _):
            return await whole(client)

    return main()


# Answers as they should be.


def test_a_post_arrives_as_it_was_sent(opened: Opener, run: Run[Any]) -> None:
    async def main() -> bytes:
        async with met(opened, says(answer())) as (client, server):
            await whole(client)
            return server.requests[0]

    head, _, body = run(main()).partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /v1/chat/completions http/1.1"
    assert body == JSON.body
    assert b"authorization: bearer k" in lines
    assert b"content-type: application/json" in lines
    assert b"accept-encoding: identity" in lines
    assert sum(line.startswith(b"host: 127.0.0.1:") for line in lines) == 1
    assert lines.count(b"content-length: %d" % len(body)) == 1


def test_a_get_has_no_body(opened: Opener, run: Run[Any]) -> None:
    async def main() -> bytes:
        async with met(opened, says(answer())) as (client, server):
            await whole(client, Call("/models", b""))
            return server.requests[0]

    request = run(main())
    assert request.startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"content-" not in request.lower()


def test_status_and_headers_are_told(opened: Opener, run: Run[Any]) -> None:
    response, body = run(one(opened, says(answer(b"{}", b"Retry-After: 3", b"X-A: 1", b"x-a: 2", status=b"429 Slow"))))
    assert response.status == 429
    assert body == b"{}"
    assert (b"retry-after", b"3") in response.headers
    assert [value for name, value in response.headers if name == b"x-a"] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("said", "body"),
    [
        pytest.param([answer(b"")], b"", id="empty"),
        pytest.param([answer(b"x" * 300_000)], b"x" * 300_000, id="large"),
        pytest.param([chunked(b"ab", b"c", b"defg")], b"abcdefg", id="chunked"),
        pytest.param([chunked(b"ab", trailer=b"X-Sum: 1\r\nX-More: 2\r\n")], b"ab", id="trailers"),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n" + answer()], b'{"ok": 1}', id="continue"),
        pytest.param([b"HTTP/1.1 103 Hints\r\nlink: a\r\n\r\n", answer()], b'{"ok": 1}', id="hints apart"),
        pytest.param([b"HTTP/1.1 204 No Content\r\n\r\n"], b"", id="no content"),
        pytest.param([b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"], b"", id="not modified"),
        pytest.param([bytes([byte]) for byte in answer(b"trickle")], b"trickle", id="trickle"),
        pytest.param([bytes([byte]) for byte in chunked(b"tri", b"ckle")], b"trickle", id="chunks trickle"),
    ],
)
def test_a_body_is_read_and_the_connection_kept(opened: Opener, run: Run[Any], said: list[bytes], body: bytes) -> None:
    async def main() -> int:
        async with met(opened, says(*said)) as (client, server):
            assert (await whole(client))[1] == body
            assert b"".join(await streamed(client)) == body
            return server.connections

    assert run(main()) == (1 if opened.keeps else 2)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", id="until close"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nuntil the end", id="old until close"),
        pytest.param(answer(b"until the end", b"Connection: close"), id="said to close"),
    ],
)
def test_a_connection_that_ends_is_not_used_again(opened: Opener, run: Run[Any], said: bytes) -> None:
    async def main() -> int:
        async with met(opened, says(said, close=True)) as (client, server):
            assert (await whole(client))[1] == b"until the end"
            assert b"".join(await streamed(client)) == b"until the end"
            return server.connections

    assert run(main()) == 2


def test_connection_close_is_obeyed_where_the_server_forgets(opened: Opener, run: Run[Any]) -> None:
    async def main() -> int:
        async with met(opened, says(answer(b"{}", b"Connection: close"))) as (client, server):
            await whole(client)
            await until(lambda: server.open == 0)
            await whole(client)
            return server.connections

    assert run(main()) == 2


def test_a_body_may_be_read_twice_and_closed_twice(opened: Opener, run: Run[Any]) -> None:
    async def main() -> int:
        async with met(opened, says(chunked(b"ab", b"c"))) as (client, server):
            response, body = await whole(client)
            assert await response.read() == body == b"abc"
            response.close()
            response.close()
            await whole(client)
            return server.connections

    assert run(main()) == (1 if opened.keeps else 2)


# Answers as they should not be.

CUT = [
    pytest.param(answer(b"x" * 50)[:-10], id="shorter than stated"),
    pytest.param(chunked(b"abcdef")[:-12], id="half a chunk"),
    pytest.param(chunked(b"abcdef")[:-5], id="no last chunk"),
    pytest.param(chunked(b"data: 1\n\n", b"data: {")[:-5], id="half an event"),
]


@pytest.mark.parametrize("said", CUT)
def test_a_body_that_is_cut_is_a_lie(opened: Opener, run: Run[Any], said: bytes) -> None:
    async def main() -> None:
        async with met(opened, says(said, close=True)) as (client, server):
            with pytest.raises(UpstreamLied) as caught:
                await whole(client)
            assert caught.value.sent
            with pytest.raises(UpstreamLied):
                await streamed(client)
            assert server.connections == 2

    run(main())


def test_what_came_before_the_cut_is_handed_over(opened: Opener, run: Run[Any]) -> None:
    async def main() -> list[bytes]:
        async with met(opened, says(chunked(b"data: 1\n\n", b"data: {")[:-5], close=True)) as (client, _):
            response = await client.send(JSON)
            chunks = response.chunks()
            got = [await anext(chunks)]
            while len(b"".join(got)) < 16:
                got.append(await anext(chunks))
            with pytest.raises(UpstreamLied):
                await anext(chunks)
        return got

    assert b"".join(run(main())) == b"data: 1\n\ndata: {"


def test_what_is_longer_than_stated_does_not_reach_the_next_call(opened: Opener, run: Run[Any]) -> None:
    async def main() -> int:
        stray = answer(b"stray")
        async with met(opened, says(answer(b"mine") + stray)) as (client, server):
            for _ in range(3):
                try:
                    assert (await whole(client))[1] == b"mine"
                except UpstreamLied as error:
                    assert error.sent
            return server.connections

    assert run(main()) == 3


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x50", id="an alert of TLS"),
        pytest.param(b"HTTP/1.1 two hundred\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", id="no colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", id="no size of a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", id="less than nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 400_000, id="giant header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 80_000, id="headers without end"),
    ],
)
def test_what_is_not_http_is_a_lie(opened: Opener, run: Run[Any], said: bytes) -> None:
    async def main() -> None:
        async with met(opened, then_stall(said), Timeouts(first_byte=0.2)) as (client, server):
            # The kept client waits for more where the first byte already says that it is none.
            with pytest.raises(UpstreamLied if opened.keeps else UpstreamFailed):
                await whole(client)
            await until(lambda: server.open == 0)

    run(main())


def test_a_head_that_is_cut_is_a_failure(opened: Opener, run: Run[Any]) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        run(one(opened, says(b"HTTP/1.1 200 OK\r\ncontent-", close=True)))
    assert caught.value.sent


@pytest.mark.parametrize("scenario", [says(close=True), reset])
def test_no_answer_at_all_is_a_failure(opened: Opener, run: Run[Any], scenario: Scenario) -> None:
    async def main() -> None:
        async with met(opened, scenario) as (client, server):
            with pytest.raises(UpstreamFailed) as caught:
                await whole(client)
            assert type(caught.value) is UpstreamFailed
            assert caught.value.sent
            assert len(server.requests) == 1

    run(main())


def test_a_reset_within_a_body_is_told(opened: Opener, run: Run[Any]) -> None:
    async def scenario(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(answer(b"x" * 50)[:-10])
        await asyncio.sleep(0.02)
        await reset(reader, writer, number)

    with pytest.raises(UpstreamLied):
        run(one(opened, scenario))


def test_a_body_without_end_is_read_up_to_the_limit(opened: Opener, run: Run[Any]) -> None:
    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async def main() -> None:
        async with met(opened, endless) as (client, server):
            with pytest.raises(UpstreamLied, match="too large"):
                await whole(client, most_bytes=100_000)
            await until(lambda: server.open == 0)

    run(main())


def test_a_slow_reader_makes_the_server_wait(opened: Opener, run: Run[Any]) -> None:
    written = 0

    async def eager(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        nonlocal written
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 64000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 64000)
            await writer.drain()
            written += 64000

    async def main() -> int:
        async with met(opened, eager) as (client, _):
            response = await client.send(JSON)
            chunks = response.chunks()
            await anext(chunks)
            before = -1
            while before < written:
                before = written
                await asyncio.sleep(0.05)
            stopped_at = written
            got = 0
            async for chunk in chunks:
                got += len(chunk)
            assert got > 60_000_000
            return stopped_at

    # Buffers of the kernel, on both sides, and 256 KiB with one read of ours.
    assert run(main()) < 16_000_000


# Time.


@pytest.mark.parametrize(
    ("scenario", "timeouts"),
    [
        pytest.param(stall, Timeouts(first_byte=0.08), id="no head"),
        pytest.param(then_stall(b"HTTP/1.1 200"), Timeouts(first_byte=0.08), id="half a head"),
        pytest.param(then_stall(answer()[:-3]), Timeouts(idle=0.08), id="half a body"),
        pytest.param(then_stall(chunked(b"ab")[:-7]), Timeouts(idle=0.08), id="half a chunk"),
        pytest.param(stall, Timeouts(total=0.08), id="total without a head"),
        pytest.param(then_stall(answer()[:-3]), Timeouts(total=0.08), id="total within a body"),
        pytest.param(says(*([b"HTTP/1.1 200 OK\r\n\r\n"] + [b"x"] * 2000)), Timeouts(total=0.08), id="trickle"),
    ],
)
def test_what_takes_too_long_times_out(opened: Opener, run: Run[Any], scenario: Scenario, timeouts: Timeouts) -> None:
    async def main() -> float:
        async with met(opened, scenario, timeouts) as (client, server):
            loop = asyncio.get_running_loop()
            began = loop.time()
            with pytest.raises(UpstreamTimedOut) as caught:
                await whole(client)
            took = loop.time() - began
            assert caught.value.sent
            await until(lambda: server.open == 0)
            return took

    assert 0.05 < run(main()) < 1.0


def test_a_server_that_does_not_take_connections_times_out(opened: Opener, run: Run[Any]) -> None:
    async def main() -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            port = listener.getsockname()[1]
            # The queue of a listener takes one more than it is told; then the kernel drops what comes.
            with socket.socket() as first, socket.socket() as second:
                for filler in (first, second):
                    filler.setblocking(False)  # noqa: FBT003  as sockets have it
                    filler.connect_ex(("127.0.0.1", port))
                async with closing(opened(f"http://127.0.0.1:{port}/v1", Timeouts(connect=0.08))) as client:
                    with pytest.raises(UpstreamTimedOut) as caught:
                        await whole(client)
                    assert not caught.value.sent

    run(main())


def test_a_port_that_nobody_listens_at_is_a_failure(opened: Opener, run: Run[Any]) -> None:
    async def main() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            async with closing(opened(f"http://127.0.0.1:{free.getsockname()[1]}/v1")) as client:
                with pytest.raises(UpstreamFailed, match="Connection refused") as caught:
                    await whole(client)
                assert not caught.value.sent

    run(main())


def test_a_host_that_is_not_known_is_a_failure(opened: Opener, run: Run[Any]) -> None:
    async def main() -> None:
        async with closing(opened("http://nowhere.invalid/v1")) as client:
            with pytest.raises(UpstreamFailed) as caught:
                await whole(client)
            assert not caught.value.sent
            assert caught.value.about == "nowhere.invalid"

    run(main())


# Connections.


def test_calls_share_connections_up_to_the_limit(opened: Opener, run: Run[Any]) -> None:
    under_way = most = 0

    async def scenario(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        writer.write(answer())

    async def main() -> tuple[int, int]:
        async with met(opened, scenario, most_connections=3) as (client, server):
            await asyncio.gather(*[whole(client) for _ in range(20)])
            assert most == 3
            return server.connections, len(server.requests)

    connections, requests = run(main())
    assert connections <= (3 if opened.keeps else 20)
    assert requests == 20


def test_who_waits_too_long_for_a_connection_times_out(opened: Opener, run: Run[Any]) -> None:
    async def main() -> None:
        async with met(opened, stall, Timeouts(connect=0.08), most_connections=1) as (client, server):
            busy = asyncio.create_task(whole(client))
            await until(lambda: len(server.requests) == 1)
            with pytest.raises(UpstreamTimedOut, match="no connection was free") as caught:
                await whole(client)
            assert not caught.value.sent
            busy.cancel()
            with pytest.raises(asyncio.CancelledError):
                await busy

    run(main())


def test_a_connection_that_the_server_closed_is_not_used(opened: Opener, run: Run[Any]) -> None:
    async def once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(answer())
        await writer.drain()
        writer.close()

    async def main() -> int:
        async with met(opened, once) as (client, server):
            for _ in range(3):
                await whole(client)
                await until(lambda: server.open == 0)
                await asyncio.sleep(0.01)
            return server.connections

    assert run(main()) == 3


CANCELLED = [
    pytest.param(stall, "send", id="before the head"),
    pytest.param(then_stall(answer()[:-3]), "read", id="while read"),
    pytest.param(then_stall(answer()[:-3]), "chunks", id="between chunks"),
]


@pytest.mark.parametrize(("scenario", "step"), CANCELLED)
def test_cancelling_closes_the_connection(opened: Opener, run: Run[Any], scenario: Scenario, step: str) -> None:
    async def main() -> None:
        async with met(opened, scenario, most_connections=2) as (client, server):
            before = descriptors()
            for _ in range(6):
                task = asyncio.create_task(streamed(client) if step == "chunks" else _read(client))
                asked = len(server.requests)
                await until(lambda asked=asked: len(server.requests) > asked)  # type: ignore[misc]
                await asyncio.sleep(0.005)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await until(lambda: server.open == 0)
            await until(lambda: descriptors() <= before)

    async def _read(client: Client) -> bytes:
        return (await whole(client))[1]

    run(main())


def test_closing_a_response_closes_its_connection(opened: Opener, run: Run[Any]) -> None:
    async def main() -> None:
        async with met(opened, then_stall(chunked(b"data: 1\n\n")[:-5]), most_connections=1) as (client, server):
            for _ in range(3):
                response = await client.send(JSON)
                assert await anext(response.chunks()) == b"data: 1\n\n"
                response.close()
                response.close()
                with pytest.raises(UpstreamFailed):
                    await response.read()
                await until(lambda: server.open == 0)
            assert server.connections == 3

    run(main())


def test_closing_a_client_closes_its_connections(opened: Opener, run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as server:
            client = opened(server.url)
            await asyncio.gather(*[whole(client) for _ in range(3)])
            await client.close()
            await until(lambda: server.open == 0)

    run(main())


# What may be sent.


@pytest.mark.parametrize(
    "call",
    [
        Call("/a", b"{}", ((b"x", b"a\r\nhost: b"),)),
        Call("/a", b"{}", ((b"x", b"a\nb"),)),
        Call("/a", b"{}", ((b"x", b"a\0b"),)),
        Call("/a", b"{}", ((b"x\r\ny", b"a"),)),
        Call("/a", b"{}", ((b"x y", b"a"),)),
        Call("/a", b"{}", ((b"", b"a"),)),
        Call("/a", b"{}", ((b"Content-Length", b"1"),)),
        Call("/a", b"{}", ((b"transfer-encoding", b"chunked"),)),
        Call("/a", b"{}", ((b"Host", b"b"),)),
        Call("/a b", b"{}"),
        Call("/a\r\nx: y", b"{}"),
        Call("/a#b", b"{}"),
        Call("a", b"{}"),
        Call("", b"{}"),
        Call("/ü", b"{}"),
    ],
)
def test_nothing_in_a_call_can_end_a_line(opened: Opener, run: Run[Any], call: Call) -> None:
    async def main() -> None:
        async with met(opened, says(answer())) as (client, server):
            with pytest.raises(RequestInvalid) as caught:
                await client.send(call)
            assert "host: b" not in str(caught.value)
            assert server.requests == []

    run(main())


# TLS.


def test_a_certificate_of_a_trusted_authority_is_taken(
    opened: Opener, run: Run[Any], certificates: Certificates
) -> None:
    async def main() -> int:
        async with (
            Faulty(says(answer(b"x" * 100_000)), certificates.server) as server,
            closing(opened(server.url, tls=certificates.trusted)) as client,
        ):
            for _ in range(2):
                assert len((await whole(client))[1]) == 100_000
            return server.connections

    assert run(main()) == (1 if opened.keeps else 2)


@pytest.mark.parametrize(("kind", "trusting"), [("self_signed", True), ("server", False), ("elsewhere", True)], ids=str)
def test_other_certificates_are_refused(
    opened: Opener, run: Run[Any], certificates: Certificates, kind: str, *, trusting: bool
) -> None:
    async def main() -> None:
        context: ssl.SSLContext = getattr(certificates, kind)
        tls = certificates.trusted if trusting else None
        async with Faulty(says(answer()), context) as server, closing(opened(server.url, tls=tls)) as client:
            with pytest.raises(UpstreamFailed, match="certificate is not trusted") as caught:
                await whole(client)
            assert not caught.value.sent
            assert server.requests == []

    run(main())


def test_a_server_without_tls_is_refused(opened: Opener, run: Run[Any], certificates: Certificates) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as server:
            url = server.url.replace("http://127.0.0.1", "https://localhost")
            async with closing(opened(url, Timeouts(connect=0.1), tls=certificates.trusted)) as client:
                with pytest.raises(UpstreamFailed) as caught:
                    await whole(client)
                assert not caught.value.sent

    run(main())
