"""Bytes that no client sends: the live server stays up, says what is wrong in the API's words, and leaks nothing."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httptools
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .conftest import MOST_BODY, PROVIDER_KEY, Target

ANSWER_SECONDS = 5.0
# After which bytes that were cut are taken to be all that the server waits for.
QUIET_SECONDS = 0.05
OF_ANOTHER = "the-words-of-another-tenant"
CHAT = {"model": "echo", "messages": [{"role": "user", "content": "Hello"}]}


class Reader:
    """Reads every answer on a connection; raises where the bytes are no HTTP."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.answers.append((self._parser.get_status_code(), self._headers, self._body))


def exchange(
    target: Target, sent: bytes, *, wanted: int = 1, quiet: float = ANSWER_SECONDS
) -> list[tuple[int, dict[str, str], bytes]]:
    """The answers to these bytes; nothing more is sent once there were as many as wanted, or none for a while."""
    reader = Reader()
    with socket.create_connection(("127.0.0.1", target.port), timeout=quiet) as connection:
        try:
            connection.sendall(sent)
            while len(reader.answers) < wanted and (data := connection.recv(65536)):
                reader.feed(data)
        except (BrokenPipeError, ConnectionResetError):  # it need not read to its end what it refuses
            return reader.answers
        except TimeoutError:  # it waits for the rest of the request
            connection.settimeout(ANSWER_SECONDS)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while data := connection.recv(65536):
                reader.feed(data)
    return reader.answers


def request(
    target: Target, body: bytes, *, key: str = "any", head: str = "", line: str = "POST /v1/chat/completions HTTP/1.1"
) -> bytes:
    fixed = f"host: x\r\nauthorization: Bearer {target.keys[key]}\r\ncontent-type: application/json\r\n"
    length = "" if "ontent-" in head or "ransfer-" in head else f"content-length: {len(body)}\r\n"
    return f"{line}\r\n{fixed}{length}{head}\r\n".encode("latin-1") + body


def chat(**parts: Any) -> bytes:
    return json.dumps(CHAT | parts).encode()


def check(target: Target, answers: list[tuple[int, dict[str, str], bytes]]) -> None:
    """Errors are the API's, and nobody else's secrets are told."""
    told = repr(answers)
    for secret in (PROVIDER_KEY, target.keys.get("other"), OF_ANOTHER):
        assert secret is None or target.keys["any"] == secret or secret not in told
    for status, headers, body in answers:
        if status >= 400:
            assert headers["content-type"].startswith("application/json"), (status, body)
            error = json.loads(body)["error"]
            assert {"message", "type", "param", "code"} <= error.keys()
            assert "Traceback" not in error["message"]


def well(target: Target) -> None:
    """An ordinary request is answered."""
    ((status, _, body),) = exchange(target, request(target, chat()))
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "Hello")
    assert target.process is None or target.process.poll() is None


@pytest.fixture(autouse=True)
def stays_up(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in ("gateway", "direct"):
        if name in request.fixturenames:
            well(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def shared(gateway: Target) -> Target:
    """The gateway after another tenant said something."""
    words = chat(messages=[{"role": "user", "content": OF_ANOTHER}])
    ((status, _, body),) = exchange(gateway, request(gateway, words, key="other"))
    assert status == 200
    assert OF_ANOTHER in body.decode()
    return gateway


def fuzzed(sent: bytes, seed: int, kind: str) -> bytes:
    """A request that was cut, changed, doubled in part, or replaced."""
    chance = random.Random(seed)
    at, size = chance.randrange(len(sent)), chance.randrange(1, 40)
    if kind == "cut":
        return sent[:at]
    if kind == "changed":
        mutable = bytearray(sent)
        for _ in range(chance.randrange(1, 6)):
            mutable[chance.randrange(len(mutable))] = chance.randrange(256)
        return bytes(mutable)
    if kind == "doubled":
        return sent[:at] + sent[at : at + size] * chance.randrange(2, 5) + sent[at + size :]
    if kind == "inserted":
        return sent[:at] + chance.randbytes(size) + sent[at:]
    return chance.randbytes(size * 10)


FUZZ = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True
)


@FUZZ
@given(st.integers(0, 2**32), st.sampled_from(["cut", "changed", "doubled", "inserted", "random"]), st.booleans())
def test_changed_bytes(shared: Target, seed: int, kind: str, stream: bool) -> None:  # noqa: FBT001  drawn
    check(shared, exchange(shared, fuzzed(request(shared, chat(stream=stream)), seed, kind), quiet=QUIET_SECONDS))


@FUZZ
@given(st.integers(0, 2**32), st.sampled_from(["cut", "changed", "doubled", "inserted", "random"]))
def test_the_fuzz_holds_for_the_fake_too(direct: Target, seed: int, kind: str) -> None:
    check(direct, exchange(direct, fuzzed(request(direct, chat()), seed, kind), quiet=QUIET_SECONDS))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["model", "messages", "stream", "n", "tools", "stream_options", "max_tokens", "response_format", "temperature"]
)


