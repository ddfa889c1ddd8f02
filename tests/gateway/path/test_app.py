from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.errors import Overloaded, UpstreamFailed, UpstreamLied
from proveout.gateway.telemetry import child_traceparent, parse_traceparent, spans_of
from proveout.task import Citation, Evidence

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BUDGET = {"tiers": {"standard": {"limits": {"usd_per_day": 1e9, "tokens_per_minute": 1e9}}}}
USED = 10.0  # dollars: prices are a dollar a token, and the fake provider counts 7 and 3


def run(main: Callable[[], Any]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(main(), 5)

    return asyncio.run(bounded())


def test_an_answer_comes_after_its_record_and_says_what_it_took(gate: Any) -> None:
    made = gate(**BUDGET)
    got = made.get(headers={"x-request-id": "mine"})
    assert (got.status, got.json["choices"][0]["message"]["content"]) == (200, "hello")
    assert got.headers["x-request-id"] == made.record.id
    assert got.headers["x-proveout-route"] == made.record.route == "provider:main"
    assert got.headers["x-proveout-tier"] == made.record.tier == "standard"
    assert float(got.headers["x-proveout-cost-usd"]) == made.record.usd == made.spent == USED
    assert got.headers["x-ratelimit-limit-tokens"]
    assert (made.record.client_id, made.record.status, made.record.error) == ("mine", 200, "")
    assert made.record.input["messages"][0]["content"] == "hi"
    assert json.loads(made.record.answer) == got.json
    made.rests()


def test_who_has_no_key_leaves_no_record_and_its_body_is_not_read(gate: Any) -> None:
    secret, key = gate.key()
    made = gate(keys=[key])
    for given_key in ("", "sk-other", secret[:-1] + "#"):
        got = made.get(parts=[asyncio.Event()], key=given_key)  # a body that never comes
        assert (got.status, got.json["error"]["code"]) == (401, "invalid_api_key")
    assert made.records == []
    assert made.get(key=secret).status == 200
    made.rests()


@pytest.mark.parametrize("shut", ["draining", "no room"])
def test_what_cannot_be_recorded_is_not_let_in(gate: Any, shut: str) -> None:
    made = gate()
    made.gateway.draining = shut == "draining"
    made.recorder._most = 0 if shut == "no room" else 1
    got = made.get(parts=[asyncio.Event()])
    assert (got.status, got.headers["retry-after"]) == (503, "1")
    assert made.calls == made.records == []
    made.rests()


LIMITED = {"tiers": {"standard": {"limits": {"tokens_per_minute": 1}}}}
POOR = {"tiers": {"standard": {"limits": {"usd_per_day": 5}}}}
GUARDED = {"guards": {"input": ["credentials"]}}
AWS = "AKIA" + "A" * 16


@pytest.mark.parametrize(
    ("more", "asked", "status", "code"),
    [
        ({}, {"body": b"{"}, 400, "invalid_request_error"),
        ({}, {"body": b"\xff"}, 400, "invalid_request_error"),
        ({}, {"model": "nobody/m"}, 200, ""),  # no provider has that name, so that it is a model of the only one
        ({}, {"model": "main/"}, 404, "model_not_found"),
        ({}, {"model": "x" * 257}, 404, "model_not_found"),
        ({"providers": {}}, {}, 404, "model_not_found"),
        ({"server": {"most_body_bytes": 1024}}, {"body": b" " * 1025}, 413, "request_too_large"),
        ({"server": {"most_body_bytes": 1024}}, {"parts": [b" " * 600, b" " * 600]}, 413, "request_too_large"),
        ({"server": {"body_seconds": 0.01}}, {"parts": [b"{", asyncio.Event()]}, 400, "invalid_request_error"),
        (LIMITED, {}, 429, "rate_limit_exceeded"),
        (POOR, {}, 429, "insufficient_quota"),
        (GUARDED | BUDGET, {"user": AWS}, 400, "content_filter"),
        ({"model_of_key": "other"}, {}, 403, "insufficient_permissions"),
        ({"model_of_key": "desk"}, {"model": "desk", "tools": 3}, 400, "invalid_request_error"),
    ],
)
def test_a_refusal_after_the_body_leaves_one_record_and_holds_nothing(
    gate: Any, more: dict[str, Any], asked: dict[str, Any], status: int, code: str
) -> None:
    secret, key = gate.key(models=(more.get("model_of_key", "*"),))
    rest = {name: value for name, value in more.items() if name != "model_of_key"}
    made = gate(keys=[key], served={"desk": gate.task(candidate=gate.answered())}, **rest)
    got = made.get(key=secret, **asked)
    assert (got.status, made.record.status, made.record.error) == (status, status, code)
    assert (made.record.key, got.headers["x-request-id"]) == (key.id, made.record.id)
    assert made.record.usd == (0 if code else USED)
    made.rests()


def test_a_client_that_goes_away_with_half_a_body_leaves_a_record(gate: Any) -> None:
    made = gate()
    for parts in ([None], [b'{"model"', None]):
        assert made.get(parts=parts).messages == []
    assert [(one.status, one.model, one.input) for one in made.records] == [(499, "", None)] * 2
    made.rests()


def test_a_fault_is_told_to_the_operator_and_not_to_the_client(gate: Any) -> None:
    made = gate(lambda _call: ZeroDivisionError("secret detail"), **BUDGET)
    got = made.get()
    assert (got.status, got.json["error"]["code"]) == (500, "internal_error")
    assert "secret detail" not in got.body.decode() + made.recorder.records[0].decode()
    assert "secret detail" in made.notices[0]
    assert made.record.id in made.notices[0]
    assert (made.record.status, made.record.error) == (500, "internal_error")
    made.rests()


def test_an_upstream_that_fails_is_recorded(gate: Any) -> None:
    failed = UpstreamFailed("no connection", why="refused", fix="try again", about="main")
    made = gate(lambda _call: failed, **BUDGET)
    assert made.get().status == 502
    assert (made.record.error, made.record.attempts, made.record.route) == ("upstream_failed", 1, "provider:main")
    made.rests()


def test_a_request_that_is_cancelled_is_recorded_and_billed(gate: Any) -> None:
    """As at the end of a drain: the provider was asked, and bills what it has read."""
    made = gate((200, [None]), **BUDGET)

    async def main() -> None:
        task = asyncio.ensure_future(made.ask())
        await gate.ticks()
        assert made.gateway.under_way == 1
        assert any(made.held)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
    assert (made.record.status, made.record.tokens_estimated) == (499, True)
    assert made.spent == made.record.usd > 0
    made.rests()


def test_a_request_that_is_cancelled_before_its_body_came_is_recorded(gate: Any) -> None:
    made = gate(**BUDGET)

    async def main() -> None:
        task = asyncio.ensure_future(made.ask(parts=[b"{", asyncio.Event()]))
        await gate.ticks()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
    assert (made.record.status, made.calls, made.spent) == (499, [], 0)
    made.rests()


def test_the_end_of_a_stream_comes_after_its_record(gate: Any) -> None:
    made = gate(lambda _call: (200, gate.events("a", "b")), **BUDGET)

    async def main() -> None:
        made.recorder.full = True
        got = gate.got()
        task = asyncio.ensure_future(made.ask(got=got, stream=True))
        await asyncio.sleep(0.02)
        assert b'"b"' in got.body
        assert gate.done not in got.body
        assert not got.ended
        made.recorder.full = False
        await task
        assert got.body.endswith(gate.done)

    run(main)
    assert (made.record.status, made.record.stream, made.record.usd) == (200, True, USED)
    assert made.record.answer.endswith(gate.done.decode())
    made.rests()


def test_an_answer_waits_for_room_for_its_record(gate: Any) -> None:
    made = gate()

    async def main() -> None:
        made.recorder.full = True
        got = gate.got()
        task = asyncio.ensure_future(made.ask(got=got))
        await asyncio.sleep(0.02)
        assert got.messages == []
        task.cancel()  # even then it is not left out, as long as the process lives
        await asyncio.sleep(0.02)
        assert got.messages == []
        made.recorder.full = False
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
    assert made.record.status == 499
    made.rests()


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_a_stream_is_billed_for_what_came(gate: Any, *, stream: bool) -> None:
    made = gate(lambda _call: (200, [gate.delta("one "), gate.delta("two"), None]), **BUDGET)

    async def main() -> None:
        gone, got = asyncio.Event(), gate.got()
        task = asyncio.ensure_future(made.ask(got=got, stream=stream, gone=gone))
        await gate.ticks()
        gone.set()
        if stream:
            await task
        else:  # nobody listens for the end of a client that waits for a whole answer; the server's drain cancels it
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert made.clients[0].given[0].closed

    run(main)
    found = made.record
    assert (found.status, found.tokens_estimated) == (499, True)
    assert found.tokens_in > 0
    assert found.tokens_out == (2 if stream else 0)
    assert made.spent == found.usd == found.tokens_in + found.tokens_out
    made.rests()


def test_a_stream_that_is_cancelled_is_recorded(gate: Any) -> None:
    made = gate(lambda _call: (200, [gate.delta("one"), None]), **BUDGET)

    async def main() -> None:
        task = asyncio.ensure_future(made.ask(stream=True))
        await gate.ticks()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
    assert (made.record.status, made.record.tokens_out) == (499, 1)
    assert made.clients[0].given[0].closed
    made.rests()


def test_a_stream_whose_head_cannot_be_sent_lets_go_of_its_provider(gate: Any) -> None:
    made = gate(lambda _call: (200, [gate.delta("one"), None]), **BUDGET)

    async def main() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b'{"model":"m","stream":true}', "more_body": False}

        async def send(_message: Any) -> None:
            await asyncio.Event().wait()  # a client that reads nothing

        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": []}
        task = asyncio.ensure_future(made.gateway.app(scope, receive, send))
        await gate.ticks()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
    assert made.record.status == 499
    assert made.clients[0].given[0].closed
    made.rests()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_a_provider_that_fails_in_a_stream_is_told_and_recorded(gate: Any, path: str) -> None:
    lied = UpstreamLied("cut", why="w", fix="f", about="main")
    first = gate.delta("one") if path.endswith("completions") else b'event: x\ndata: {"sequence_number":4}\n\n'
    made = gate(lambda _call: (200, [first, lied]), **BUDGET)
    got = made.get(stream=True, path=path)
    assert got.status == 200
    assert got.ended
    assert b"upstream_malformed" in got.chunks[-2] + got.chunks[-1]
    assert (made.record.status, made.record.error) == (200, "upstream_malformed")
    made.rests()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_a_fault_in_a_stream_ends_it_with_an_error(gate: Any, path: str) -> None:
    made = gate(lambda _call: (200, [b'data: {"a":1}\n\n', ZeroDivisionError("secret")]), **BUDGET)
    got = made.get(stream=True, path=path)
    last = got.chunks[-1]
    assert last.startswith(b"event: error\n" if path.endswith("responses") else b"data: ")
    assert b"internal_error" in last
    assert b"secret" not in got.body
    assert (made.record.status, made.record.error) == (200, "internal_error")
    assert len(made.notices) == 1
    made.rests()


