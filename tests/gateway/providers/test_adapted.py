from __future__ import annotations

import json
from typing import Any

from proveout.gateway.providers._adapted import Chunks, completion, embeddings


def told(event: bytes) -> dict[str, Any]:
    return dict(json.loads(event.removeprefix(b"data: ")))


def chunk(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "other", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(block: int, arguments: str, **more: Any) -> dict[str, Any]:
    return chunk(tool_calls=[{"index": block, "function": {"arguments": arguments}, **more}])


def test_tool_calls_are_numbered_as_the_api_does() -> None:
    chunks = Chunks("c", created=1, model="m")
    said = (call(1, "", id="a"), call(1, "{}"), call(4, "", id="b"), call(4, "{"), call(1, " "), call(4, "}"))
    deltas = [told(chunks.event(one))["choices"][0]["delta"] for one in said]
    assert [delta["tool_calls"][0]["index"] for delta in deltas] == [0, 0, 1, 1, 0, 1]


def test_a_stream_has_one_id_one_role_and_its_usage_once() -> None:
    chunks = Chunks("c", created=1, model="m")
    assert chunks.event(chunk()) == b""
    first = told(chunks.event(chunk(content="Hi")))
    assert first["id"] == "c"
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "Hi"}
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    last = told(chunks.event({**chunk("stop"), "usage": usage}))
    assert "usage" not in last
    assert last["choices"][0]["finish_reason"] == "stop"
    assert chunks.event({"choices": []}) == b""
    summary, done, _ = chunks.end().split(b"\n\n")
    assert (told(summary)["choices"], told(summary)["usage"], done) == ([], usage, b"data: [DONE]")


def test_a_stream_that_did_not_finish_has_no_end() -> None:
    chunks = Chunks("c", created=1, model="m")
    chunks.event(chunk(content="Hi"))
    assert chunks.end() == b""


def test_a_completion_has_what_the_api_always_states() -> None:
    answer = {"id": "c", "choices": [{"message": {"role": "assistant", "tool_calls": []}, "finish_reason": "length"}]}
    made = json.loads(completion(answer, model="m"))
    assert made["choices"][0]["message"]["content"] is None
    assert made["choices"][0]["finish_reason"] == "length"
    assert made["model"] == "m"


def test_embeddings_are_numbers_or_base64() -> None:
    answer = {"data": [{"index": 0, "embedding": [0.5, -2.0]}], "usage": {"prompt_tokens": 1}}
    assert json.loads(embeddings(answer, base64=False)) == answer
    assert json.loads(embeddings(answer, base64=True))["data"][0]["embedding"] == "AAAAPwAAAMA="
