"""What is sent back, as structs: chat completions and their chunks, responses, embeddings, models, errors."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = [
    "ChatChunk",
    "ChatCompletion",
    "Embedding",
    "EmbeddingList",
    "ErrorBody",
    "ModelInfo",
    "ModelList",
    "Proveout",
    "ResponseObject",
    "ResponseUsage",
    "TokenUsage",
]

Json = dict[str, Any]


class Proveout(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What an answer of a task stands on; sent when it was asked for.

    Attributes:
        route: what answered: ``task:NAME/KIND``.
        candidate: its id.
        certificate: id of the certificate that lets it; left out without one.
        confidence: calibrated probability that the answer is right; left out where there is none.
        evidence: citations, neighbours, proof and trace.
    """

    route: str
    candidate: str = ""
    certificate: str = ""
    confidence: float | None = None
    evidence: Json = {}


class TokenUsage(msgspec.Struct, kw_only=True, frozen=True):
    """Tokens that a provider was paid for; a local answer has none."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class _Message(msgspec.Struct, kw_only=True, frozen=True):
    role: Literal["assistant"] = "assistant"
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, kw_only=True, frozen=True):
    index: int
    message: _Message
    logprobs: Json | None = None
    finish_reason: str = "stop"


class ChatCompletion(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=False):
    """A chat completion, whole."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[_Choice]
    usage: TokenUsage | None = None
    system_fingerprint: str | None = None
    proveout: Proveout | msgspec.UnsetType = msgspec.UNSET


class _Delta(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    role: Literal["assistant"] | None = None
    content: str | None = None


class _ChunkChoice(msgspec.Struct, kw_only=True, frozen=True):
    index: int
    delta: _Delta
    logprobs: Json | None = None
    finish_reason: str | None = None


class ChatChunk(msgspec.Struct, kw_only=True, frozen=True):
    """A piece of a streamed chat completion."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[_ChunkChoice]
    system_fingerprint: str | None = None
    usage: TokenUsage | msgspec.UnsetType | None = msgspec.UNSET
    proveout: Proveout | msgspec.UnsetType = msgspec.UNSET


class _InputDetails(msgspec.Struct, kw_only=True, frozen=True):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class _OutputDetails(msgspec.Struct, kw_only=True, frozen=True):
    reasoning_tokens: int = 0


class ResponseUsage(msgspec.Struct, kw_only=True, frozen=True):
    """`TokenUsage` as the Responses API writes it."""

    input_tokens: int = 0
    input_tokens_details: _InputDetails = _InputDetails()
    output_tokens: int = 0
    output_tokens_details: _OutputDetails = _OutputDetails()
    total_tokens: int = 0


class _OutputText(msgspec.Struct, kw_only=True, frozen=True):
    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[Json] = []
    logprobs: list[Json] = []


class _OutputMessage(msgspec.Struct, kw_only=True, frozen=True):
    id: str
    type: Literal["message"] = "message"
    status: Literal["in_progress", "completed"]
    role: Literal["assistant"] = "assistant"
    content: list[_OutputText]


class ResponseObject(msgspec.Struct, kw_only=True, frozen=True):
    """A response of the Responses API."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["in_progress", "completed", "failed"]
    completed_at: int | None = None
    error: Json | None = None
    incomplete_details: Json | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    metadata: dict[str, str] = {}
    model: str
    output: list[_OutputMessage]
    parallel_tool_calls: bool = False
    previous_response_id: str | None = None
    temperature: float | None = None
    text: Json
    tool_choice: str = "none"
    tools: list[Json] = []
    top_p: float | None = None
    truncation: Literal["disabled"] = "disabled"
    usage: ResponseUsage | None = None
    user: str | None = None
    proveout: Proveout | msgspec.UnsetType = msgspec.UNSET


class Embedding(msgspec.Struct, kw_only=True, frozen=True):
    """One vector: numbers, or little-endian 32-bit floats in base 64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class _EmbeddingUsage(msgspec.Struct, kw_only=True, frozen=True):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(msgspec.Struct, kw_only=True, frozen=True):
    """Vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: _EmbeddingUsage


class ModelInfo(msgspec.Struct, kw_only=True, frozen=True):
    """A task, a local embedder, or a provider's model.

    Attributes:
        id: what a request names as its model.
        created: seconds since the epoch; 0 where nobody said.
        owned_by: ``proveout``, or the name of the provider.
    """

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "proveout"


class ModelList(msgspec.Struct, kw_only=True, frozen=True):
    """All models that a key may use."""

    object: Literal["list"] = "list"
    data: list[ModelInfo]


class _Error(msgspec.Struct, kw_only=True, frozen=True):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(msgspec.Struct, kw_only=True, frozen=True):
    """Why a request was refused."""

    error: _Error
