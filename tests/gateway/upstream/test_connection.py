"""Arbitrary bytes in the place of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import uvloop
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proveout.errors import UpstreamFailed
from proveout.gateway.upstream import LeanClient, Timeouts
from proveout.gateway.upstream._connection import MOST_HEAD_BYTES, MOST_WAITING_BYTES, Connection
from proveout.gateway.upstream._response import LeanResponse

from .conftest import JSON, Faulty, answer, chunked, closing, says


class Bench:
    """A connection with a transport and a loop that do nothing."""

    def __init__(self) -> None:
        self.now = 0.0
        self.released = 0
        self.forgotten = 0
        self.aborted = False
        self.paused = False
        loop: Any = self
        transport: Any = self
        self.connection = Connection(self, "host", Timeouts(), loop)
        self.connection.connection_made(transport)

    def time(self) -> float:
        return self.now

    def release(self, connection: Connection) -> None:
        self.released += 1

    def forget(self, connection: Connection) -> None:
        self.forgotten += 1

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class End(NamedTuple):
    status: int
    body: bytes
    error: type[UpstreamFailed] | None
    kept: bool


def said(pieces: list[bytes], *, lost: bool = True) -> End:
    bench = Bench()
    response = bench.connection.ask(b"GET / HTTP/1.1\r\n\r\n", b"")
    body = b""
    for number, piece in enumerate(pieces, 1):
        if not bench.aborted:
            bench.connection.data_received(piece)
        assert response.size <= MOST_WAITING_BYTES + len(piece)
        assert len(response.pieces) <= number or response.done or response.error
        if response.paused:
            body += response._take()
    kept = bench.released > 0 and not bench.aborted
    if lost:
        bench.connection.connection_lost(None)
        assert response.done != (response.error is not None), "it is one of the two, and not under way for ever"
    body += response._take()
    return End(response.status, body, type(response.error) if response.error else None, kept)


HEADS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 099 ?\r\n\r\n",
    b"HTTP/9.9 200 OK\r\n",
    b"HTTP/1.1 99999999999 OK\r\n",
    b"content-length: 5\r\n",
    b"content-length: 99999999999999999999\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip\r\n",
    b"connection: close\r\n",
    b"connection: keep-alive\r\n",
    b"x: y\r\n z\r\n",
    b": \r\n",
    b"\r\n",
    b"\n",
    b"\0",
    b"hello",
    b"5\r\nhello\r\n",
    b"5;a=b\r\nhello\r\n",
    b"0\r\n\r\n",
    b"fffffffffffffffff\r\n",
    answer(),
    chunked(b"ab", b"c"),
]
RAW = st.lists(st.sampled_from(HEADS) | st.binary(max_size=12), max_size=12).map(b"".join)


@st.composite
def cut(draw: st.DrawFn, raw: st.SearchStrategy[bytes] = RAW) -> list[bytes]:
    data = draw(raw)
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    edges = [0, *places, len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(edges)]
    return [piece for piece in pieces if piece]


@given(cut())
@example([b"HTTP/1.1 200 OK\r\n\r\n"])
@example([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n"])
@settings(max_examples=600)
def test_any_bytes_in_any_pieces_end_in_an_answer_or_an_error(pieces: list[bytes]) -> None:
    end = said(pieces)
    together = said([b"".join(pieces)] if pieces else [])
    each = said([bytes([byte]) for byte in b"".join(pieces)])
    for other in (end, each):
        if together.error is None:
            assert other[:3] == together[:3]
        else:
            # What came behind a whole answer is seen in time only where it came together with it.
            assert other.error is not None or other.status


@given(cut(st.binary(max_size=400)))
@settings(max_examples=200)
def test_noise_is_no_answer(pieces: list[bytes]) -> None:
    assert said(pieces).error is not None


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    st.booleans(),
    st.data(),
)
def test_a_right_answer_is_read_in_any_pieces(parts: list[bytes], whole: bool, data: st.DataObject) -> None:  # noqa: FBT001  drawn
    raw = answer(b"".join(parts)) if whole else chunked(*parts)
    pieces = data.draw(cut(st.just(raw)))
    assert said(pieces, lost=False) == End(200, b"".join(parts), None, kept=True)


@pytest.mark.parametrize(
    "endless",
    [
        b"x",
        b"x: y\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * 900,
        b"\r\n",
    ],
)
@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\n", chunked(b"ab")[:-2], b"HTTP/1.1 200 OK\r\nx"])
def test_what_never_becomes_a_body_is_bounded(beginning: bytes, endless: bytes) -> None:
    bench = Bench()
    response = bench.connection.ask(b"", b"")
    fed = 0
    if beginning:
        bench.connection.data_received(beginning)
    while not (bench.aborted or response.done or response.size) and fed < 10 * MOST_HEAD_BYTES:
        bench.connection.data_received(endless)
        fed += len(endless)
    assert fed <= MOST_HEAD_BYTES + 1000


def test_a_slow_reader_is_paused_and_resumed() -> None:
    bench = Bench()
    response = bench.connection.ask(b"", b"")
    paused = [bench.paused]
    for piece in (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * MOST_WAITING_BYTES, b"x"):
        bench.connection.data_received(piece)
        paused.append(bench.paused)
    assert paused == [False, False, True]
    assert bench.connection.due == Timeouts().total
    bench.now = 7.0
    assert len(response._take()) == MOST_WAITING_BYTES + 1
    paused.append(bench.paused)
    assert paused[-1] is False
    assert bench.connection.due == 7.0 + Timeouts().idle


def test_times_follow_what_comes() -> None:
    bench = Bench()
    connection = bench.connection
    connection.ask(b"", b"")
    assert connection.due == Timeouts().first_byte
    bench.now = 3.0
    connection.data_received(b"HTTP/1.1 200 OK\r\n")
    assert connection.due == Timeouts().first_byte
    connection.data_received(b"content-length: 2\r\n\r\n")
    assert connection.due == 3.0 + Timeouts().idle
    bench.now = 590.0
    connection.data_received(b"a")
    assert connection.due == Timeouts().total
    connection.data_received(b"b")
    assert connection.due == 605.0


SERVERS: dict[str, Callable[[list[bytes]], Faulty]] = {
    "closes": lambda pieces: Faulty(says(*pieces, b"", close=True)),
    "stalls": lambda pieces: Faulty(says(*pieces, b"")),
}


@pytest.mark.parametrize("behaviour", sorted(SERVERS))
@given(pieces=cut())
@settings(max_examples=40)
def test_a_client_ends_every_call(behaviour: str, pieces: list[bytes]) -> None:
    async def main() -> None:
        timeouts = Timeouts(first_byte=0.04, idle=0.04, total=0.1)
        async with SERVERS[behaviour](pieces) as server:
            client = LeanClient(server.url, timeouts, most_connections=1)
            async with closing(client):
                for _ in range(2):
                    try:
                        response = await client.send(JSON)
                        assert isinstance(response, LeanResponse)
                        assert response.status >= 200
                        await response.read(10_000)
                    except UpstreamFailed as error:
                        assert error.sent
                        assert error.about == "127.0.0.1"
                    assert client._pool._free + len(client._pool._open) == 1

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main(), 5))
