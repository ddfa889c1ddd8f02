from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from proveout.errors import BudgetExceeded, ProviderMalformed, ProviderRefused, ProviderUnreachable
from proveout.families import Provider
from proveout.families.llm._budget import Budget
from proveout.families.llm._provider import TRIES
from proveout.families.llm._request import request
from proveout.task import Incumbent, Prices
from proveout.testing import (
    FakeProvider,
    Reply,
    completion,
    dropped,
    half,
    malformed,
    refusal,
    rejecting,
    tool_call,
    trickle,
)

Endpoint = Callable[[str], Incumbent]
BODY: dict[str, Any] = {"model": "m", "messages": []}


def call(fake: FakeProvider, endpoint: Endpoint, waits: list[float], body: dict[str, Any] = BODY, **given: Any) -> Any:
    incumbent = msgspec.structs.replace(endpoint(fake.url), timeout_seconds=given.pop("timeout", 10.0))
    provider = Provider(incumbent, sleep=waits.append, **given)
    try:
        return provider.complete(body)
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


def test_a_pause_may_be_stated_as_a_date(endpoint: Endpoint) -> None:
    waits: list[float] = []
    then = format_datetime(datetime.fromtimestamp(1_000_030, UTC), usegmt=True)
    odd = completion("x", status=503, retry_after="soon")
    with FakeProvider(completion("x", status=503, retry_after=then), odd, completion({})) as fake:
        call(fake, endpoint, waits, now=lambda: 1_000_000.0)
    assert waits[0] == 30.0
    assert 0 <= waits[1] <= 1.0


def test_a_long_pause_is_not_waited_for(endpoint: Endpoint) -> None:
    with FakeProvider(completion("quota", status=429, retry_after="3600")) as fake:
        with pytest.raises(ProviderRefused, match="asks to wait 3600 s"):
            call(fake, endpoint, [])
        assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "first",
    [half({"a": 1}), dropped(), malformed('{"choices": ['), completion("x", status=529), completion({}, wait=1.6)],
)
def test_one_fault_is_survived(endpoint: Endpoint, first: Reply) -> None:
    with FakeProvider(first, completion({"a": 1})) as fake:
        assert json.loads(call(fake, endpoint, [], timeout=1.0).text) == {"a": 1}
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("reply", "error", "calls", "said"),
    [
        (completion("bad key sk-secret", status=401), ProviderRefused, 1, "status 401.*check the key"),
        (completion("no such model", status=404), ProviderRefused, 1, "the model name 'm'"),
        (completion("slow down", status=429), ProviderRefused, TRIES, "status 429.*limits"),
        (completion("down", status=503), ProviderRefused, TRIES, "status 503"),
        (half({}), ProviderUnreachable, TRIES, "RemoteProtocolError"),
        (dropped(), ProviderUnreachable, TRIES, "RemoteProtocolError"),
        (malformed('{"choices": ['), ProviderMalformed, TRIES, "it begins '{"),
        (malformed("<html>"), ProviderMalformed, 1, "ending in /v1"),
        (malformed('{"choices": []}'), ProviderMalformed, 1, "IndexError"),
        (malformed('{"error": {"message": "no credits"}}'), ProviderMalformed, 1, "no credits"),
        (malformed("[]"), ProviderMalformed, 1, "TypeError"),
        (malformed(""), ProviderMalformed, 1, "it begins ''"),
    ],
)
def test_faults_have_names(endpoint: Endpoint, reply: Reply, error: type[Exception], calls: int, said: str) -> None:
    with FakeProvider(reply) as fake:
        with pytest.raises(error, match=said) as caught:
            call(fake, endpoint, [])
        assert fake.url in str(caught.value)
        assert "sk-secret" not in str(caught.value)
    assert len(fake.requests) == calls


