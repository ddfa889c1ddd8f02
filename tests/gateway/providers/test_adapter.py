"""Against a small Anthropic server on this machine, through the library itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from proveout.errors import SettingsInvalid, UpstreamFailed
from proveout.gateway._exchange import Exchange, Wanted
from proveout.gateway._settings import Provider, Settings
from proveout.gateway.providers import ProviderAnswerer, Providers

pytest.importorskip("any_llm")
pytest.importorskip("anthropic")

SECRET = "sk-ant-0123456789"  # noqa: S105  of nobody
BODY: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 64,
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather in Bern?"}],
}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 3},
}
TEXT = {**MESSAGE, "content": [{"type": "text", "text": "Sunny."}]}
TOOL = {
    **MESSAGE,
    "stop_reason": "tool_use",
    "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}],
}


def start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def use(number: int) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "weather", "input": {}}


BEGIN = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
END: list[dict[str, Any]] = [
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"input_tokens": 12, "output_tokens": 9},
    },
    {"type": "message_stop"},
]
EVENTS: list[dict[str, Any]] = [
    BEGIN,
    start(0, {"type": "text", "text": ""}),
    delta(0, type="text_delta", text="Let me "),
    delta(0, type="text_delta", text="look."),
    stop(0),
    start(1, use(1)),
    delta(1, type="input_json_delta", partial_json='{"city":'),
    delta(1, type="input_json_delta", partial_json='"Bern"}'),
    stop(1),
    start(2, use(2)),
    delta(2, type="input_json_delta", partial_json='{"city":"Basel"}'),
    stop(2),
    *END,
]


def sse(events: list[dict[str, Any]]) -> bytes:
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)


class Anthropic:
    """A server of the Messages API that gives one answer and notes what it was asked."""

    def __init__(self, status: int, body: bytes, *, kind: str = "application/json", hold: bool = False) -> None:
        self.status, self.body, self.kind, self.hold = status, body, kind, hold
        self.asked: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.closed = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        self.tasks.append(task)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head.lower())
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        self.asked.append(json.loads(await reader.readexactly(length)))
        size = "" if self.hold else f"content-length: {len(self.body)}\r\n"
        writer.write(
            f"HTTP/1.1 {self.status} X\r\ncontent-type: {self.kind}\r\n{size}connection: close\r\n\r\n".encode()
        )
        writer.write(self.body)
        await writer.drain()
        if self.hold:
            await reader.read()
            self.closed.set()


Use = Callable[[ProviderAnswerer, Exchange], Awaitable[Any]]


def exchange(body: dict[str, Any], operation: Any = "chat") -> Exchange:
    usage = bool((body.get("stream_options") or {}).get("include_usage"))
    wanted = Wanted(model=body["model"], stream=body.get("stream", False), usage_asked=usage)
    return Exchange(id="r", operation=operation, body=json.dumps(body).encode(), wanted=wanted)


async def everything(answerer: ProviderAnswerer, one: Exchange) -> tuple[int, bytes]:
    reply = await answerer.answer(one)
    if reply.chunks is None:
        return reply.status, reply.body
    return reply.status, b"".join([chunk async for chunk in reply.chunks])


def ask(server: Anthropic, one: Exchange, use: Use = everything, *, table: dict[str, Any] | None = None) -> Any:
    async def run() -> Any:
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
            return await served(listening)

    async def served(listening: asyncio.Server) -> Any:
        port = listening.sockets[0].getsockname()[1]
        fields: dict[str, Any] = {
            "base_url": f"http://127.0.0.1:{port}",
            "kind": "anthropic",
            "api_key_env": "K",
            "retries": 0,
            "usd_per_million_in": 3.0,
            "usd_per_million_out": 15.0,
        }
        settings = Settings(providers={"claude": Provider(**(fields | (table or {})))})
        clock = asyncio.get_running_loop().time
        providers = Providers(settings, clock=clock, environment={"K": SECRET}, rng=Random(0))
        try:
            return await use(ProviderAnswerer(providers), one)
        finally:
            await providers.close()
            await asyncio.gather(*server.tasks, return_exceptions=True)

    return asyncio.run(run())


def test_a_chat_is_answered_in_openais_objects() -> None:
    server = Anthropic(200, json.dumps(TEXT).encode())
    one = exchange({**BODY, "model": "claude/claude-sonnet-4-5"})
    status, body = ask(server, one)
    answer = json.loads(body)
    assert status == 200
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == "Sunny."
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == 12
    assert (one.outcome.tokens_in, one.outcome.tokens_out, one.outcome.tokens_estimated) == (12, 3, False)
    assert one.outcome.usd == pytest.approx((12 * 3 + 3 * 15) / 1e6)
    assert server.asked[0]["model"] == "claude-sonnet-4-5"
    assert server.asked[0]["system"] == "Be brief."
    assert f"x-api-key: {SECRET}" in server.heads[0]


def test_a_tool_call_and_a_schema_go_through() -> None:
    server = Anthropic(200, json.dumps(TOOL).encode())
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    stated = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    _, body = ask(server, exchange({**BODY, "tools": TOOLS, "tool_choice": "auto", "response_format": stated}))
    (choice,) = json.loads(body)["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"city": "Bern"}
    assert choice["message"]["content"] is None
    assert server.asked[0]["tools"][0]["name"] == "weather"
    assert '"required": ["a"]' in json.dumps(server.asked[0]["output_config"])


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_one_of_openais_with_its_tool_calls_whole(*, usage: bool) -> None:
    server = Anthropic(200, sse(EVENTS), kind="text/event-stream")
    body = {**BODY, "stream": True, "tools": TOOLS} | ({"stream_options": {"include_usage": True}} if usage else {})
    one = exchange(body)
    _, seen = ask(server, one)
    *events, done, rest = seen.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert len({chunk["id"] for chunk in chunks}) == 1
    text = ""
    calls: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls", []):
                known = calls.setdefault(call["index"], {"id": call.get("id"), "arguments": ""})
                known["arguments"] += call["function"].get("arguments") or ""
    assert text == "Let me look."
    assert calls == {
        0: {"id": "toolu_1", "arguments": '{"city":"Bern"}'},
        1: {"id": "toolu_2", "arguments": '{"city":"Basel"}'},
    }
    assert (chunks[-1]["choices"] == []) == usage
    assert (one.outcome.tokens_in, one.outcome.tokens_out, one.outcome.error) == (12, 9, "")


def test_a_stream_that_breaks_off_says_so() -> None:
    server = Anthropic(200, sse(EVENTS[:4]), kind="text/event-stream")
    one = exchange({**BODY, "stream": True})
    _, seen = ask(server, one)
    assert b"[DONE]" not in seen
    assert json.loads(seen.split(b"\n\n")[-2].removeprefix(b"data: "))["error"]["type"] == "server_error"
    assert one.outcome.error
    assert one.outcome.tokens_estimated


def test_a_client_that_goes_away_closes_the_call() -> None:
    server = Anthropic(200, sse(EVENTS[:4]), kind="text/event-stream", hold=True)
    one = exchange({**BODY, "stream": True})

    async def leave(answerer: ProviderAnswerer, one: Exchange) -> None:
        reply: Any = await answerer.answer(one)
        await anext(reply.chunks)
        await reply.chunks.aclose()
        async with asyncio.timeout(5.0):
            await server.closed.wait()

    ask(server, one, leave)
    assert one.outcome.cancelled


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"), [(400, "invalid_request_error"), (404, "not_found_error"), (429, "rate_limit_error")]
)
def test_a_refusal_keeps_its_status_and_loses_the_key(*, status: int, kind: str, stream: bool) -> None:
    said = {"type": "error", "error": {"type": kind, "message": f"no: {SECRET}"}}
    found, body = ask(Anthropic(status, json.dumps(said).encode()), exchange({**BODY, "stream": stream}))
    assert found == status
    assert "no: [redacted]" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize("status", [401, 500, 529])
def test_a_failure_is_one_of_the_gateway(status: int) -> None:
    said = {"type": "error", "error": {"type": "api_error", "message": f"key {SECRET}"}}
    with pytest.raises(UpstreamFailed) as caught:
        ask(Anthropic(status, json.dumps(said).encode()), exchange(BODY))
    assert SECRET not in str(caught.value)


def test_a_provider_that_is_slow_is_timed_out() -> None:
    with pytest.raises(UpstreamFailed) as caught:
        ask(Anthropic(200, b"", hold=True), exchange(BODY), table={"first_byte_seconds": 0.05})
    assert caught.value.status == 504


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"api_base": "http://evil"}, "api_base"),
        ({"extra_headers": {"host": "evil"}}, "extra_headers"),
        ({"timeout": 1}, "timeout"),
        ({"model": "../../admin"}, "model"),
        ({"model": "http://evil/x"}, "model"),
        ({"model": "a/../b"}, "model"),
    ],
)
def test_nothing_in_a_request_reaches_the_librarys_own_options(more: dict[str, Any], param: str) -> None:
    server = Anthropic(200, b"{}")
    status, body = ask(server, exchange({**BODY, **more}))
    assert (status, json.loads(body)["error"]["param"]) == (400, param)
    assert server.asked == []


@pytest.mark.parametrize("messages", [[{"role": "user"}], [{}], "x", [1], None, []])
def test_what_cannot_be_converted_is_the_requests_fault(messages: Any) -> None:
    server = Anthropic(400, json.dumps({"type": "error", "error": {"type": "x", "message": "bad"}}).encode())
    status, _ = ask(server, exchange({**BODY, "messages": messages}))
    assert status == 400


@pytest.mark.parametrize("operation", ["responses", "embeddings"])
def test_an_api_that_it_has_not_is_refused(operation: str) -> None:
    status, body = ask(Anthropic(200, b"{}"), exchange({"model": "m", "input": "x"}, operation))
    assert status == 400
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("fields", [{"kind": "no-such-kind"}, {"api_key_env": ""}])
def test_settings_that_cannot_be_meant_are_told(fields: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(SettingsInvalid):
        ask(Anthropic(200, b"{}"), exchange(BODY), table=fields)
