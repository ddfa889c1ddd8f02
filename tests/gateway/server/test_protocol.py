"""What a connection may send: every smuggling variant of a known list, slow clients, and clients that send too much."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any, cast

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn import Config
from uvicorn.server import ServerState

from proveout.gateway._settings import Server
from proveout.gateway.server._guard import Guard
from proveout.gateway.server._protocol import MOST_PIPELINED, GuardedProtocol
from proveout.gateway.server._refusals import REFUSALS

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A guarded server whose application notes what reaches it and answers with what it was sent."""

    def __init__(self, limits: Server) -> None:
        self.clock = Clock()
        self.guard = Guard(limits, self.clock)
        self.state = ServerState()
        self.seen: list[tuple[dict[str, Any], bytes]] = []
        self.gone = 0
        self.hold: asyncio.Event | None = None
        self.before_body = False
        self.size = 0
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=4096)
        self.writers.append(writer)
        return reader, writer

    async def app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while not self.before_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.seen.append((scope, body))
        if self.hold is not None:
            await self.hold.wait()
        answer = json.dumps({"path": scope["path"], "body": len(body)}).encode().ljust(self.size)
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def exchange(self, *pieces: bytes, end: bool = True) -> bytes:
        """Everything that comes back until the server ends the connection; ``end`` ends our side after sending."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        answers = await self.read(reader, complete=not end)
        writer.close()
        return answers

    async def read(self, reader: asyncio.StreamReader, *, complete: bool) -> bytes:
        found = b""
        with contextlib.suppress(TimeoutError):
            while piece := await asyncio.wait_for(reader.read(65536), 5.0 if complete else 0.15):
                found += piece
        return found

    def later(self, seconds: float) -> None:
        self.clock.now += seconds
        self.guard.look(cast("set[GuardedProtocol]", self.state.connections))


@contextlib.asynccontextmanager
async def serving(limits: Server) -> AsyncIterator[Served]:
    served = Served(limits)
    broken: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: broken.append(context))
    config = Config(
        served.app, interface="asgi3", lifespan="off", ws="none", proxy_headers=False, log_config=None, access_log=False
    )
    config.load()
    server = await loop.create_server(
        lambda: GuardedProtocol(config, served.state, {}, guard=served.guard), "127.0.0.1", 0
    )
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        for connection in list(served.state.connections):
            connection.transport.abort()
        for writer in served.writers:
            writer.close()
        server.close()
        await server.wait_closed()
    assert broken == []


def run(check: Callable[[Served], Awaitable[None]], **limits: Any) -> None:
    async def main() -> None:
        async with serving(Server(**limits)) as served:
            await check(served)

    uvloop.run(main())


def statuses(answers: bytes) -> list[int]:
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]


def check_refusal(answers: bytes, status: int) -> None:
    head, _, body = answers.partition(b"\r\n\r\n")
    assert statuses(answers) == [status]
    assert b"connection: close" in head
    assert f"content-length: {len(body)}".encode() in head
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert b"server:" not in head
    assert b"date:" not in head


# From RFC 9112, 11.2, and from the lists of James Kettle ("HTTP Desync Attacks", 2019) and Evan Klitzke's http-garden.
SMUGGLED = {
    "CL.TE": (HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400),
    "TE.CL": (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "TE x": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "TE twice": (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "TE then identity": (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    "TE chunked, identity": (HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "TE gzip, chunked": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "TE identity": (HEAD + b"Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n", 501),
    "TE vertical tab": (HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "TE quoted": (HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 501),
    "TE parameter": (HEAD + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 501),
    "TE on its own line": (HEAD + b"Transfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n", 400),
    "TE folded": (HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    "TE in 1.0": (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "CL twice": (HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "CL twice, different": (HEAD + b"Content-Length: 3\r\nContent-Length: 8\r\n\r\nabc", 400),
    "CL list": (HEAD + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "CL plus": (HEAD + b"Content-Length: +3\r\n\r\nabc", 400),
    "CL minus": (HEAD + b"Content-Length: -3\r\n\r\nabc", 400),
    "CL hexadecimal": (HEAD + b"Content-Length: 0x3\r\n\r\nabc", 400),
    "CL with a space": (HEAD + b"Content-Length: 3 3\r\n\r\nabc", 400),
    "CL empty": (HEAD + b"Content-Length: \r\n\r\nabc", 400),
    "CL overflow": (HEAD + b"Content-Length: 18446744073709551619\r\n\r\nabc", 400),
    "chunk size with 0x": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size negative": (CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size overflow": (CHUNKED + b"10000000000000003\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size with a space": (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", 400),
    "chunk ends in LF": (CHUNKED + b"3\nabc\n0\n\n", 400),
    "chunk longer than said": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    "chunk extension with LF": (CHUNKED + b"3;a\nGET\r\nabc\r\n0\r\n\r\n", 400),
    "trailer": (CHUNKED + b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n", 400),
    "LF only": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "LF in the head": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "CR in the head": (b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    "NUL in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", 400),
    "space before the colon": (HEAD + b"Content-Length : 3\r\n\r\nabc", 400),
    "folded line": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "space before a name": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\nHost a\r\n\r\n", 400),
    "no name": (b"GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\nX: a\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "unknown method": (b"SMUGGLE / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "method in small letters": (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/2": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    "space in the target": (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "UTF-8 in the target": ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "unknown expectation": (HEAD + b"Expect: the-unexpected\r\nContent-Length: 1\r\n\r\na", 417),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(name: str) -> None:
    sent, status = SMUGGLED[name]

    async def check(served: Served) -> None:
        answers = await served.exchange(sent + NEXT, end=False)
        check_refusal(answers, status)
        assert served.seen == []

    run(check)


def test_a_chunked_body_is_read_and_its_extensions_mean_nothing() -> None:
    async def check(served: Served) -> None:
        sent = CHUNKED + b"3;name=value\r\nabc\r\n0\r\n\r\n" + NEXT
        assert statuses(await served.exchange(sent)) == [200, 200]
        assert [(scope["path"], body) for scope, body in served.seen] == [
            ("/v1/chat/completions", b"abc"),
            ("/smuggled", b""),
        ]

    run(check)


def test_the_target_in_absolute_form_leads_here_and_its_host_nowhere() -> None:
    async def check(served: Served) -> None:
        sent = b"GET http://internal.example:9/v1/models HTTP/1.1\r\nHost: other.example\r\n\r\n"
        assert statuses(await served.exchange(sent)) == [200]
        scope, _ = served.seen[0]
        assert scope["path"] == "/v1/models"
        assert scope["server"] == ("127.0.0.1", served.port)
        assert "internal" not in str({name: value for name, value in scope.items() if name != "headers"})

    run(check)


@pytest.mark.parametrize("host", [b"gateway", b"evil.example", b"' OR 1=1 --", b"a/../../etc/passwd", b"\xff\xfe", b""])
def test_the_host_header_changes_nothing(host: bytes) -> None:
    async def check(served: Served) -> None:
        sent = b"GET /v1/models HTTP/1.1\r\nHost: %b\r\n\r\n"
        answers = {await served.exchange(sent % value) for value in (b"127.0.0.1", host)}
        assert len(answers) == 1
        assert statuses(answers.pop()) == [200]
        one, other = ({**scope, "headers": 0, "client": 0} for scope, _ in served.seen)
        assert one == other

    run(check)


def test_a_request_of_http_1_0_needs_no_host_and_ends_the_connection() -> None:
    async def check(served: Served) -> None:
        assert statuses(await served.exchange(b"GET /v1/models HTTP/1.0\r\n\r\n" + NEXT, end=False)) == [200]

    run(check)


@pytest.mark.parametrize(
    "ask",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        HEAD + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_an_upgrade_is_not_made_and_what_follows_is_not_read(ask: bytes) -> None:
    async def check(served: Served) -> None:
        answers = await served.exchange(ask + NEXT, end=False)
        assert statuses(answers) == [200]
        assert b"connection: close" in answers
        assert "/smuggled" not in [scope["path"] for scope, _ in served.seen]

    run(check)


def test_a_broken_request_does_not_cut_into_the_answer_to_the_one_before() -> None:
    async def check(served: Served) -> None:
        served.hold = asyncio.Event()
        asked = asyncio.ensure_future(served.exchange(NEXT, b"SMUGGLE / HTTP/1.1\r\n\r\n", end=False))
        await asyncio.sleep(0.05)
        served.hold.set()
        answers = await asked
        assert statuses(answers) == [200]
        assert answers.endswith(b"}")

    run(check)


def test_a_broken_body_behind_another_request_is_dropped_with_its_request() -> None:
    async def check(served: Served) -> None:
        served.hold = asyncio.Event()
        asked = asyncio.ensure_future(served.exchange(NEXT + CHUNKED + b"zz\r\n" + NEXT, end=False))
        await asyncio.sleep(0.05)
        served.hold.set()
        assert statuses(await asked) == [200]
        assert len(served.seen) == 1

    run(check)


def test_the_application_is_told_that_a_broken_body_will_not_come() -> None:
    async def check(served: Served) -> None:
        check_refusal(await served.exchange(CHUNKED + b"3\r\nabc\r\n", b"zz\r\n", end=False), 400)
        assert (served.gone, served.seen) == (1, [])

    run(check)


def test_pipelined_requests_are_answered_in_order_and_bounded() -> None:
    async def check(served: Served) -> None:
        some = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(1000))
        answers = await served.exchange(some, end=False)
        paths = [json.loads(part.split(b"\r\n\r\n")[1])["path"] for part in answers.split(b"HTTP/1.1 ")[1:]]
        assert paths == [f"/{number}" for number in range(MOST_PIPELINED + 1)]

    run(check)


def test_headers_have_a_limit() -> None:
    async def check(served: Served) -> None:
        fitting = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 900 + b"\r\n\r\n"
        body = HEAD + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000
        assert statuses(await served.exchange(fitting + body)) == [200, 200]
        for piece in (b"x" * 1100, b"x" * 100_000):
            check_refusal(await served.exchange(fitting[:40] + piece + b"\r\n\r\n", end=False), 431)
        pieces = [fitting[:40], *([b"a: b\r\n" * 20] * 20)]
        check_refusal(await served.exchange(*pieces, end=False), 431)
        check_refusal(await served.exchange(b"GET /" + b"x" * 1100, end=False), 431)
        assert len(served.seen) == 2

    run(check, most_header_bytes=1024)


def test_a_body_has_a_limit_whether_it_says_its_length_or_not() -> None:
    async def check(served: Served) -> None:
        stated = HEAD + b"Content-Length: 2000\r\n\r\n"
        check_refusal(await served.exchange(stated, end=False), 413)
        check_refusal(await served.exchange(stated + b"x" * 2000, end=False), 413)
        check_refusal(
            await served.exchange(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n3e8\r\n" + b"x" * 90, end=False), 413
        )
        fitting = HEAD + b"Content-Length: 1024\r\n\r\n" + b"x" * 1024
        assert statuses(await served.exchange(fitting)) == [200]
        assert [len(body) for _, body in served.seen] == [1024]

    run(check, most_body_bytes=1024)


def test_the_refusal_of_a_large_body_reaches_a_client_that_still_sends_it() -> None:
    async def check(served: Served) -> None:
        body = b"x" * 8_000_000
        check_refusal(await served.exchange(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body, end=False), 413)

    run(check, most_body_bytes=1024)


@pytest.mark.parametrize("piece", [b"1\r\na\r\n", b"1;" + b"x" * 5000 + b"\r\na\r\n"])
def test_the_framing_of_a_chunked_body_has_a_limit(piece: bytes) -> None:
    async def check(served: Served) -> None:
        pieces = [piece * 20] * 10
        answers = await served.exchange(CHUNKED, *pieces, b"0\r\n\r\n")
        assert statuses(answers) == ([200] if len(piece) < 10 else [400])

    run(check, most_header_bytes=1024)


def test_a_body_is_asked_for_where_the_client_waits_for_it() -> None:
    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
        too_large = HEAD + b"Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n"
        check_refusal(await served.exchange(too_large, end=False), 413)

    run(check, most_body_bytes=1024)


def test_a_head_that_trickles_in_is_cut_off_however_it_trickles() -> None:
    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        for letter in b"GET / HTTP/1.1":
            writer.write(bytes([letter]))
            await asyncio.sleep(0.005)
            served.later(0.9)
        check_refusal(await served.read(reader, complete=True), 408)
        writer.close()

    run(check, head_seconds=10.0)


def test_a_connection_that_says_nothing_is_closed() -> None:
    async def check(served: Served) -> None:
        reader, _ = await served.connect()
        await asyncio.sleep(0.02)
        served.later(9.0)
        assert len(served.state.connections) == 1
        served.later(2.0)
        assert await served.read(reader, complete=True) == b""

    run(check, head_seconds=10.0)


def test_a_body_that_trickles_in_is_cut_off_and_the_application_told() -> None:
    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(HEAD + b"Content-Length: 100\r\n\r\n")
        for _ in range(13):
            writer.write(b"x")
            await asyncio.sleep(0.005)
            served.later(2.5)
        check_refusal(await served.read(reader, complete=True), 408)
        assert served.gone == 1

    run(check, body_seconds=30.0)


def test_an_idle_connection_is_closed_and_one_that_is_answered_is_not() -> None:
    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        served.hold = asyncio.Event()
        writer.write(NEXT)
        await asyncio.sleep(0.02)
        served.later(1000.0)
        served.hold.set()
        assert statuses(await served.read(reader, complete=False)) == [200]
        served.later(70.0)
        assert len(served.state.connections) == 1
        served.later(10.0)
        assert await served.read(reader, complete=True) == b""

    run(check, idle_seconds=75.0)


def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    async def check(served: Served) -> None:
        served.size = 20_000_000
        reader, writer = await served.connect()
        writer.write(NEXT)
        await asyncio.sleep(0.1)
        assert len(served.state.connections) == 1
        served.later(70.0)
        assert len(served.state.connections) == 1
        served.later(10.0)
        await asyncio.sleep(0.02)
        assert served.state.connections == set()
        writer.close()
        del reader

    run(check, idle_seconds=75.0)


def test_too_many_connections_are_told_so() -> None:
    async def check(served: Served) -> None:
        held = [await served.connect() for _ in range(3)]
        await asyncio.sleep(0.02)
        answers = await served.exchange(end=False)
        check_refusal(answers, 503)
        assert b"retry-after: 1" in answers
        held[0][1].close()
        await asyncio.sleep(0.02)
        assert statuses(await served.exchange(NEXT)) == [200]

    run(check, most_connections=3)


def test_a_request_answered_before_its_body_came_does_not_spoil_the_next() -> None:
    async def check(served: Served) -> None:
        served.before_body = True
        body = HEAD + b"Content-Length: 300000\r\n\r\n"
        answers = await served.exchange(body, b"x" * 150_000, b"x" * 150_000, NEXT)
        assert statuses(answers) == [200, 200]
        assert [scope["path"] for scope, _ in served.seen] == ["/v1/chat/completions", "/smuggled"]

    run(check)


def test_while_draining_each_answer_ends_its_connection() -> None:
    async def check(served: Served) -> None:
        served.guard.draining = True
        answers = await served.exchange(NEXT, end=False)
        assert statuses(answers) == [200]
        assert b"connection: close" in answers

    run(check)


def test_limits_that_change_hold_for_open_connections() -> None:
    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        served.guard.set_limits(Server(most_body_bytes=1024))
        writer.write(HEAD + b"Content-Length: 2000\r\n\r\n")
        check_refusal(await served.read(reader, complete=True), 413)

    run(check)


WHOLE = HEAD + b"Content-Length: 5\r\nX-Empty:\r\n\r\nhello" + CHUNKED + b"2\r\nab\r\n0\r\n\r\n" + NEXT


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=6, unique=True))
def test_where_pieces_end_changes_nothing(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(WHOLE)]
    pieces = [WHOLE[start:end] for start, end in pairwise(ends)]

    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        writer.write(b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert statuses(await served.read(reader, complete=True)) == [200] * 4
        assert [body for _, body in served.seen] == [b"hello", b"ab", b"", b""]
        writer.close()

    run(check)


FRAGMENTS = [
    b"GET / HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"\r\n",
    b"Content-Length: 5\r\n",
    b"hello",
    b"0\r\n\r\n",
    b"\n",
    b"\0",
]
FRAGMENTS += [
    b"Transfer-Encoding: chunked\r\n",
    HEAD,
    CHUNKED,
    b"5\r\nhello\r\n",
    b"Expect: 100-continue\r\n",
    b": ",
    b" ",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=20), min_size=1, max_size=12))
def test_whatever_is_sent_is_answered_with_whole_answers_or_waited_for(pieces: list[bytes]) -> None:
    async def check(served: Served) -> None:
        reader, writer = await served.connect()
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            writer.write_eof()
            answers = await served.read(reader, complete=True)
            for part in answers.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"").split(b"HTTP/1.1 ")[1:]:
                head, _, body = part.partition(b"\r\n\r\n")
                assert f"content-length: {len(body)}".encode() in head
                assert int(head[:3]) in {200, *REFUSALS}
        writer.close()

    run(check)
