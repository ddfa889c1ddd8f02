"""Requests that a task or a local embedder answers, in full; the parameters are those of the OpenAI API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from proveout.gateway.api._read import MOST_TOKENS

__all__ = [
    "ChatRequest",
    "EmbeddingsRequest",
    "InputItem",
    "Message",
    "ResponseFormat",
    "ResponsesRequest",
    "SchemaFormat",
    "StreamOptions",
    "TextConfig",
    "TextFormat",
    "TextPart",
    "Tool",
]

Json = dict[str, Any]
Name = Annotated[str, Meta(min_length=1)]
Tokens = Annotated[int, Meta(ge=1, le=MOST_TOKENS)]
Penalty = Annotated[float, Meta(ge=-2.0, le=2.0)]
Temperature = Annotated[float, Meta(ge=0.0, le=2.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
Stops = Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(min_length=1, max_length=4)]
Stop = Annotated[str, Meta(min_length=1)] | Stops
MOST_INPUTS = 2048


class TextPart(msgspec.Struct, kw_only=True):
    """A part of a message; only parts of text can be read, and only the last user message is.

    Attributes:
        type: ``text`` or ``input_text``; another kind is refused where it would have to be read.
        text: of the part.
    """

    type: str
    text: str = ""


class Message(msgspec.Struct, kw_only=True):
    """One message of a chat.

    Attributes:
        role: whose it is.
        content: text, or parts of text.
    """

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None


class StreamOptions(msgspec.Struct, kw_only=True):
    """How a stream is sent.

    Attributes:
        include_usage: whether a chunk with the usage ends it.
        include_obfuscation: accepted; none is added.
    """

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class SchemaFormat(msgspec.Struct, kw_only=True):
    """A JSON Schema that the answer has to be of.

    Attributes:
        name: of the format, for people.
        schema: every answer of the task has to be of it, or the request is refused.
        description: for a model; accepted.
        strict: accepted; an answer is always of the schema.
    """

    name: str
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, kw_only=True):
    """The form of the answer; a task's is always one JSON object.

    Attributes:
        type: which form.
        json_schema: with ``json_schema``.
    """

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class Tool(msgspec.Struct, kw_only=True):
    """A tool that a model may call; a task calls none.

    Attributes:
        type: ``function`` or another.
    """

    type: str


class ChatRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A chat completion request to a task; docs/reference/gateway-api.md says what becomes of each parameter."""

    model: Name
    messages: Annotated[list[Message], Meta(min_length=1)]
    audio: Json | None = None
    frequency_penalty: Penalty | None = None
    function_call: str | Json | None = None
    functions: list[Json] | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    max_completion_tokens: Tokens | None = None
    max_tokens: Tokens | None = None
    metadata: Metadata | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    moderation: Json | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    parallel_tool_calls: bool | None = None
    prediction: Json | None = None
    presence_penalty: Penalty | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Json | None = None
    prompt_cache_retention: str | None = None
    reasoning_effort: str | None = None
    response_format: ResponseFormat | None = None
    safety_identifier: str | None = None
    seed: int | None = None
    service_tier: str | None = None
    stop: Stop | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    tool_choice: str | Json | None = None
    tools: list[Tool] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Share | None = None
    user: str | None = None
    verbosity: str | None = None
    web_search_options: Json | None = None


class InputItem(msgspec.Struct, kw_only=True):
    """One item of a response's input: a message, or something that a task does not read.

    Attributes:
        type: ``message``, or another kind of item.
        role: whose message it is.
        content: text, or parts of text.
    """

    type: str = "message"
    role: Literal["developer", "system", "user", "assistant"] | None = None
    content: str | list[TextPart] | None = None


class TextFormat(msgspec.Struct, kw_only=True):
    """The form of a response's text.

    Attributes:
        type: which form.
        name: with ``json_schema``.
        schema: with ``json_schema``.
        description: accepted.
        strict: accepted.
    """

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct, kw_only=True):
    """What a response's text is like.

    Attributes:
        format: its form.
        verbosity: accepted; a task's answer has one length.
    """

    format: TextFormat | None = None
    verbosity: str | None = None


class ResponsesRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A Responses API request to a task; docs/reference/gateway-api.md says what becomes of each parameter."""

    model: Name
    input: str | Annotated[list[InputItem], Meta(min_length=1)]
    background: bool | None = None
    context_management: list[Json] | None = None
    conversation: str | Json | None = None
    include: list[str] | None = None
    instructions: str | None = None
    max_output_tokens: Tokens | None = None
    max_tool_calls: int | None = None
    metadata: Metadata | None = None
    moderation: Json | None = None
    parallel_tool_calls: bool | None = None
    previous_response_id: str | None = None
    prompt: Json | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Json | None = None
    prompt_cache_retention: str | None = None
    reasoning: Json | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    text: TextConfig | None = None
    tool_choice: str | Json | None = None
    tools: list[Tool] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Share | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None


class EmbeddingsRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A request for vectors of texts.

    Attributes:
        model: a local embedder.
        input: a text, or up to 2,048 of them, none empty; arrays of tokens are refused.
        dimensions: the embedder's own, or left out.
        encoding_format: numbers, or little-endian 32-bit floats in base 64.
        user: accepted.
    """

    model: Name
    input: Name | Annotated[list[Name], Meta(min_length=1, max_length=MOST_INPUTS)]
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
