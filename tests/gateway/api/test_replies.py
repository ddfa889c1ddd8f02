"""What is sent, byte for byte, and as the official client's own types read it.

After a change that was meant: raise API_VERSION, note it in docs/reference/gateway-api.md, and run this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from proveout.errors import BodyTooLarge, ModelUnknown, RequestInvalid
from proveout.gateway import api
from proveout.gateway.api import API_VERSION, ModelInfo, Proveout, Said

GOLDEN = Path(__file__).parent / "golden"
SAID = Said(id="r1-7", created=1_700_000_000, model="desk", text='{"intent":"card"}')
FULL = Said(
    id="r1-8",
    created=1_700_000_000,
    model="desk",
    text='{"intent":"é"}',
    times=2,
    tokens_in=12,
    tokens_out=5,
    proveout=Proveout(
        route="task:desk/certified",
        candidate="distilled@0123456789ab",
        certificate="certificate@0123456789abcdef",
        confidence=0.97,
        evidence={"note": "a note"},
    ),
)
ASKED = api.decode_responses(b'{"model": "desk", "input": "my card is lost", "metadata": {"evidence": "true"}}')
RICH = api.decode_responses(
    json.dumps(
        {
            "model": "desk",
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
            "instructions": "Be brief.",
            "max_output_tokens": 100,
            "temperature": 0,
            "top_p": 1,
            "text": {"format": {"type": "json_schema", "name": "out", "schema": {"type": "object"}, "strict": True}},
        }
    ).encode()
)
TOO_LARGE = BodyTooLarge("too large", why="it has 11 MB", fix="send less", about="body")
UNKNOWN = ModelUnknown("The model 'x' does not exist", why="nobody has it", fix="ask", about="x", param="model")
CASES: dict[str, Callable[[], bytes]] = {
    "chat.json": lambda: api.chat_completion(SAID),
    "chat-full.json": lambda: api.chat_completion(FULL),
    "chat-events.txt": lambda: api.chat_events(SAID),
    "chat-events-full.txt": lambda: api.chat_events(FULL, usage=True),
    "response.json": lambda: api.response_object(SAID, ASKED),
    "response-full.json": lambda: api.response_object(FULL, RICH),
    "response-events.txt": lambda: api.response_events(SAID, ASKED),
    "response-events-full.txt": lambda: api.response_events(FULL, RICH),
    "embeddings.json": lambda: api.embedding_list("minilm-int8", [[0.25, -1.0], [1.0, 0.5]], tokens=9),
    "embeddings-base64.json": lambda: api.embedding_list("minilm-int8", [b"\0\0\x80>\0\0\x80\xbf"], tokens=4),
    "models.json": lambda: api.model_list([ModelInfo(id="desk"), ModelInfo(id="gpt", created=3, owned_by="openai")]),
    "model.json": lambda: api.model_info(ModelInfo(id="desk", created=1_700_000_000)),
    "error.json": lambda: api.error_body(UNKNOWN),
    "error-bare.json": lambda: api.error_body(TOO_LARGE),
    "error-events.txt": lambda: api.error_event(TOO_LARGE) + api.error_event(UNKNOWN, typed=True, number=4),
}


def shapes() -> bytes:
    """The schema of every struct of the API, under the version that they have."""
    schemas = without_words(api.openapi()["components"]["schemas"])
    return json.dumps({"version": API_VERSION, "schemas": schemas}, indent=1, sort_keys=True).encode() + b"\n"


def without_words(schema: Any) -> Any:
    """A schema without its descriptions, which may say the same in other words."""
    if isinstance(schema, list):
        return [without_words(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: without_words(value) for key, value in schema.items() if key != "description" or not isinstance(value, str)
    }


CASES["shapes.json"] = shapes


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def data(name: str) -> list[dict[str, Any]]:
    """The objects of a golden stream of events."""
    lines = [line for line in golden(name).split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line[6:]) for line in lines if line != b"data: [DONE]"]


@pytest.mark.parametrize("name", CASES)
def test_what_is_sent_does_not_change_without_a_new_version(name: str) -> None:
    assert CASES[name]() == golden(name), f"raise API_VERSION, note it in the reference, then run {__file__}"


def test_there_are_no_other_golden_files() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


def test_the_version_is_noted_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "gateway-api.md"
    assert f"| {API_VERSION} |" in page.read_text(encoding="utf-8")
    assert json.loads(golden("shapes.json"))["version"] == API_VERSION


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("chat.json", ChatCompletion),
        ("chat-full.json", ChatCompletion),
        ("response.json", Response),
        ("response-full.json", Response),
        ("embeddings.json", CreateEmbeddingResponse),
        ("model.json", Model),
    ],
)
def test_the_official_client_reads_each_object(name: str, kind: Any) -> None:
    found = kind.model_validate_json(golden(name), strict=True)
    known = set(kind.model_fields) | {"proveout"}
    assert set(json.loads(golden(name))) <= known
    assert found.object


def test_the_official_client_reads_each_model_of_the_list() -> None:
    assert [Model.model_validate(one, strict=True).id for one in json.loads(golden("models.json"))["data"]] == [
        "desk",
        "gpt",
    ]


@pytest.mark.parametrize("name", ["chat-events.txt", "chat-events-full.txt"])
def test_the_official_client_reads_each_chunk(name: str) -> None:
    chunks = [ChatCompletionChunk.model_validate(one, strict=True) for one in data(name)]
    assert golden(name).endswith(b"data: [DONE]\n\n")
    by_choice: dict[int, str] = {}
    ends: dict[int, str | None] = {}
    for chunk in chunks:
        for choice in chunk.choices:
            by_choice[choice.index] = by_choice.get(choice.index, "") + (choice.delta.content or "")
            ends[choice.index] = choice.finish_reason
    full = name == "chat-events-full.txt"
    assert by_choice == dict.fromkeys(range(2 if full else 1), FULL.text if full else SAID.text)
    assert set(ends.values()) == {"stop"}
    assert (chunks[-1].usage is not None) == full
    if full:
        assert chunks[-1].choices == []
        assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.parametrize("name", ["response-events.txt", "response-events-full.txt"])
def test_the_official_client_reads_each_event(name: str) -> None:
    event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    found = [event.validate_python(one, strict=True) for one in data(name)]
    assert [one.sequence_number for one in found] == list(range(len(found)))
    names = [line[7:].decode() for line in golden(name).split(b"\n") if line.startswith(b"event: ")]
    assert names == [one.type for one in found]
    assert names == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    whole = found[-1].response
    assert whole.output_text == "".join(one.delta for one in found if one.type == "response.output_text.delta")


def test_nothing_is_invented() -> None:
    chat = json.loads(golden("chat.json"))
    assert chat["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert chat["choices"][0]["logprobs"] is None
    assert "proveout" not in chat


def test_an_error_says_what_why_and_what_to_do() -> None:
    error = json.loads(golden("error.json"))["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == "model_not_found"
    for part in (UNKNOWN.what, UNKNOWN.why, UNKNOWN.fix):
        assert part in error["message"]
    strange = RequestInvalid("a \ud800", why="b", fix="c", about="d", param="\udfff")
    assert json.loads(api.error_body(strange))["error"]["param"] == "?"


if __name__ == "__main__":
    for case, make in CASES.items():
        (GOLDEN / case).write_bytes(make())
