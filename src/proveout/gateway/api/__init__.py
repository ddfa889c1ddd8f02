"""The contracts of the OpenAI-compatible API: requests read and decoded, replies and errors written, all pure."""

from proveout.gateway.api._chat import DONE, chat_completion, chat_events
from proveout.gateway.api._decode import decode_chat, decode_embeddings, decode_responses
from proveout.gateway.api._errors import JSON_TYPE, error_body, error_event, error_headers, error_reply
from proveout.gateway.api._lists import embedding_list, model_info, model_list
from proveout.gateway.api._openapi import openapi
from proveout.gateway.api._read import READERS, read_chat, read_embeddings, read_responses
from proveout.gateway.api._replies import (
    ChatChunk,
    ChatCompletion,
    Embedding,
    EmbeddingList,
    ErrorBody,
    ModelInfo,
    ModelList,
    Proveout,
    ResponseObject,
    ResponseUsage,
    TokenUsage,
)
from proveout.gateway.api._requests import (
    ChatRequest,
    EmbeddingsRequest,
    InputItem,
    Message,
    ResponseFormat,
    ResponsesRequest,
    SchemaFormat,
    StreamOptions,
    TextConfig,
    TextFormat,
    TextPart,
    Tool,
)
from proveout.gateway.api._responses import response_events, response_object
from proveout.gateway.api._said import Said
from proveout.gateway.api._version import API_VERSION

__all__ = [
    "API_VERSION",
    "DONE",
    "JSON_TYPE",
    "READERS",
    "ChatChunk",
    "ChatCompletion",
    "ChatRequest",
    "Embedding",
    "EmbeddingList",
    "EmbeddingsRequest",
    "ErrorBody",
    "InputItem",
    "Message",
    "ModelInfo",
    "ModelList",
    "Proveout",
    "ResponseFormat",
    "ResponseObject",
    "ResponseUsage",
    "ResponsesRequest",
    "Said",
    "SchemaFormat",
    "StreamOptions",
    "TextConfig",
    "TextFormat",
    "TextPart",
    "TokenUsage",
    "Tool",
    "chat_completion",
    "chat_events",
    "decode_chat",
    "decode_embeddings",
    "decode_responses",
    "embedding_list",
    "error_body",
    "error_event",
    "error_headers",
    "error_reply",
    "model_info",
    "model_list",
    "openapi",
    "read_chat",
    "read_embeddings",
    "read_responses",
    "response_events",
    "response_object",
]
