from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import UpstreamFailed, UpstreamLied
from proveout.gateway.providers._relay import Relay

USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def event(value: Any, end: str = "\n\n") -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}{end}".encode()


def delta(reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "delta": fields, "finish_reason": reason}],
        "usage": None,
    }


def tool(arguments: str, **more: Any) -> dict[str, Any]:
    return delta(tool_calls=[{"index": 0, "function": {"arguments": arguments}, **more}])


USAGE_EVENT = event({"id": "c", "model": "m", "choices": [], "usage": USAGE})
EVENTS = [
    event({"id": "c", "choices": [], "prompt_filter_results": []}),
    event(delta(role="assistant", content=None)),
    event(tool("", id="call_1", type="function")),
    event(tool('{"choices":[],"usage":{')),
    event(tool('"x":"data: [DONE]\n\n"}')),
    event(delta(content='Grüße 🙂 "choices": [] data: [DONE]')),
    event(delta("tool_calls")),
]
DONE = b"data: [DONE]\n\n"
STREAM = b"".join(EVENTS) + USAGE_EVENT + DONE
SEEN = b"".join(EVENTS) + DONE


class Pieces:
    """A response that comes in the pieces given; the last may be an error."""

    def __init__(self, pieces: list[Any]) -> None:
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces = list(pieces)
        self.closed = False

    async def read(self, most_bytes: int = 0) -> bytes:
        raise NotImplementedError

    def chunks(self) -> Pieces:
        return self

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        if not self.pieces:
            raise StopAsyncIteration
        piece = self.pieces.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        if isinstance(piece, Exception):
            raise piece
        return bytes(piece)

    def close(self) -> None:
        self.closed = True


class Run:
    """What became of a stream."""

    def __init__(self, pieces: list[Any], *, withhold: bool = True, operation: Any = "chat", take: int = 10**9) -> None:
        self.settled: list[tuple[UpstreamFailed | None, bool]] = []
        self.response = Pieces(pieces)
        self.chunks: list[bytes] = []
        asyncio.run(self._run(withhold=withhold, operation=operation, take=take))

    async def _run(self, *, withhold: bool, operation: Any, take: int) -> None:
        self.relay = Relay(
            self.response,
            operation,
            withhold=withhold,
            secrets=(b"sk-secret",),
            settle=self._settle,
        )
        await self.relay.begin()
        while len(self.chunks) < take:
            try:
                self.chunks.append(await anext(self.relay))
            except StopAsyncIteration:
                break
        else:
            await self.relay.aclose()
        # Once it is over it stays so.
        assert [chunk async for chunk in self.relay] == []
        await self.relay.aclose()

    def _settle(self, relay: Relay, error: UpstreamFailed | None, cancelled: bool) -> None:  # noqa: FBT001  a callback
        assert (
            relay.events == b"".join(self.chunks)
            or error
            or cancelled
            or relay.events.startswith(b"".join(self.chunks))
        )
        self.settled.append((error, cancelled))

    @property
    def seen(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def error(self) -> UpstreamFailed | None:
        ((error, cancelled),) = self.settled
        assert not cancelled
        return error


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(place % len(data) for place in places)})
    return [data[start:stop] for start, stop in pairwise(marks)]


PLACES = st.lists(st.integers(0, 10**6), max_size=40)


@given(places=PLACES)
def test_events_come_through_byte_for_byte_however_they_are_cut(places: list[int]) -> None:
    run = Run(cut(STREAM, places))
    assert run.seen == SEEN
    assert run.relay.usage == USAGE_EVENT
    assert run.error is None
    # Never half an event.
    assert all(chunk.endswith(b"\n\n") for chunk in run.chunks)


def test_every_single_cut() -> None:
    for place in range(len(STREAM)):
        assert Run([piece for piece in (STREAM[:place], STREAM[place:]) if piece]).seen == SEEN


@given(places=PLACES, end=st.sampled_from(["\r\n\r\n", "\r\r"]))
def test_other_line_ends_come_through_too(places: list[int], end: str) -> None:
    events = b"".join(one.replace(b"\n\n", end.encode()) for one in EVENTS)
    stream = events + USAGE_EVENT.replace(b"\n\n", end.encode()) + event("[DONE]", end)
    run = Run(cut(stream, places))
    # Where CRLF is cut in two at the end of the event that is withheld, its LF stays behind: a blank line, no event.
    assert run.seen in (events + event("[DONE]", end), events + b"\n" + event("[DONE]", end))
    assert run.error is None


def test_who_asks_for_usage_gets_it() -> None:
    assert Run([STREAM], withhold=False).seen == STREAM


def test_usage_beside_a_choice_is_not_withheld() -> None:
    last = event({**delta("stop"), "usage": USAGE})
    assert Run([last + DONE]).seen == last + DONE


def said(chunk: bytes) -> dict[str, Any]:
    assert chunk.startswith(b"data: ")
    assert chunk.endswith(b"\n\n")
    return dict(json.loads(chunk[6:])["error"])


RESET = UpstreamFailed("the connection was reset", why="sk-secret reset", fix="try again", about="one")