SYNCED = {"tasks": {"desk": {"durable": "synced"}}}


@pytest.mark.parametrize("stream", [False, True])
def test_a_synced_task_answers_once_its_record_is_durable(gate: Any, *, stream: bool) -> None:
    made = gate(served={"desk": gate.task(candidate=gate.answered())}, **SYNCED)

    async def main() -> None:
        made.recorder.durable_at.clear()
        got = gate.got()
        task = asyncio.ensure_future(made.ask(got=got, model="desk", stream=stream))
        await asyncio.wait_for(made.recorder.put_one.wait(), 2)
        await gate.ticks()
        assert got.body == b""
        made.recorder.durable_at.set()
        await task
        assert b"card" in got.body

    run(main)
    made.rests()


@pytest.mark.parametrize("stream", [False, True])
def test_a_synced_task_does_not_answer_without_a_durable_record(gate: Any, *, stream: bool) -> None:
    made = gate(served={"desk": gate.task(candidate=gate.answered())}, **SYNCED)
    made.recorder.gone = Overloaded("not yet durable", why="gone", fix="try again", about="ledger", retry_after=1.0)
    got = made.get(model="desk", stream=stream)
    assert b"card" not in got.body
    assert b"overloaded" in got.body
    assert got.status == (200 if stream else 503)
    assert len(made.records) == 1
    made.rests()


