from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from proveout.errors import ProviderMalformed, ProviderRefused, ProviderUnreachable
from proveout.families import Provider
from proveout.families.llm._provider import TRIES
from proveout.task import Incumbent
from proveout.testing import FakeProvider, Reply, completion

Endpoint = Callable[[str], Incumbent]


def raw(sent: bytes, length: int | None = None) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("content-length", str(len(sent) if length is None else length))
        handler.end_headers()
        handler.wfile.write(sent)
        handler.close_connection = True

    return reply


def call(fake: FakeProvider, endpoint: Endpoint, waits: list[float]) -> Any:
    provider = Provider(endpoint(fake.url), sleep=waits.append)
    try:
        return provider.complete({"model": "m", "messages": []})
    finally:
        provider.close()


def test_a_busy_endpoint_is_tried_again_after_what_it_states(endpoint: Endpoint) -> None:
    waits: list[float] = []
    busy = completion("slow down", status=429, retry_after="7")
    with FakeProvider(busy, completion("x", status=500), completion({"a": 1})) as fake:
        reply = call(fake, endpoint, waits)
    assert json.loads(reply.text) == {"a": 1}
    assert (reply.tokens_in, reply.tokens_out) == (10, 5)
    assert waits[0] == 7.0
    assert 0 <= waits[1] <= 1.0
    assert fake.keys == ["Bearer sk-secret"] * 3


@pytest.mark.parametrize(
    ("reply", "error", "calls"),
    [
        (completion("bad key", status=401), ProviderRefused, 1),
        (completion("no such model", status=404), ProviderRefused, 1),
        (completion("down", status=503), ProviderRefused, TRIES),
        (completion({}, wait=1.0), ProviderUnreachable, TRIES),
        (raw(b'{"choices": ['), ProviderMalformed, TRIES),
        (raw(b"<html>"), ProviderMalformed, 1),
        (raw(b'{"choices": []}'), ProviderMalformed, 1),
        (raw(b"[]"), ProviderMalformed, 1),
        (raw(b'{"cho', 5000), ProviderUnreachable, TRIES),
    ],
)
def test_faults_have_names(endpoint: Endpoint, reply: Reply, error: type[Exception], calls: int) -> None:
    with FakeProvider(reply) as fake:
        with pytest.raises(error) as caught:
            call(fake, endpoint, [])
        assert fake.url in str(caught.value)
        assert "sk-secret" not in str(caught.value)
    assert len(fake.requests) == calls


def test_nobody_listens(endpoint: Endpoint) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with pytest.raises(ProviderUnreachable, match=r"check incumbent\.base_url"):
        Provider(endpoint(url), sleep=lambda _: None).complete({})


def test_a_missing_key_names_the_variable(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVEOUT_TEST_KEY")
    with pytest.raises(ProviderRefused, match="PROVEOUT_TEST_KEY is not set"):
        Provider(endpoint("http://127.0.0.1:9/v1"))