@given(places=PLACES, upto=st.integers(1, len(b"".join(EVENTS[:-1]))), reset=st.booleans())
def test_a_stream_that_breaks_off_ends_with_an_error_and_without_done(
    *, places: list[int], upto: int, reset: bool
) -> None:
    head = EVENTS[0] + b"".join(EVENTS[1:-1])[:upto]
    pieces: list[Any] = cut(head, places)
    run = Run([*pieces, RESET] if reset else pieces)
    whole = b"".join(run.chunks[:-1])
    assert head.startswith(whole)
    assert whole.endswith(b"\n\n")
    assert DONE not in run.chunks
    error = said(run.chunks[-1])
    assert error["type"] == "server_error"
    assert error["code"] == ("upstream_failed" if reset else "upstream_malformed")
    assert "sk-secret" not in error["message"]
    assert run.error is not None
    assert run.response.closed


def test_a_finish_without_done_is_an_end() -> None:
    assert Run([event(delta(content="x")), event(delta("stop"))]).error is None


def test_done_without_its_blank_line_is_an_end() -> None:
    run = Run([EVENTS[1], b"data: [DONE]"])
    assert run.error is None
    assert run.seen == EVENTS[1] + b"data: [DONE]"


def test_what_happens_after_done_changes_nothing() -> None:
    for after in (RESET, b"data: more\n\n"):
        run = Run([EVENTS[1] + DONE, after])
        assert run.error is None
        assert run.seen == EVENTS[1] + DONE


def test_a_provider_that_does_not_end_after_done_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.gateway.providers._relay.GRACE", 0.01)
    run = Run([EVENTS[1] + DONE, None])
    assert run.error is None
    assert run.response.closed


def test_an_error_of_the_providers_own_is_passed_on_and_not_doubled() -> None:
    theirs = event({"error": {"message": "overloaded", "type": "server_error", "code": None}})
    for tail in (b"", DONE):
        run = Run([EVENTS[1], theirs + tail])
        assert run.seen == EVENTS[1] + theirs + tail
        assert run.error is not None


def test_a_client_that_goes_away_closes_the_call_at_once() -> None:
    for take in range(3):
        run = Run([EVENTS[1], EVENTS[2], EVENTS[3], None], take=take)
        assert run.settled == [(None, True)]
        assert run.response.closed


def test_a_client_that_stops_reading_at_done_did_not_go_away() -> None:
    run = Run([EVENTS[1], DONE, None], take=2)
    assert run.settled == [(None, False)]


def test_a_task_that_is_cancelled_closes_the_call() -> None:
    async def run() -> tuple[list[bool], Pieces]:
        told: list[bool] = []
        response = Pieces([EVENTS[1], None])
        relay = Relay(
            response, "chat", withhold=True, secrets=(), settle=lambda _relay, _error, cancelled: told.append(cancelled)
        )
        await relay.begin()
        await anext(relay)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(relay)
        return told, response

    told, response = asyncio.run(run())
    assert told == [True]
    assert response.closed


@pytest.mark.parametrize("pieces", [[], [b": keep-alive\n\n"], [b"data: {"], [b"\n\n"], [b"<html></html>"]])
def test_no_first_event_is_a_failure_that_another_provider_may_mend(pieces: list[bytes]) -> None:
    with pytest.raises(UpstreamLied):
        Run(pieces)


def test_comments_before_the_first_event_are_passed_on() -> None:
    comment = b": OPENROUTER PROCESSING\n\n"
    assert Run([comment, comment, STREAM]).seen == comment * 2 + SEEN


def test_a_secret_does_not_come_through() -> None:
    run = Run([event(delta(content="your key is sk-secret")), DONE])
    assert b"sk-secret" not in run.seen
    assert b"[redacted]" in run.seen


def test_an_event_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.gateway.providers._relay.MOST_EVENT_BYTES", 1000)
    run = Run([EVENTS[1], *[b"x" * 100] * 20])
    assert isinstance(run.error, UpstreamLied)


def test_a_stream_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.gateway.providers._relay.MOST_BYTES", 1000)
    run = Run([EVENTS[1]] * 100)
    assert isinstance(run.error, UpstreamLied)
    assert len(run.seen) < 2000


RESPONSES = [
    b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"error":null}}\n\n',
    b'event: x\ndata: {"type":"response.output_text.delta","sequence_number":1,"delta":"Hi"}\n\n',
    (
        b'event: response.completed\ndata: {"type":"response.completed","sequence_number":2,"response":{"model":"m",'
        b'"error":null,"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
    ),
]


@given(places=PLACES)
def test_typed_events_come_through_byte_for_byte(places: list[int]) -> None:
    run = Run(cut(b"".join(RESPONSES), places), operation="responses", withhold=False)
    assert run.seen == b"".join(RESPONSES)
    assert run.error is None


def test_typed_events_that_break_off_end_with_a_typed_error() -> None:
    run = Run([*RESPONSES[:2], RESET], operation="responses", withhold=False)
    name, data = run.chunks[-1].decode().splitlines()[:2]
    assert name == "event: error"
    told = json.loads(data.removeprefix("data: "))
    assert (told["type"], told["code"], told["sequence_number"]) == ("error", "upstream_failed", 2)
