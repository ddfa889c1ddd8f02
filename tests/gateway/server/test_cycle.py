from __future__ import annotations

import asyncio
import http.client
import io
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.server._cycle import Cycle

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Line:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.writes = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data
        self.writes += 1

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Flow:
    write_paused = False

    def resume_reading(self) -> None:
        pass

    async def drain(self) -> None:
        pass


def cycle_of(
    line: Line, *, method: str = "POST", version: str = "1.1", keep_alive: bool = True, expects: bool = False
) -> Cycle:
    arguments: Any = ({"type": "http", "method": method, "http_version": version}, line, Flow())
    return Cycle(*arguments, keep_alive=keep_alive, expects=expects, done=lambda: None)


def answered(headers: list[tuple[bytes, bytes]], *bodies: bytes, status: int = 200, **others: Any) -> Line:
    line = Line()

    async def app(_scope: Any, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies):
            more = number < len(bodies) - 1
            await send({"type": "http.response.body", "body": body, "more_body": more})

    asyncio.run(cycle_of(line, **others).run(app))
    return line


def test_a_whole_answer_is_written_at_once() -> None:
    line = answered([(b"content-length", b"2")], b"hi")
    assert line.written == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
    assert (line.writes, line.closed) == (1, False)


def test_parts_go_out_as_they_come_in_chunks() -> None:
    line = answered([(b"x-a", b"1")], b"one", b"two", b"")
    head, _, body = line.written.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked"
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert line.writes == 3


def test_a_client_of_http_1_0_gets_no_chunks() -> None:
    line = answered([(b"x-a", b"1")], b"one", b"two", b"", version="1.0", keep_alive=False)
    assert line.written == b"HTTP/1.1 200 OK\r\nx-a: 1\r\nconnection: close\r\n\r\nonetwo"
    assert line.closed


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.booleans())
def test_a_client_reads_what_was_sent(bodies: list[bytes], stated: bool) -> None:  # noqa: FBT001
    length = [(b"content-length", b"%d" % sum(map(len, bodies)))] if stated else []
    file = io.BytesIO(answered([(b"x-one", b"1"), *length], *bodies).written)

    class Socket:
        def makefile(self, _mode: str) -> io.BytesIO:
            return file

    response = http.client.HTTPResponse(Socket(), method="POST")  # type: ignore[arg-type]
    response.begin()
    assert response.read() == b"".join(bodies)
    assert response.headers["x-one"] == "1"
    assert file.closed or file.read() == b""


def test_nothing_follows_the_head_of_a_head_request() -> None:
    line = answered([(b"content-length", b"2")], b"hi", method="HEAD")
    assert line.written.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("said", [(), ((b"connection", b"close"),)])
def test_the_last_answer_says_so_once_and_closes(said: tuple[tuple[bytes, bytes], ...]) -> None:
    line = answered([(b"content-length", b"0"), *said], b"", keep_alive=False)
    assert line.written.count(b"connection: close") == 1
    assert line.closed


@given(st.binary(max_size=20), st.sampled_from([b"\r", b"\n", b"\0", b"\r\nx: y"]), st.binary(max_size=20))
def test_no_value_of_a_header_ends_the_head(before: bytes, breaks: bytes, after: bytes) -> None:
    line = answered([(b"x-a", before + breaks + after), (b"content-length", b"0")], b"")
    assert line.written.startswith(b"HTTP/1.1 500 ")
    assert line.closed


def test_an_application_that_fails_is_an_error_of_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line()

    async def app(_scope: Any, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("inner words")

    asyncio.run(cycle_of(line).run(app))
    assert line.written.startswith(b"HTTP/1.1 500 ")
    assert b"inner words" not in line.written
    assert "inner words" in capsys.readouterr().err
    assert line.closed


def test_an_answer_that_is_cut_ends_the_connection() -> None:
    line = Line()

    async def app(_scope: Any, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    asyncio.run(cycle_of(line).run(app))
    assert b"0\r\n\r\n" not in line.written
    assert line.closed


def test_a_body_is_received_in_parts_and_then_the_end() -> None:
    line, got = Line(), []

    async def app(_scope: Any, receive: Receive, send: Send) -> None:
        got.extend([await receive(), await receive()])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        got.append(await receive())

    async def main() -> None:
        cycle = cycle_of(line, expects=True)
        running = asyncio.ensure_future(cycle.run(app))
        await asyncio.sleep(0)
        assert line.written == b"HTTP/1.1 100 Continue\r\n\r\n"
        cycle.body = b"one"
        cycle.set()
        await asyncio.sleep(0)
        cycle.more_body = False
        cycle.set()
        await running

    asyncio.run(main())
    assert [one.get("body") for one in got] == [b"one", b"", None]
    assert got[-1]["type"] == "http.disconnect"


def test_a_client_that_goes_away_wakes_the_application() -> None:
    got = []

    async def app(_scope: Any, receive: Receive, _send: Send) -> None:
        got.append((await receive())["type"])

    async def main() -> None:
        cycle = cycle_of(Line())
        running = asyncio.ensure_future(cycle.run(app))
        await asyncio.sleep(0)
        cycle.disconnected = True
        cycle.message_event.set()
        await running

    asyncio.run(main())
    assert got == ["http.disconnect"]
