from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from proveout.errors import UpstreamFailed, UpstreamLied, UpstreamTimedOut
from proveout.gateway._settings import Provider, Settings
from proveout.gateway.providers import ProviderAnswerer, Providers

KEY = "sk-upstream-0123456789"
BODY = {"model": "m", "messages": [{"role": "user", "content": "How are you this evening?"}]}
STREAM = {**BODY, "stream": True}
ANSWER = json.dumps({"model": "m-2025", "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}).encode()
OK = (200, ANSWER)
DELTA = b'data: {"model":"m-2025","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"model":"m-2025","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"model":"m-2025","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500}}\n\n'
DONE = b"data: [DONE]\n\n"
EVENTS = (200, [DELTA, FINISH + USAGE, DONE])
TWO = {"one": {"fallback": ("two",), "retries": 0}, "two": {}}
Make = Callable[..., Any]


def test_an_answer_is_passed_on_and_counted(world: Make) -> None:
    made = world(OK)
    exchange = made.exchange(BODY)
    reply, body = made.ask(exchange)
    outcome = exchange.outcome
    assert (reply.status, body, outcome.answer) == (200, ANSWER, ANSWER)
    assert made.clients["one"].calls[0].body == exchange.body
    assert (outcome.route, outcome.model, outcome.attempts) == ("provider:one", "m-2025", 1)
    assert (outcome.tokens_in, outcome.tokens_out, outcome.tokens_estimated) == (1000, 500, False)
    assert (outcome.usd, outcome.usd_unknown) == (pytest.approx(0.002), False)
    assert set(outcome.stages) == {"upstream", "answer"}


@pytest.mark.parametrize(
    ("operation", "path"), [("chat", "/chat/completions"), ("responses", "/responses"), ("embeddings", "/embeddings")]
)
def test_each_api_has_its_path(world: Make, operation: str, path: str) -> None:
    made = world(OK)
    made.ask(made.exchange({"model": "m", "input": "x"}, operation=operation))
    assert made.clients["one"].calls[0].path == path


def test_a_stream_is_passed_on_without_the_usage_nobody_asked_for_and_billed_by_it(world: Make) -> None:
    made = world(EVENTS)
    exchange = made.exchange(STREAM)
    reply, seen = made.ask(exchange)
    assert seen == DELTA + FINISH + DONE == exchange.outcome.answer
    assert json.loads(made.clients["one"].calls[0].body)["stream_options"] == {"include_usage": True}
    assert (exchange.outcome.tokens_in, exchange.outcome.tokens_out) == (1000, 500)
    assert (exchange.outcome.usd, exchange.outcome.tokens_estimated) == (pytest.approx(0.002), False)
    assert reply.headers[0] == (b"content-type", b"text/event-stream; charset=utf-8")
    assert set(exchange.outcome.stages) == {"upstream", "first_token", "answer"}


def test_who_asks_for_usage_gets_it(world: Make) -> None:
    made = world(EVENTS)
    exchange = made.exchange({**STREAM, "stream_options": {"include_usage": True}})
    assert made.ask(exchange)[1] == DELTA + FINISH + USAGE + DONE
    assert made.clients["one"].calls[0].body == exchange.body


def test_a_price_nobody_knows_counts_nothing_and_says_so(world: Make) -> None:
    made = world(OK, tables={"one": {"usd_per_million_in": None, "usd_per_million_out": None}})
    exchange = made.exchange(BODY)
    made.ask(exchange)
    assert (exchange.outcome.usd, exchange.outcome.usd_unknown) == (0.0, True)


def test_a_price_is_looked_up_once_also_by_the_name_that_answered(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("genai_prices")
    answer = json.dumps({"model": "gpt-4o-mini-2024-07-18", "usage": {"prompt_tokens": 10**6, "completion_tokens": 0}})
    table = {"usd_per_million_in": None, "usd_per_million_out": None, "base_url": "https://api.openai.com/v1"}
    made = world((200, answer.encode()), tables={"one": table})
    exchange = made.exchange({**BODY, "model": "my-deployment"})
    made.ask(exchange)
    assert (exchange.outcome.usd, exchange.outcome.usd_unknown) == (pytest.approx(0.15), False)
    monkeypatch.setattr("proveout.gateway.providers._prices.prices_of", lambda *_: pytest.fail("looked up again"))
    made.ask(made.exchange({**BODY, "model": "my-deployment"}))


def test_an_answer_without_usage_is_estimated(world: Make) -> None:
    made = world((200, b'{"model":"m","choices":[{"message":{"content":"Very well indeed"}}]}'))
    exchange = made.exchange(BODY)
    made.ask(exchange)
    assert exchange.outcome.tokens_estimated
    assert (exchange.outcome.tokens_in, exchange.outcome.tokens_out) == (10, 4)


def test_a_cancelled_stream_is_billed_for_what_was_read_and_written(world: Make) -> None:
    made = world((200, [DELTA, DELTA, DELTA, None]))
    exchange = made.exchange(STREAM)

    async def run() -> None:
        reply = await made.answerer.answer(exchange)
        for _ in range(3):
            await anext(reply.chunks)
        await reply.chunks.aclose()

    asyncio.run(run())
    outcome = exchange.outcome
    assert made.clients["one"].given[0].closed
    assert (outcome.cancelled, outcome.tokens_estimated) == (True, True)
    assert (outcome.tokens_in, outcome.tokens_out) == (10, 3)
    assert outcome.usd == pytest.approx((10 + 2 * 3) / 1e6)


def test_a_client_that_goes_away_before_an_answer_cancels_the_call(world: Make) -> None:
    for body, answer in ((BODY, [None]), (STREAM, [None]), (STREAM, [b": wait\n\n", None])):
        made = world((200, answer))
        exchange = made.exchange(body)

        async def run(made: Any = made, exchange: Any = exchange) -> None:
            async with asyncio.timeout(0.01):
                await made.answerer.answer(exchange)

        with pytest.raises(TimeoutError):
            asyncio.run(run())
        assert made.clients["one"].given[0].closed
        assert (exchange.outcome.cancelled, exchange.outcome.tokens_in) == (True, 10)
        # That says nothing about the provider.
        assert made.providers.states()[0].failures == 0


def test_the_upstream_is_closed_when_the_client_never_reads(world: Make) -> None:
    made = world(EVENTS)
    exchange = made.exchange(STREAM)

    async def run() -> None:
        reply = await made.answerer.answer(exchange)
        await reply.chunks.aclose()

    asyncio.run(run())
    assert made.clients["one"].given[0].closed
    assert exchange.outcome.cancelled


BAD = [
    (500, b"{}"),
    (503, b"<html>"),
    (200, b"<html>"),
    (200, b'{"half":'),
    (429, b"{}"),
    (408, b""),
    (200, [b'{"ha', UpstreamLied("short", why="x", fix="x", about="one")]),
    UpstreamTimedOut("slow", why="x", fix="x", about="one"),
    UpstreamFailed("no connection", why="x", fix="x", about="one"),
]
BAD_STREAMS = [
    (200, b""),
    (200, [b"data: {"]),
    (200, [b": wait\n\n", UpstreamLied("short", why="x", fix="x", about="one")]),
    (200, [b'data: {"error":{"message":"overloaded"}}\n\n']),
    (200, [b'event: error\ndata: {"type":"error","message":"overloaded"}\n\n']),
]


@pytest.mark.parametrize("bad", BAD)
def test_what_fails_before_the_first_byte_is_tried_again(world: Make, bad: Any) -> None:
    made = world(bad, bad, OK)
    exchange = made.exchange(BODY)
    assert made.ask(exchange)[1] == ANSWER
    assert (exchange.outcome.attempts, len(made.slept)) == (3, 2)


@pytest.mark.parametrize("bad", BAD[:2] + BAD[-2:] + BAD_STREAMS)
def test_a_stream_is_tried_again_before_its_first_event(world: Make, bad: Any) -> None:
    made = world(bad, EVENTS)
    exchange = made.exchange(STREAM)
    assert made.ask(exchange)[1] == DELTA + FINISH + DONE
    assert (exchange.outcome.attempts, exchange.outcome.error) == (2, "")
    assert all(one.closed or one.ended for one in made.clients["one"].given)


@pytest.mark.parametrize("bad", BAD)
def test_a_fallback_is_asked_when_a_provider_fails(world: Make, bad: Any) -> None:
    tables = {"one": {"fallback": ("two",), "fallback_model": "other", "retries": 1}, "two": {}}
    made = world(bad, tables=tables, two=[OK])
    exchange = made.exchange(BODY)
    assert made.ask(exchange)[1] == ANSWER
    assert json.loads(made.clients["two"].calls[0].body)["model"] == "other"
    assert (exchange.outcome.route, exchange.outcome.attempts) == ("provider:two", 3)


@pytest.mark.parametrize("bad", BAD_STREAMS)
def test_a_stream_fails_over_before_its_first_event_only(world: Make, bad: Any) -> None:
    made = world(bad, tables=TWO, two=[EVENTS])
    assert made.ask(made.exchange(STREAM))[1] == DELTA + FINISH + DONE
    made = world((200, [DELTA, UpstreamFailed("reset", why="x", fix="x", about="one")]), tables=TWO, two=[EVENTS])
    exchange = made.exchange(STREAM)
    _, seen = made.ask(exchange)
    assert seen.startswith(DELTA + b'data: {"error":')
    assert DONE not in seen
    assert made.clients["two"].calls == []
    assert (exchange.outcome.error, exchange.outcome.tokens_estimated) == ("upstream_failed", True)
    assert made.providers.states()[0].failures == 1


def test_vectors_of_another_model_are_no_fallback(world: Make) -> None:
    tables = {"one": {"fallback": ("two", "three"), "fallback_model": "other", "retries": 0}, "two": {}, "three": {}}
    made = world((500, b"{}"), tables=tables, two=[OK])
    with pytest.raises(UpstreamFailed):
        made.ask(made.exchange({"model": "m", "input": "x"}, operation="embeddings"))
    assert made.clients["two"].calls == []
    tables["one"]["fallback_model"] = ""
    made = world((500, b"{}"), tables=tables, two=[OK])
    assert made.ask(made.exchange({"model": "m", "input": "x"}, operation="embeddings"))[1] == ANSWER


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_a_refusal_is_passed_on_in_the_providers_words(world: Make, status: int) -> None:
    body = json.dumps({"error": {"message": f"no, {KEY}", "type": "t", "code": "context_length_exceeded"}}).encode()
    made = world((status, body, (b"set-cookie", b"x")), tables=TWO, two=[OK])
    exchange = made.exchange(BODY)
    if status == 409:
        # A conflict may be over by the next time.
        assert made.ask(exchange)[1] == ANSWER
        return
    reply, seen = made.ask(exchange)
    assert reply.status == status
    assert seen == body.replace(KEY.encode(), b"[redacted]")
    assert reply.headers == [(b"content-type", b"application/json")]
    assert exchange.outcome.error == "context_length_exceeded"
    assert exchange.outcome.attempts == 1


def test_a_refusal_that_is_not_json_is_told_in_the_apis_shape(world: Make) -> None:
    made = world((404, b"<html>nginx/1.2 at 10.0.0.7</html>"))
    reply, seen = made.ask(made.exchange(BODY))
    assert reply.status == 404
    assert json.loads(seen)["error"]["message"] == "the provider refused the request: it answered with status 404"


def test_a_failure_tells_nothing_of_the_providers_insides(world: Make) -> None:
    made = world((500, f'{{"trace":"{KEY} at 10.0.0.7"}}'.encode()))
    with pytest.raises(UpstreamFailed) as caught:
        made.ask(made.exchange(BODY))
    assert caught.value.status == 502
    assert "10.0.0.7" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_the_gateways_own_credential_is_not_the_clients_to_hear_of(world: Make, status: int) -> None:
    body = b'{"error":{"message":"Incorrect API key provided: sk-upst****6789"}}'
    made = world((status, body))
    with pytest.raises(UpstreamFailed) as caught:
        made.ask(made.exchange(BODY))
    assert "6789" not in str(caught.value)
    assert len(made.clients["one"].calls) == 1
    made = world((status, body), tables={"one": {"api_key_env": ""}})
    reply, seen = made.ask(made.exchange(BODY, credential=b"mine"))
    assert (reply.status, seen) == (status, body)


def test_a_key_that_an_answer_repeats_is_blotted_out(world: Make) -> None:
    made = world((200, json.dumps({"echo": f"Bearer {KEY}", "usage": {"prompt_tokens": 1}}).encode()))
    assert KEY.encode() not in made.ask(made.exchange(BODY))[1]


def test_redirects_are_not_followed(world: Make) -> None:
    made = world((307, b"", (b"location", b"http://169.254.169.254/")))
    with pytest.raises(UpstreamFailed):
        made.ask(made.exchange(BODY))
    assert len(made.clients["one"].calls) == 1
    assert made.opened == ["https://one.example/v1"]


def test_only_a_short_retry_after_is_waited_for_and_a_long_one_is_passed_on(world: Make) -> None:
    made = world((429, b"{}", (b"retry-after", b"1")), OK)
    assert made.ask(made.exchange(BODY))[0].status == 200
    assert 1.0 <= made.slept[0] <= 1.25
    made = world((429, b'{"error":{"code":"rate_limit_exceeded"}}', (b"retry-after", b"60")), OK)
    exchange = made.exchange(BODY)
    reply, _ = made.ask(exchange)
    assert (reply.status, reply.headers[1], made.slept) == (429, (b"retry-after", b"60"), [])
    assert exchange.outcome.error == "rate_limit_exceeded"


def test_a_spent_quota_is_not_tried_again(world: Make) -> None:
    made = world((429, b'{"error":{"code":"insufficient_quota"}}'), OK)
    assert made.ask(made.exchange(BODY))[0].status == 429


def test_retries_have_a_budget(world: Make) -> None:
    made = world((500, b"{}"), tables={"one": {"retry_share": 0.1, "break_after": 10**6, "retries": 5}})
    for _ in range(100):
        with pytest.raises(UpstreamFailed):
            made.ask(made.exchange(BODY))
    # A tenth of the requests, the reserve, and what the time that was slept through earned.
    assert len(made.clients["one"].calls) <= 100 + 10 + 10 + sum(made.slept)


def test_all_calls_together_end_in_time(world: Make) -> None:
    made = world((500, b"{}"), tables={"one": {"total_seconds": 0.05, "retries": 10}})
    with pytest.raises(UpstreamFailed):
        made.ask(made.exchange(BODY))
    assert sum(made.slept) <= 0.05

    async def slow() -> Any:
        await asyncio.sleep(5.0)

    made = world((500, b"{}"), slow, tables={"one": {"total_seconds": 0.3, "retries": 10}})
    with pytest.raises(UpstreamTimedOut):
        made.ask(made.exchange(BODY))


def test_a_provider_that_fails_is_left_alone_and_asked_again_later(world: Make) -> None:
    tables = {"one": {"retries": 0, "break_after": 3, "break_seconds": 10.0, "fallback": ("two",)}, "two": {}}
    made = world(*[(500, b"{}")] * 3, OK, tables=tables, two=[OK])
    for _ in range(10):
        assert made.ask(made.exchange(BODY))[1] == ANSWER
    assert len(made.clients["one"].calls) == 3
    assert made.providers.states()[0].breaker == "open"
    made.now += 10.0
    made.ask(made.exchange(BODY))
    assert len(made.clients["one"].calls) == 4
    assert made.providers.states()[0].breaker == "closed"


def test_an_open_breaker_without_a_fallback_says_when_to_come_back(world: Make) -> None:
    made = world((500, b"{}"), tables={"one": {"retries": 0, "break_after": 1, "break_seconds": 10.0}})
    errors = []
    for _ in range(2):
        with pytest.raises(UpstreamFailed) as caught:
            made.ask(made.exchange(BODY))
        errors.append(caught.value)
    assert errors[0].what == "the provider did not answer"
    assert (errors[1].what, errors[1].retry_after) == ("the provider is not asked for now", 10.0)


@pytest.mark.parametrize("answer", [(400, b"{}"), (404, b"{}"), (429, b"{}", (b"retry-after", b"99"))])
def test_4xx_do_not_open_the_breaker(world: Make, answer: Any) -> None:
    made = world(answer, tables={"one": {"break_after": 1}})
    for _ in range(5):
        made.ask(made.exchange(BODY))
    assert made.providers.states()[0].breaker == "closed"


def test_a_slow_call_is_hedged_within_the_budget(world: Make) -> None:
    async def slow() -> Any:
        await asyncio.sleep(5.0)

    made = world(slow, OK, tables={"one": {"hedge_after_ms": 5.0}})
    exchange = made.exchange(BODY)
    assert made.ask(exchange)[1] == ANSWER
    assert exchange.outcome.attempts == 2
    assert made.clients["one"].cancelled == 1


def usage_refused(call_of: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def answer() -> Any:
        asked = json.loads(call_of().body).get("stream_options")
        return (
            (400, b'{"error":{"message":"unknown field: stream_options"}}') if asked else (200, [DELTA, FINISH, DONE])
        )

    return answer


def test_a_provider_that_does_not_know_usage_in_streams_is_not_asked_for_it_again(world: Make) -> None:
    made = world(usage_refused(lambda: made.clients["one"].calls[-1]))
    for calls in (2, 3):
        exchange = made.exchange(STREAM)
        assert made.ask(exchange)[1] == DELTA + FINISH + DONE
        assert len(made.clients["one"].calls) == calls
        assert exchange.outcome.tokens_estimated


def test_a_client_cannot_make_the_gateway_believe_that(world: Make) -> None:
    refusal = (400, b'{"error":{"message":"bad stream_options.bogus"}}')
    made = world(refusal, refusal, EVENTS)
    reply, _ = made.ask(made.exchange({**STREAM, "stream_options": {"bogus": 1}}))
    assert reply.status == 400
    exchange = made.exchange(STREAM)
    made.ask(exchange)
    assert not exchange.outcome.tokens_estimated


class Server:
    """A provider on a socket: answers each connection with the bytes given, then ends or resets it."""

    def __init__(self, answer: bytes, *, reset: bool = False) -> None:
        self.answer, self.reset = answer, reset
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        if self.reset:
            await asyncio.sleep(0.02)
            writer.transport.abort()
            return
        writer.close()
        await writer.wait_closed()


def over_sockets(world: Make, server: Server, body: Any) -> tuple[Any, bytes, Any]:
    async def run() -> tuple[Any, bytes, Any]:
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            table = Provider(
                base_url=f"http://127.0.0.1:{port}/v1", retries=0, usd_per_million_in=1.0, usd_per_million_out=1.0
            )
            settings = Settings(providers={"one": table})
            clock = asyncio.get_running_loop().time
            providers = Providers(settings, clock=clock, environment={}, rng=Random(0))
            exchange = world().exchange(body, credential=b"mine")
            reply = await ProviderAnswerer(providers).answer(exchange)
            seen = reply.body if reply.chunks is None else b"".join([chunk async for chunk in reply.chunks])
            await providers.close()
            return reply, seen, exchange.outcome

    return asyncio.run(run())


def test_an_answer_comes_over_a_socket(world: Make) -> None:
    head = f"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: {len(ANSWER)}\r\n\r\n".encode()
    server = Server(head + ANSWER)
    reply, seen, outcome = over_sockets(world, server, BODY)
    assert (reply.status, seen, outcome.tokens_in) == (200, ANSWER, 1000)
    assert reply.headers == [(b"content-type", b"application/json")]
    assert server.heads[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert b"authorization: bearer mine" in server.heads[0].lower()


@pytest.mark.parametrize("half", [b"", b'data: {"choices":[{"del'])
@pytest.mark.parametrize("reset", [False, True])
def test_a_stream_over_a_socket_may_break_anywhere(world: Make, half: bytes, *, reset: bool) -> None:
    pieces = [DELTA[:20], DELTA[20:] + DELTA, *([half] if half else [])]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    _, seen, outcome = over_sockets(world, Server(head + body, reset=reset), STREAM)
    assert seen.startswith(DELTA * 2 + b'data: {"error":')
    assert seen.endswith(b"}\n\n")
    assert outcome.error
    assert (outcome.tokens_out, outcome.tokens_estimated) == (2, True)
