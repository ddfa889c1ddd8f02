from __future__ import annotations

import json
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.testing._upstream_wire import FAULTS, Wire, wire_of

CHAT = b"/v1/chat/completions"
TOOL = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}


class Reader:
    """Reads answers strictly."""

    def __init__(self) -> None:
        self.status, self.body, self.whole = 0, b"", False
        self.parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.whole, self.status = True, self.parser.get_status_code()


def read(wire: Wire) -> tuple[int, bytes]:
    reader = Reader()
    reader.parser.feed_data(b"".join(wire.parts))
    assert reader.whole
    return reader.status, reader.body


def asked(path: bytes = CHAT, events: int = 21, **parts: Any) -> Wire:
    return wire_of(b"POST", path, json.dumps(parts).encode(), events)


def events_of(body: bytes) -> list[Any]:
    lines = [line for line in body.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@given(st.integers(4, 60))
def test_a_stream_has_as_many_events_as_asked_for(events: int) -> None:
    wire = asked(events=events, model="m", stream=True)
    assert len(wire.parts) == events
    assert read(wire)[1].count(b"data: ") == events


@given(
    st.fixed_dictionaries(
        {"model": st.sampled_from(["m", "echo"])},
        optional={
            "n": st.integers(1, 3),
            "logprobs": st.booleans(),
            "tools": st.just([{"type": "function", "function": TOOL}]),
            "response_format": st.just({"type": "json_object"}),
        },
    ),
    st.text(max_size=40),
)
def test_a_stream_says_what_the_whole_answer_says(parts: dict[str, Any], words: str) -> None:
    parts["messages"] = [{"role": "user", "content": words}]
    whole = json.loads(read(asked(**parts))[1])
    events = events_of(read(asked(**parts, stream=True, stream_options={"include_usage": True}))[1])
    assert events[-1]["usage"] == whole["usage"]
    for choice in whole["choices"]:
        deltas = [
            event["choices"][0]["delta"]
            for event in events
            if event["choices"] and event["choices"][0]["index"] == choice["index"]
        ]
        text = "".join(delta.get("content") or "" for delta in deltas)
        calls = "".join(call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls", []))
        assert text == (choice["message"]["content"] or "")
        assert calls == "".join(call["function"]["arguments"] for call in choice["message"].get("tool_calls", []))


def test_a_response_in_events_ends_with_the_whole_one() -> None:
    parts: dict[str, Any] = {"model": "m", "input": "Hello", "tools": [{"type": "function", **TOOL}]}
    for given_parts in (parts, parts | {"tools": []}):
        whole = json.loads(read(asked(b"/v1/responses", **given_parts))[1])
        events = events_of(read(asked(b"/v1/responses", **given_parts, stream=True))[1])
        assert events[-1]["response"] == whole
        assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_a_vector_depends_on_its_text_alone() -> None:
    one, two = (
        json.loads(read(asked(b"/v1/embeddings", model="e", input=text))[1])["data"] for text in (["a", "b"], "b")
    )
    assert one[1]["embedding"] == two[0]["embedding"] != one[0]["embedding"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503])
def test_a_status_is_asked_for_by_name(status: int) -> None:
    wire = asked(model=f"fault-{status}")
    got, body = read(wire)
    assert got == status
    assert json.loads(body)["error"].keys() == {"message", "type", "param", "code"}
    assert (b"retry-after: 1" in wire.parts[0]) == (status in {429, 503})


@pytest.mark.parametrize("name", sorted(FAULTS))
@pytest.mark.parametrize("stream", [False, True])
def test_a_fault_differs_from_the_answer(name: str, *, stream: bool) -> None:
    if name == "error-event" and not stream:
        return
    good, bad = asked(model="fault", stream=stream), asked(model=f"fault-{name}", stream=stream)
    assert (bad.parts, bad.end) != (good.parts, good.end)


@pytest.mark.parametrize("name", ["half-event", "error-event", "no-done"])
def test_faults_of_events_are_whole_http(name: str) -> None:
    status, body = read(asked(model=f"fault-{name}", stream=True))
    assert status == 200
    assert b"[DONE]" not in body


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model": 7}', b'{"messages": "x"}', b"\xff", b'{"tools": [{}]}'])
def test_any_body_has_an_answer(body: bytes) -> None:
    assert read(wire_of(b"POST", CHAT, body, 21))[0] in {200, 400}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        (b"GET", b"/v1/models", 200),
        (b"GET", b"/v1/models/fake-small", 200),
        (b"GET", b"/v1/models/none", 404),
        (b"GET", b"/v1/modelsx", 404),
        (b"GET", b"/", 404),
        (b"POST", b"/v1/other", 404),
    ],
)
def test_paths(method: bytes, path: bytes, status: int) -> None:
    assert read(wire_of(method, path, b"{}", 21))[0] == status


def test_a_schema_is_followed_through_its_references() -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "of": {"$ref": "#/$defs/Of"},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
        "$defs": {"Of": {"type": "array", "items": {"type": "number"}}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    said = json.loads(read(asked(model="m", response_format=form))[1])["choices"][0]["message"]["content"]
    assert json.loads(said) == {"kind": "a", "of": [0.5], "maybe": None}