def test_a_task_says_what_its_answer_stands_on(gate: Any) -> None:
    citation = Citation(document="a.md", fingerprint="v1", start=0, end=1)
    say = gate.answered(evidence=Evidence(citations=(citation,)))
    made = gate(served={"desk": gate.task(certified=(say, {"certificate": "certificate@1", "thresholds": {"": 0.5}}))})
    got = made.get(model="desk")
    assert got.headers["x-proveout-route"] == made.record.route == "task:desk/certified"
    assert got.headers["x-proveout-candidate"] == made.record.candidate == "certified@0"
    assert got.headers["x-proveout-certificate"] == made.record.certificate == "certificate@1"
    assert (made.record.task, made.record.confidence) == ("desk", 0.9)
    assert made.record.documents == (("a.md", "v1"),)
    assert ("output_schema", "passed") in made.record.verdicts
    assert json.loads(got.json["choices"][0]["message"]["content"]) == {"intent": "card"}


def test_the_content_of_a_hashed_task_is_in_no_record_whoever_asks(gate: Any) -> None:
    allowed, refused = gate.key("aaaaaaaa"), gate.key("bbbbbbbb", models=("other",))
    hashed = {"tasks": {"desk": {"content": "hashed"}}}
    made = gate(keys=[allowed[1], refused[1]], served={"desk": gate.task(candidate=gate.answered())}, **hashed)
    statuses = [made.get(model="desk", key=secret, user="topsecret").status for secret in (allowed[0], refused[0])]
    statuses.append(made.get(model="desk", key=allowed[0], tools="topsecret").status)
    assert statuses == [200, 403, 400]
    for record in made.records:
        assert record.task == "desk"
        assert record.input is None
        assert record.answer == ""
        assert len(record.input_hash) == len(record.answer_hash) == 32
    assert b"topsecret" not in b"".join(made.recorder.records)


