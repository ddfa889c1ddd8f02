from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from proveout.testing import FakeUpstream


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as made:
        yield made


def port(upstream: FakeUpstream) -> int:
    return int(upstream.base_url.rpartition(":")[2].partition("/")[0])


def post(upstream: FakeUpstream, body: Any, path: str = "/v1/chat/completions", **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port(upstream), timeout=5)
    try:
        connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body), headers)
        got = connection.getresponse()
        return got.status, got.read()
    finally:
        connection.close()


def raw(upstream: FakeUpstream, body: dict[str, Any], seconds: float = 5) -> bytes:
    """All bytes until the connection ends, and ``<reset>`` or ``<stall>`` where it did not end well."""
    sent = json.dumps(body).encode()
    received = b""
    with socket.create_connection(("127.0.0.1", port(upstream)), timeout=seconds) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(sent) + sent)
        try:
            while data := connection.recv(65536):
                received += data
        except ConnectionResetError:
            received += b"<reset>"
        except TimeoutError:
            received += b"<stall>"
    return received


def test_a_request_is_remembered(upstream: FakeUpstream) -> None:
    status, body = post(upstream, {"model": "echo", "messages": [{"role": "user", "content": "Hello"}]}, x_name="a")
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "Hello")
    (seen,) = upstream.seen
    assert (seen.method, seen.path, seen.headers["x_name"]) == ("POST", "/v1/chat/completions", "a")
    assert json.loads(seen.body)["model"] == "echo"
    assert upstream.requests == 1


def test_only_the_last_requests_are_remembered() -> None:
    with FakeUpstream(keep=2) as upstream:
        for number in range(4):
            post(upstream, {"model": str(number)})
        assert [json.loads(seen.body)["model"] for seen in upstream.seen] == ["2", "3"]
        assert upstream.requests == 4


def test_a_key_is_asked_for() -> None:
    with FakeUpstream(key="k") as upstream:
        assert post(upstream, {})[0] == 401
        assert post(upstream, {}, authorization="Bearer k")[0] == 200


def test_an_answer_waits_for_the_latency() -> None:
    with FakeUpstream(latency=0.05) as upstream:
        began = time.perf_counter()
        post(upstream, {"model": "m"})
        assert time.perf_counter() - began >= 0.05


def test_events_keep_their_pace() -> None:
    with FakeUpstream(events=6, pace=0.01) as upstream:
        began = time.perf_counter()
        _, body = post(upstream, {"model": "m", "stream": True})
        assert time.perf_counter() - began >= 0.05
    assert body.count(b"data: ") == 6
    assert body.endswith(b"data: [DONE]\n\n")


def test_a_port_that_is_taken_is_told(upstream: FakeUpstream) -> None:
    with pytest.raises(RuntimeError, match=f"did not start on port {port(upstream)}"):
        FakeUpstream(port=port(upstream)).__enter__()


def test_a_client_that_leaves_is_counted() -> None:
    with FakeUpstream(pace=0.01) as upstream:
        sent = b'{"model": "m", "stream": true}'
        with socket.create_connection(("127.0.0.1", port(upstream)), timeout=5) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(sent) + sent)
            connection.recv(100)
        until = time.monotonic() + 2
        while not upstream.cancelled and time.monotonic() < until:
            time.sleep(0.005)
        assert upstream.cancelled == 1


def test_what_is_no_http_is_told(upstream: FakeUpstream) -> None:
    with socket.create_connection(("127.0.0.1", port(upstream)), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_bytes_of_a_connection_that_fails(upstream: FakeUpstream) -> None:
    assert raw(upstream, {"model": "fault-close"}) == b""
    assert raw(upstream, {"model": "fault-reset"}) == b"<reset>"
    assert raw(upstream, {"model": "fault-stall"}, 0.05) == b"<stall>"
    assert raw(upstream, {"model": "fault-garbage"}).startswith(b"\x16\x03\x01")
    midway = raw(upstream, {"model": "fault-reset-midway", "stream": True})
    assert midway.startswith(b"HTTP/1.1 200")
    assert midway.endswith(b"<reset>")
    assert raw(upstream, {"model": "fault-stall-midway", "stream": True}, 0.05).endswith(b"<stall>")
    assert b"0\r\n\r\n" not in raw(upstream, {"model": "fault-close-midway", "stream": True})


def test_a_flaky_model_fails_the_first_time(upstream: FakeUpstream) -> None:
    statuses = [post(upstream, {"model": "flaky-503", "n": n})[0] for n in (1, 1, 2, 1, 1, 2)]
    assert statuses == [503, 200, 503, 503, 200, 200]


def test_requests_in_one_write_are_all_answered(upstream: FakeUpstream) -> None:
    one = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 14\r\n\r\n" + b'{"model": "m"}'
    with socket.create_connection(("127.0.0.1", port(upstream)), timeout=5) as connection:
        connection.sendall(one * 3)
        received = b""
        while received.count(b"HTTP/1.1 200") < 3:
            received += connection.recv(65536)