@pytest.mark.parametrize(
    ("reply", "said"),
    [(completion({}, wait=2.0), "ReadTimeout"), (trickle({}, 0.05), "still sending after 0.2 s")],
)
def test_a_slow_reply_is_given_up(endpoint: Endpoint, reply: Reply, said: str) -> None:
    with FakeProvider(reply) as fake:
        with pytest.raises(ProviderUnreachable, match=said):
            call(fake, endpoint, [], timeout=0.2)
        assert len(fake.requests) == TRIES


def test_nobody_listens(endpoint: Endpoint) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    budget = Budget(1.0, Prices(usd_per_million_in=1.0), about="m")
    with pytest.raises(ProviderUnreachable, match=r"check incumbent\.base_url"):
        Provider(endpoint(url), sleep=lambda _: None, budget=budget).complete({})
    assert budget.spent == 0


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "127.0.0.1/v1", "http://127.0.0.1:port/v1"])
def test_an_address_that_is_none_is_not_tried_again(endpoint: Endpoint, url: str) -> None:
    waits: list[float] = []
    with pytest.raises(ProviderUnreachable, match=r"incumbent\.base_url"):
        Provider(endpoint(url), sleep=waits.append).complete(BODY)
    assert waits == []


def test_a_missing_key_names_the_variable(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVEOUT_TEST_KEY")
    with pytest.raises(ProviderRefused, match="PROVEOUT_TEST_KEY is not set"):
        Provider(endpoint("http://127.0.0.1:9/v1"))


def test_headers_are_sent(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVEOUT_TEST_HEADER", "from-environment")
    headers = {"x-plain": "here", "x-secret": "env:PROVEOUT_TEST_HEADER"}
    with FakeProvider(completion({})) as fake:
        incumbent = msgspec.structs.replace(endpoint(fake.url), headers=headers)
        Provider(incumbent).complete(BODY)
    assert (fake.headers[0]["x-plain"], fake.headers[0]["x-secret"]) == ("here", "from-environment")
    assert fake.keys == ["Bearer sk-secret"]


def test_what_a_server_does_not_take_is_left_out_once_learned(endpoint: Endpoint) -> None:
    message = "response_format of this type is not supported"
    old = rejecting(lambda body: "response_format" in body, message, completion({"a": 1}))
    older = rejecting(lambda body: "max_tokens" in body, "Unsupported parameter: 'max_tokens'", old)
    with FakeProvider(older) as fake:
        provider = Provider(endpoint(fake.url))
        body = request(endpoint(fake.url), {"type": "object"}, [], 0)
        first, second = provider.complete(body), provider.complete(body)
    assert len(fake.requests) == 5
    assert first.adapted == second.adapted
    assert set(first.adapted) == {
        "response_format json_object for json_schema",
        "no response_format",
        "max_completion_tokens for max_tokens",
    }
    assert fake.requests[-1]["max_completion_tokens"] == 1024


def test_a_refusal_and_a_tool_call_are_read(endpoint: Endpoint) -> None:
    with FakeProvider(refusal(), tool_call({"a": 1}), completion({}, logprob=-0.5, finish="length")) as fake:
        declined, called, cut = (call(fake, endpoint, []) for _ in range(3))
    assert declined.refused
    assert json.loads(called.text) == {"a": 1}
    assert (cut.cut, cut.logprob) == (True, -0.5)


def test_what_may_have_been_billed_counts_against_the_cap(endpoint: Endpoint) -> None:
    budget = Budget(0.005, Prices(usd_per_million_out=1.0), about="m")
    with FakeProvider(half({})) as fake:
        with pytest.raises(BudgetExceeded, match="on 0 answers"):
            call(fake, endpoint, [], budget=budget)
        assert len(fake.requests) == 4
    assert budget.spent == pytest.approx(4 * 1024 / 1e6)
    free = Budget(0.005, Prices(usd_per_million_out=1.0), about="m")
    with FakeProvider(completion("no", status=401)) as fake, pytest.raises(ProviderRefused):
        call(fake, endpoint, [], budget=free)
    assert free.spent == 0