@pytest.mark.parametrize("stream", [False, True])
def test_an_output_guard_sees_all_before_the_client_does(gate: Any, *, stream: bool) -> None:
    """The credential comes in two pieces, so that no single event holds it."""
    pieces = gate.events("my key is " + AWS[:9], AWS[9:])
    said = (200, pieces) if stream else (200, gate.completion(f"my key is {AWS}"))
    made = gate(lambda _call: said, guards={"output": ["credentials"]}, **BUDGET)
    got = made.get(stream=stream)
    assert (got.status, got.json["error"]["code"]) == (400, "content_filter")
    assert AWS[:9] not in got.body.decode() + made.recorder.records[0].decode()
    assert made.record.verdicts == (("credentials", "holds an AWS access key"),)
    assert made.record.usd == made.spent == USED  # it was paid for all the same
    made.rests()


def test_a_stream_that_passes_a_guard_comes_whole(gate: Any) -> None:
    made = gate(lambda _call: (200, gate.events("a", "b")), guards={"output": ["credentials"]})
    got = made.get(stream=True)
    assert (got.status, got.headers["content-type"][:17]) == (200, "text/event-stream")
    assert got.body.endswith(gate.done)
    assert made.record.verdicts == (("credentials", "passed"),)


def test_a_reload_changes_nothing_under_way(gate: Any) -> None:
    made = gate(providers={"main": {"base_url": "https://old.example/v1"}})
    before = made.gateway.state

    async def main() -> None:
        waits, got = asyncio.Event(), gate.got()
        body = b'{"model":"old/m","messages":[]}'
        task = asyncio.ensure_future(made.ask(got=got, parts=[waits, body]))
        await gate.ticks()
        after = made.state({"providers": {"new": {"base_url": "https://new.example/v1"}}}, before)
        assert made.gateway.swap(after) is before
        await before.close(after)
        assert made.clients[0].closed
        assert (await made.ask(model="new/m")).status == 200
        waits.set()
        await task
        assert got.status == 200

    run(main)
    assert [one.route for one in made.records] == ["provider:new", "provider:main"]
    made.rests()


def test_a_reload_keeps_what_did_not_change(gate: Any) -> None:
    made = gate(cache={"exact": True}, tiers={"free": {"priority": -1}})
    before = made.gateway.state
    after = made.state({"cache": {"exact": True}}, before)
    made.gateway.swap(after)
    asyncio.run(before.close(after))
    assert not made.clients[0].closed
    assert len(made.clients) == 1


