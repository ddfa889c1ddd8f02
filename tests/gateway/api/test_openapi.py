from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proveout.errors import RequestInvalid
from proveout.gateway.api import decode_chat, decode_embeddings, decode_responses, openapi

GOLDEN = Path(__file__).parent / "golden"
DECODERS = {"ChatRequest": decode_chat, "ResponsesRequest": decode_responses, "EmbeddingsRequest": decode_embeddings}
USER = [{"role": "user", "content": "hi"}]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("ChatRequest", {"model": "m", "messages": USER}),
    ("ChatRequest", {"model": "m", "messages": USER, "stop": "x", "n": 2, "tool_choice": {"type": "function"}}),
    ("ChatRequest", {"model": "", "messages": USER}),
    ("ChatRequest", {"model": "m", "messages": []}),
    ("ChatRequest", {"messages": USER}),
    ("ChatRequest", {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}),
    ("ChatRequest", {"model": "m", "messages": [{"role": "nobody"}]}),
    ("ChatRequest", {"model": "m", "messages": USER, "temperature": 3}),
    ("ChatRequest", {"model": "m", "messages": USER, "temperature": None}),
    ("ChatRequest", {"model": "m", "messages": USER, "metadata": {"k": "v" * 600}}),
    ("ChatRequest", {"model": "m", "messages": USER, "new": 1}),
    ("ResponsesRequest", {"model": "m", "input": "hi"}),
    ("ResponsesRequest", {"model": "m", "input": []}),
    ("ResponsesRequest", {"model": "m", "input": [{"role": "user", "content": "hi"}], "truncation": "auto"}),
    ("ResponsesRequest", {"model": "m", "input": 4}),
    ("EmbeddingsRequest", {"model": "m", "input": ["a", "b"], "encoding_format": "base64"}),
    ("EmbeddingsRequest", {"model": "m", "input": [1, 2]}),
    ("EmbeddingsRequest", {"model": "m", "input": "a", "dimensions": 0}),
]
REPLIES = {
    "chat.json": "ChatCompletion",
    "chat-full.json": "ChatCompletion",
    "response.json": "ResponseObject",
    "response-full.json": "ResponseObject",
    "embeddings.json": "EmbeddingList",
    "embeddings-base64.json": "EmbeddingList",
    "models.json": "ModelList",
    "model.json": "ModelInfo",
    "error.json": "ErrorBody",
}


def validator(name: str, document: dict[str, Any] | None = None) -> jsonschema.Draft202012Validator:
    whole = document or openapi()
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": whole["components"]})


@pytest.mark.parametrize(("name", "body"), REQUESTS)
def test_the_document_takes_what_the_decoder_takes_and_nothing_else(name: str, body: dict[str, Any]) -> None:
    try:
        DECODERS[name](json.dumps(body).encode())
    except RequestInvalid:
        assert not validator(name).is_valid(body)
    else:
        assert list(validator(name).iter_errors(body)) == []


@pytest.mark.parametrize(("file", "name"), REPLIES.items())
def test_what_is_sent_is_what_the_document_says(file: str, name: str) -> None:
    assert list(validator(name).iter_errors(json.loads((GOLDEN / file).read_bytes()))) == []


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    document = openapi()
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        list(validator(name).iter_errors({}))
    said = json.dumps(document["paths"])
    for name in said.split("#/components/schemas/")[1:]:
        assert name.split('"')[0] in document["components"]["schemas"]
    operations = [verb["operationId"] for path in document["paths"].values() for verb in path.values()]
    assert len(set(operations)) == len(operations)


def test_models_and_keys_are_stated_where_they_are_known() -> None:
    document = openapi(["desk"], keyed=True)
    assert validator("ChatRequest", document).is_valid({"model": "desk", "messages": USER})
    assert not validator("ChatRequest", document).is_valid({"model": "other", "messages": USER})
    assert document["security"] == [{"key": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == document["paths"]["/readyz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/metrics"]["get"]
    assert "401" in document["paths"]["/metrics"]["get"]["responses"]
    assert "security" not in openapi()


def test_every_error_and_every_parameter_stands_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "gateway-api.md"
    text = page.read_text(encoding="utf-8")
    document = openapi()
    for name in DECODERS:
        lacking = [key for key in document["components"]["schemas"][name]["properties"] if f"`{key}`" not in text]
        assert lacking == []
    for path in document["paths"]:
        assert f"`{path}`" in text
    for status in document["paths"]["/v1/embeddings"]["post"]["responses"]:
        assert f"| {status} |" in text or status == "200"