@FUZZ
@given(st.dictionaries(FIELDS, JSON, max_size=5), st.sampled_from(["chat/completions", "responses", "embeddings"]))
@example({"stream_options": {"include_usage": "yes"}, "stream": True}, "chat/completions")
@example({"max_tokens": 10**30}, "chat/completions")
@example({"max_tokens": -1}, "chat/completions")
@example({"model": "\ud800"}, "chat/completions")
@example({"model": "../../etc/passwd\r\nx: y"}, "chat/completions")
def test_json_of_any_shape(shared: Target, parts: dict[str, Any], path: str) -> None:
    body = json.dumps(CHAT | {"input": "Hello"} | parts).encode()
    answers = exchange(shared, request(shared, body, line=f"POST /v1/{path} HTTP/1.1"))
    assert len(answers) == 1
    check(shared, answers)


DEEP = 40_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"model": "echo", "messages": [',
        b'{"model": "echo", "messages": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b"[" * DEEP,
        b'{"model": "echo", "messages": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        b'{"model": "echo", "messages": [{"role": "user", "content": "\xff\xfe"}]}',
        b'{"model": "echo", "messages": [{"role": "user", "content": "\xed\xa0\x80"}]}',
        b'\xef\xbb\xbf{"model": "echo", "messages": []}',
        b'{"model": "echo", "messages": NaN}',
        b'{"model": "echo", "messages": [], "n": 1e999}',
        b'{"model": "echo", "messages": [], "stream": "yes"}',
        b'{"messages": []}',
        b'{"model": "", "messages": []}',
        b'{"model": "\\u0000", "stream": 1}',
        b"\x00" * 1000,
        b"9" * 50_000,
    ],
    ids=range(20),
)
def test_bodies_that_are_no_chat_are_400(shared: Target, body: bytes) -> None:
    answers = exchange(shared, request(shared, body))
    assert [status for status, *_ in answers] == [400]
    check(shared, answers)