def test_the_trace_goes_on_as_the_parent_of_what_the_provider_does(gate: Any) -> None:
    made = gate()
    made.get(headers={"traceparent": TRACE})
    made.get(headers={"traceparent": TRACE.upper()})
    made.get()
    sent = [dict(call.headers).get(b"traceparent", b"").decode() for call in made.calls]
    assert sent == [child_traceparent(TRACE, made.records[0].id), "", ""]
    assert [one.trace for one in made.records] == [TRACE, "", ""]


def test_with_a_collector_every_call_belongs_to_the_span_that_is_exported(gate: Any) -> None:
    made = gate(telemetry={"otlp": "http://127.0.0.1:4318"})
    made.get()
    sent = parse_traceparent(dict(made.calls[0].headers)[b"traceparent"].decode())
    span = spans_of(made.record)[0]
    assert sent is not None
    assert (sent.trace, sent.span) == (span.trace, span.span)


def test_a_header_is_shown_only_where_it_can_be(gate: Any) -> None:
    made = gate()
    made.get(headers={"x-request-id": "a\x1bb"})
    made.get(headers={"x-request-id": "i" * 500})
    assert [len(one.client_id) for one in made.records] == [0, 128]


def test_what_is_no_request_is_left_alone(gate: Any) -> None:
    made = gate()

    async def never(*_: Any) -> Any:
        raise AssertionError

    asyncio.run(made.gateway.app({"type": "lifespan"}, never, never))


KINDS = ("plain", "stream", "equal", "broken", "half", "cut", "faulty", "leaves", "cancelled", "task", "guarded")


def asked_as(kind: str) -> dict[str, Any]:
    bodies: dict[str, list[Any]] = {"broken": [b"{"], "half": [b'{"model":', None]}
    if kind in bodies:
        return {"parts": bodies[kind]}
    more = {"temperature": 0} if kind == "equal" else {}
    return {"model": kind, "stream": kind in ("stream", "cut", "leaves", "guarded"), **more}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 6)), min_size=1, max_size=12), st.integers(0, 2**32))
def test_however_requests_interleave_each_leaves_one_record_and_nothing_is_held(
    gate: Any, kinds: list[tuple[str, int]], seed: int
) -> None:
    rng = Random(seed)
    waits: list[asyncio.Event] = []

    def pause() -> asyncio.Event:
        waits.append(asyncio.Event())
        return waits[-1]

    def say(call: Any) -> Any:
        kind = json.loads(call.body)["model"]
        streamed = {
            "stream": [gate.delta("a"), pause(), *gate.events("b")],
            "cut": [gate.delta("a"), pause(), UpstreamLied("cut", why="w", fix="f", about="main")],
            "faulty": [pause(), ZeroDivisionError()],
            "leaves": [gate.delta("a"), None],
            "guarded": gate.events(AWS[:6], AWS[6:]),
        }
        return 200, streamed.get(kind, [pause(), gate.completion()])

    async def main() -> Any:
        more = {"cache": {"exact": True}, "guards": {"input": ["credentials"]}, **BUDGET}
        made = gate(say, served={"task": gate.task(candidate=gate.answered())}, **more)
        gone = asyncio.Event()
        tasks = []
        for kind, delay in kinds:
            asked = {"gone": gone} if kind == "leaves" else {}
            tasks.append(asyncio.ensure_future(made.ask(**asked, **asked_as(kind))))
            await gate.ticks(delay)
        for task, (kind, _) in zip(tasks, kinds, strict=True):
            if kind == "cancelled":
                task.cancel()
        gone.set()
        while not all(task.done() for task in tasks):
            rng.shuffle(waits)
            for one in waits[: len(waits) // 2 + 1]:
                one.set()
            await asyncio.sleep(0.0005)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [one for one in found if isinstance(one, Exception)]
        return made

    made = run(main)
    assert sorted(one.id for one in made.records) == sorted(f"req_{1 + number}" for number in range(len(kinds)))
    made.rests()
    assert made.spent == pytest.approx(sum(one.usd for one in made.records))
