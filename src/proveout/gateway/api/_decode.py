"""Bodies of requests decoded in full, each as one struct."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from proveout.errors import RequestInvalid
from proveout.gateway.api._invalid import Unread, invalid
from proveout.gateway.api._requests import ChatRequest, EmbeddingsRequest, ResponsesRequest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decode_chat", "decode_embeddings", "decode_responses"]

T = TypeVar("T")
_chat = msgspec.json.Decoder(ChatRequest).decode
_responses = msgspec.json.Decoder(ResponsesRequest).decode
_embeddings = msgspec.json.Decoder(EmbeddingsRequest).decode


class _Tokens(msgspec.Struct):
    input: list[int | list[int]]


_tokens = msgspec.json.Decoder(_Tokens).decode


def decode_chat(body: bytes) -> ChatRequest:
    """A chat completion request to a task.

    Raises:
        RequestInvalid: a parameter is unknown, missing or of a wrong type; its name is ``param``.

    Example:
        >>> decode_chat(b'{"model": "desk", "messages": [{"role": "user", "content": "hi"}]}').messages[0].content
        'hi'
        >>> decode_chat(b'{"model": "desk", "messages": [], "colour": 1}')
        Traceback (most recent call last):
        proveout.errors.RequestInvalid: messages: Invalid 'messages': empty array. Expected an array ...
    """
    return _decoded(_chat, body)


def decode_responses(body: bytes) -> ResponsesRequest:
    """A Responses API request to a task; raises as `decode_chat`.

    Example:
        >>> decode_responses(b'{"model": "desk", "input": "hi"}').input
        'hi'
    """
    return _decoded(_responses, body)


def decode_embeddings(body: bytes) -> EmbeddingsRequest:
    """A request for vectors; raises as `decode_chat`.

    Example:
        >>> decode_embeddings(b'{"model": "m", "input": [1, 2]}')
        Traceback (most recent call last):
        proveout.errors.RequestInvalid: input: arrays of tokens are not taken: ...
    """
    try:
        return _embeddings(body)
    except Unread as error:
        if _is_tokens(body):
            why = "tokens belong to the tokenizer of one model, and this one has another"
            raise RequestInvalid(
                "arrays of tokens are not taken", why=why, fix="send the text itself", about="input", param="input"
            ) from error
        raise invalid(error) from error


def _decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    try:
        return decode(body)
    except Unread as error:
        raise invalid(error) from error


def _is_tokens(body: bytes) -> bool:
    try:
        return bool(_tokens(body).input)
    except Unread:
        return False