def test_a_large_body_is_refused_before_it_was_sent(shared: Target) -> None:
    announced = request(shared, b"", head="content-length: 10000000000\r\n")
    with socket.create_connection(("127.0.0.1", shared.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(announced)
        reader = Reader()
        while not reader.answers:
            data = connection.recv(65536)
            assert data, "it closed without an answer"
            reader.feed(data)
    assert reader.answers[0][0] == 413
    check(shared, reader.answers)


def test_a_large_body_in_chunks_is_refused(shared: Target) -> None:
    chunk = b"%x\r\n%b\r\n" % (50_000, b" " * 50_000)
    sent = request(shared, chunk * (MOST_BODY // 50_000 + 2) + b"0\r\n\r\n", head="transfer-encoding: chunked\r\n")
    answers = exchange(shared, sent)
    assert {status for status, *_ in answers} <= {413}
    check(shared, answers)


SMUGGLED = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length: -5\r\n",
        "content-length: +5\r\n",
        "content-length: 5, 5\r\n",
        "content-length: 0x5\r\n",
        "content-length: 99999999999999999999999\r\n",
        "x: y\r\n folded\r\ncontent-length: 5, 6\r\n",
        "x\x00y: z\r\ncontent-length: 5\r\n",
        "no colon\r\ncontent-length: 5\r\n",
    ],
)
def test_lengths_that_two_readers_could_read_differently_are_refused(shared: Target, head: str) -> None:
    answers = exchange(shared, request(shared, SMUGGLED, head=head), quiet=0.3)
    assert len(answers) <= 1
    assert all(status >= 400 for status, *_ in answers)
    check(shared, answers)


@pytest.mark.parametrize(
    "head",
    ["x: " + "y" * 100_000 + "\r\n", "".join(f"x{number}: y\r\n" for number in range(20_000))],
    ids=["long", "many"],
)
def test_oversized_headers_are_refused(shared: Target, head: str) -> None:
    answers = exchange(shared, request(shared, chat(), head=head))
    assert {status for status, *_ in answers} <= {400, 413, 431}
    check(shared, answers)


@pytest.mark.parametrize(
    "line",
    [
        "POST /v1/chat/completions HTTP/9.9",
        "POST /v1/chat/completions",
        "BREW /v1/chat/completions HTTP/1.1",
        "POST  HTTP/1.1",
        "POST /v1/../v1/admin HTTP/1.1",
        "POST /v1/chat/completions%00 HTTP/1.1",
        "POST /\xff HTTP/1.1",
        "DELETE /v1/chat/completions HTTP/1.1",
        "GET /v1/chat/completions HTTP/1.1",
        "CONNECT evil:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "POST " + "/v1/" * 20_000 + " HTTP/1.1",
        "PRI * HTTP/2.0",
    ],
    ids=range(13),
)
def test_request_lines_that_are_not_served(shared: Target, line: str) -> None:
    answers = exchange(shared, request(shared, chat(), line=line), quiet=0.3)
    assert all(status >= 400 for status, *_ in answers)
    check(shared, answers)


@pytest.mark.parametrize(
    "credential",
    [
        "Bearer ' OR 1=1 --",
        "Bearer \x80\xff",
        "Bearer " + "a" * 8000,
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer sk-wrong, Bearer sk-more",
        "",
    ],
    ids=range(8),
)
def test_credentials_of_any_kind_are_401(shared: Target, credential: str) -> None:
    body = chat()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: {credential}\r\n"
    sent = f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode("latin-1") + body
    before = shared.upstream.requests
    answers = exchange(shared, sent)
    assert [status for status, *_ in answers] == [401]
    assert shared.upstream.requests == before
    check(shared, answers)


def test_headers_that_name_an_upstream_or_a_host_change_nothing(shared: Target) -> None:
    head = (
        "host: evil.example\r\nx-forwarded-host: evil.example\r\nx-upstream: http://169.254.169.254\r\n"
        "x-portkey-custom-host: http://169.254.169.254\r\nforwarded: host=evil.example\r\nconnection: keep-alive\r\n"
    )
    body = chat()
    sent = request(shared, body, head=f"{head}content-length: {len(body)}\r\n").replace(b"host: x\r\n", b"", 1)
    ((status, headers, answer),) = exchange(shared, sent)
    assert status == 200
    assert "evil" not in repr((headers, answer))
    seen = shared.upstream.seen[-1].headers
    assert seen["host"].startswith("127.0.0.1")
    assert not any("evil" in value or "169.254" in value for value in seen.values())


def test_requests_in_one_write_are_answered_in_order(shared: Target) -> None:
    sent = b"".join(
        request(shared, chat(messages=[{"role": "user", "content": f"number {number}"}])) for number in range(5)
    )
    said = [json.loads(body)["choices"][0]["message"]["content"] for _, _, body in exchange(shared, sent, wanted=5)]
    assert said == [f"number {number}" for number in range(5)]


def test_a_client_that_sends_nothing_more_is_let_go(gateway: Target) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ")
        received = b""
        while data := connection.recv(65536):
            received += data
    assert time.monotonic() - began < 6, "head_seconds is 2"
    assert received == b"" or received.startswith(b"HTTP/1.1 408")


def test_many_callers_get_their_own_answers(shared: Target) -> None:
    connections = []
    for number in range(50):
        connection = socket.create_connection(("127.0.0.1", shared.port), timeout=10)
        key = "other" if number % 2 else "any"
        words = chat(messages=[{"role": "user", "content": f"{key} {number}"}], stream=number % 3 == 0)
        connection.sendall(request(shared, words, key=key))
        connections.append((connection, f"{key} {number}", number % 3 == 0))
    for connection, wanted, stream in connections:
        reader = Reader()
        with connection:
            while not reader.answers:
                reader.feed(connection.recv(65536))
        status, _, body = reader.answers[0]
        assert status == 200
        if stream:
            events = [json.loads(line[6:]) for line in body.decode().split("\n\n") if line.startswith("data: {")]
            said = "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
        else:
            said = json.loads(body)["choices"][0]["message"]["content"]
        assert said == wanted
