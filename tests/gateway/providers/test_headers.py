from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proveout.errors import SettingsInvalid
from proveout.gateway._key import Key
from proveout.gateway.providers._headers import passed_on, retry_after_of

SOMEBODY = Key(id="k1", name="somebody", digest=b"x")
BODY = {"model": "m", "messages": []}


def sent(made: Any, exchange: Any, name: str = "one") -> dict[bytes, bytes]:
    made.ask(exchange)
    return dict(made.clients[name].calls[-1].headers)


def test_the_gateways_key_is_sent_and_the_clients_is_not(world: Callable[..., Any]) -> None:
    made = world()
    headers = sent(made, made.exchange(BODY, credential=b"client-secret"))
    assert headers == {b"authorization": b"Bearer sk-upstream-0123456789"}


def test_without_a_key_the_clients_own_is_forwarded_when_no_gateway_key_is_in_use(world: Callable[..., Any]) -> None:
    made = world(tables={"one": {"api_key_env": ""}})
    assert sent(made, made.exchange(BODY, credential=b"mine")) == {b"authorization": b"Bearer mine"}
    assert sent(made, made.exchange(BODY)) == {}
    assert sent(made, made.exchange(BODY, credential=b"gateway-key", key=SOMEBODY)) == {}


def test_a_clients_own_key_goes_to_no_fallback(world: Callable[..., Any]) -> None:
    made = world(
        (500, b"{}"),
        tables={"one": {"api_key_env": "", "retries": 0, "fallback": ("two",)}, "two": {"api_key_env": ""}},
    )
    made.ask(made.exchange(BODY, credential=b"mine"))
    assert dict(made.clients["one"].calls[0].headers) == {b"authorization": b"Bearer mine"}
    assert made.clients["two"].calls[0].headers == ()


def test_headers_come_from_the_environment_and_take_the_place_of_a_forwarded_key(world: Callable[..., Any]) -> None:
    table = {"api_key_env": "", "headers": {"API-Key": "env:AZURE", "x-team": "search"}}
    made = world(tables={"one": table}, environment={"AZURE": "azure-secret"})
    headers = sent(made, made.exchange(BODY, credential=b"mine"))
    assert headers == {b"api-key": b"azure-secret", b"x-team": b"search"}


def test_the_trace_is_forwarded(world: Callable[..., Any]) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    made = world()
    assert sent(made, made.exchange(BODY, onward=trace))[b"traceparent"] == trace.encode()
    assert b"traceparent" not in sent(made, made.exchange(BODY, traceparent=trace))  # the path says what goes on


@pytest.mark.parametrize(
    ("fields", "environment"),
    [
        ({"api_key_env": "NOT_SET"}, {}),
        ({"headers": {"x": "env:NOT_SET"}}, {}),
        ({"headers": {"Host": "evil"}}, {}),
        ({"headers": {"transfer-encoding": "chunked"}}, {}),
        ({"headers": {"x y": "1"}}, {}),
        ({"headers": {"x": "env:SPLIT"}}, {"SPLIT": "top-secret\r\nhost: evil"}),
        ({"headers": {"x": "a\nb"}}, {}),
    ],
)
def test_what_cannot_be_sent_is_told_at_once(
    world: Callable[..., Any], fields: dict[str, Any], environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        world(tables={"one": fields}, environment=environment)
    assert caught.value.about.startswith("providers.one.")
    assert "top-secret" not in str(caught.value)


def test_a_client_sees_few_of_the_providers_headers(world: Callable[..., Any]) -> None:
    headers = [
        (b"content-type", b"text/html"),
        (b"set-cookie", b"session=1"),
        (b"server", b"x"),
        (b"connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"content-encoding", b"gzip"),
        (b"openai-organization", b"secret-org"),
        (b"x-request-id", b"theirs"),
        (b"openai-processing-ms", b"12"),
    ]
    made = world((200, b"{}", *headers))
    reply, _ = made.ask(made.exchange(BODY))
    assert reply.headers == [(b"content-type", b"application/json"), (b"openai-processing-ms", b"12")]


def test_a_header_that_holds_something_else_is_left_out() -> None:
    assert passed_on([(b"retry-after", b"1; x=<script>"), (b"openai-processing-ms", b"sk-123")]) == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"3", 3.0), (b"0.5", 0.5), (b"Wed, 21 Oct 2026 07:28:00 GMT", float("inf")), (b"-1", float("inf"))],
)
def test_retry_after_is_seconds_or_too_long(value: bytes, seconds: float) -> None:
    assert retry_after_of([(b"retry-after", value)]) == seconds
