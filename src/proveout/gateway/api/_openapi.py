"""The OpenAPI document, made from the structs that requests are decoded into and replies are encoded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.gateway.api._replies import (
    ChatChunk,
    ChatCompletion,
    EmbeddingList,
    ErrorBody,
    ModelInfo,
    ModelList,
    ResponseObject,
)
from proveout.gateway.api._requests import ChatRequest, EmbeddingsRequest, ResponsesRequest
from proveout.gateway.api._version import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["openapi"]

Json = dict[str, Any]
STRUCTS: tuple[type[msgspec.Struct], ...] = (
    ChatRequest,
    ResponsesRequest,
    EmbeddingsRequest,
    ChatCompletion,
    ChatChunk,
    ResponseObject,
    EmbeddingList,
    ModelInfo,
    ModelList,
    ErrorBody,
)
ERRORS = {
    "400": "The request is not one of the API; `param` names what is at fault.",
    "401": "No key, or none that is known, in force and not revoked.",
    "403": "The key may not do this.",
    "404": "The model is no task here and no provider has it.",
    "405": "The path does not take this method.",
    "408": "The body did not arrive in time.",
    "413": "The body has more bytes than the gateway takes.",
    "415": "The body is not said to be JSON.",
    "429": "Too many requests or tokens, or the budget is spent.",
    "431": "The headers have more bytes than the gateway takes.",
    "500": "The gateway failed at this request.",
    "502": "The provider failed, or the task has no answer.",
    "503": "More requests are under way than the gateway takes, or it is draining.",
    "504": "The provider, or the task, did not answer in time.",
}
ABOUT = (
    "OpenAI-compatible. A model is a task, a local embedder, or a provider's model. The schemas of requests are those "
    "of tasks and local embedders; what goes to a provider may hold whatever that provider takes."
)
# (what it tells, whether it needs a key where requests do)
CHECKS = {
    "/healthz": ("Whether the process is up.", False),
    "/readyz": ("Whether it takes requests: 503 while it starts or drains.", False),
    "/metrics": ("Figures for Prometheus.", True),
}


def openapi(models: Sequence[str] = (), *, keyed: bool = False) -> Json:
    """The OpenAPI 3.1 document of the paths served.

    Args:
        models: names that a request may give; any, where they are not stated.
        keyed: whether requests need a key.

    Example:
        >>> sorted(openapi()["paths"])[-2:]
        ['/v1/models/{id}', '/v1/responses']
    """
    _, schemas = msgspec.json.schema_components(STRUCTS, ref_template="#/components/schemas/{name}")
    if models:
        for name in ("ChatRequest", "ResponsesRequest", "EmbeddingsRequest"):
            schemas[name]["properties"]["model"] = {"type": "string", "enum": list(models)}
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": "Proveout gateway", "version": API_VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": _paths(),
        "components": {"schemas": schemas},
    }
    if keyed:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _paths() -> Json:
    posts = {
        "/v1/chat/completions": ("createChatCompletion", "ChatRequest", "ChatCompletion", True),
        "/v1/responses": ("createResponse", "ResponsesRequest", "ResponseObject", True),
        "/v1/embeddings": ("createEmbedding", "EmbeddingsRequest", "EmbeddingList", False),
    }
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    return {
        **{path: {"post": _post(*words)} for path, words in posts.items()},
        "/v1/models": {"get": _get("listModels", "All models that the key may use.", "ModelList")},
        "/v1/models/{id}": {"get": _get("retrieveModel", "One model.", "ModelInfo") | {"parameters": [name]}},
        **{path: {"get": _check(path, *words)} for path, words in CHECKS.items()},
    }


def _post(operation: str, request: str, reply: str, streams: bool) -> Json:  # noqa: FBT001  a row of a table
    content: Json = {"application/json": {"schema": _ref(reply)}}
    if streams:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return {
        "operationId": operation,
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(request)}}},
        "responses": {"200": {"description": "The answer.", "content": content}, **_errors()},
    }


def _get(operation: str, about: str, reply: str) -> Json:
    found = {"description": about, "content": {"application/json": {"schema": _ref(reply)}}}
    return {"operationId": operation, "responses": {"200": found, **_errors()}}


def _check(path: str, about: str, keyed: bool) -> Json:  # noqa: FBT001  a row of a table
    texts = {"text/plain": {"schema": {"type": "string"}}, "application/json": {"schema": {}}}
    errors = ("401", "503") if keyed else ("503",)
    responses: Json = {"200": {"description": about, "content": texts}}
    responses |= {status: {"description": ERRORS[status], "content": texts} for status in errors}
    return {"operationId": path.strip("/"), **({} if keyed else {"security": []}), "responses": responses}


def _errors() -> Json:
    content = {"application/json": {"schema": _ref("ErrorBody")}}
    return {status: {"description": about, "content": content} for status, about in ERRORS.items()}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
