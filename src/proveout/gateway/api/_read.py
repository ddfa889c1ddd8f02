"""What the gateway itself reads of a request: a few fields, at the cost of a microsecond or two."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from proveout.errors import RequestInvalid
from proveout.gateway._exchange import Wanted
from proveout.gateway.api._invalid import FIX, Unread, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.gateway._exchange import Operation

__all__ = ["MOST_TOKENS", "READERS", "read_chat", "read_embeddings", "read_responses"]

# More tokens than any model gives; a larger bound is a mistake, and would hold a limit for nothing.
MOST_TOKENS = 2**31 - 1
Tokens = Annotated[int, Meta(ge=1, le=MOST_TOKENS)] | None
Name = Annotated[str, Meta(min_length=1)]
# As null is: but null is handed over too, and counted, since the type of the fields below does not allow for it.
ABSENT: Any = None


class _AnyValue(type):
    """The type of fields that the decoder hands over one by one, whatever their value."""

    def __instancecheck__(cls, value: object) -> bool:
        return True


class _Model(metaclass=_AnyValue):
    key = "model"


class _Stream(metaclass=_AnyValue):
    key = "stream"


class _StreamOptions(metaclass=_AnyValue):
    key = "stream_options"


class _MaxTokens(metaclass=_AnyValue):
    key = "max_tokens"


class _MaxCompletionTokens(metaclass=_AnyValue):
    key = "max_completion_tokens"


class _N(metaclass=_AnyValue):
    key = "n"


class _MaxOutputTokens(metaclass=_AnyValue):
    key = "max_output_tokens"


class _Chat(msgspec.Struct, gc=False):
    model: _Model
    stream: _Stream = ABSENT
    stream_options: _StreamOptions = ABSENT
    max_tokens: _MaxTokens = ABSENT
    max_completion_tokens: _MaxCompletionTokens = ABSENT
    n: _N = ABSENT


class _Responses(msgspec.Struct, gc=False):
    model: _Model
    stream: _Stream = ABSENT
    max_output_tokens: _MaxOutputTokens = ABSENT


class _Embeddings(msgspec.Struct, gc=False):
    model: _Model


class _StrictOptions(msgspec.Struct):
    include_usage: bool | None = None


class _StrictChat(msgspec.Struct):
    model: Name
    stream: bool | None = None
    stream_options: _StrictOptions | None = None
    max_tokens: Tokens = None
    max_completion_tokens: Tokens = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None


class _StrictResponses(msgspec.Struct):
    model: Name
    stream: bool | None = None
    max_output_tokens: Tokens = None


class _StrictEmbeddings(msgspec.Struct):
    model: Name


class _Reader(threading.local):
    """Decodes one shape, and counts how often each of its keys stands in the body; each thread has its own count.

    Args:
        shape: whose fields are handed over one by one.
        strict: the same fields with their types, for the words of what is wrong.
    """

    def __init__(self, shape: type[msgspec.Struct], strict: type[msgspec.Struct]) -> None:
        self.keys: list[Any] = []
        seen = self.keys.append

        def keep(kind: type, value: Any) -> Any:
            seen(kind)
            return value

        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape, dec_hook=keep).decode
        self.strict: Callable[[bytes], Any] = msgspec.json.Decoder(strict).decode


_chat = _Reader(_Chat, _StrictChat)
_responses = _Reader(_Responses, _StrictResponses)
_embeddings = _Reader(_Embeddings, _StrictEmbeddings)


def _read(reader: _Reader, body: bytes) -> Any:
    keys = reader.keys
    keys.clear()
    try:
        # What is skipped is not decoded, and would go on to the provider as it is.
        if not body.isascii():
            body.decode()
        found = reader.decode(body)
        if type(found.model) is not str or not found.model:
            reader.strict(body)
    except Unread as error:
        raise invalid(error) from error
    if len(keys) > 1 and len(keys) > len(set(keys)):
        raise _twice(keys)
    return found


def _checked(reader: _Reader, body: bytes) -> Any:
    """The same fields with their types checked: what is rare may take a second look."""
    try:
        return reader.strict(body)
    except Unread as error:
        raise invalid(error) from error


def _twice(keys: list[Any]) -> RequestInvalid:
    """Parsers differ in which of two values of a key they take (RFC 8259, section 4), and so do providers."""
    key = next(one.key for one in keys if keys.count(one) > 1)
    what = f"We could not parse the JSON body of your request: duplicate key '{key}'"
    why = "which of its values counts differs from one JSON parser to the next"
    return RequestInvalid(what, why=why, fix=FIX, about=key, param=key)


def read_chat(body: bytes) -> Wanted:
    """What the gateway needs of a chat completion request; every other field is the answerer's.

    Raises:
        RequestInvalid: it is not one JSON object in UTF-8, is nested too deeply, has no model, or one of the fields
            read is of a wrong type or stands in it twice: of two, a provider might take the other.

    Example:
        >>> read_chat(b'{"model": "desk", "messages": [], "n": 2, "max_tokens": 50}')
        Wanted(model='desk', stream=False, usage_asked=False, most_tokens=100, times=2)
    """
    found = _read(_chat, body)
    stream, options = found.stream, found.stream_options
    most, later = found.max_tokens, found.max_completion_tokens
    usage = None if options is None else options.get("include_usage") if type(options) is dict else options
    if (
        (stream is None or stream is True or stream is False)
        and (most is None or (type(most) is int and 0 < most <= MOST_TOKENS))
        and (later is None or (type(later) is int and 0 < later <= MOST_TOKENS))
        and (usage is None or usage is True or usage is False)
        and (options is None or type(options) is dict)
        and found.n is None
    ):
        # What is plain takes no second look at its types.
        return Wanted(
            model=found.model,
            stream=stream is True,
            usage_asked=usage is True,
            most_tokens=max(most or 0, later or 0),
        )
    asked: _StrictChat = _checked(_chat, body)
    return Wanted(
        model=asked.model,
        stream=asked.stream is True,
        usage_asked=asked.stream_options is not None and asked.stream_options.include_usage is True,
        most_tokens=max(asked.max_tokens or 0, asked.max_completion_tokens or 0) * (asked.n or 1),
        times=asked.n or 1,
    )


def read_responses(body: bytes) -> Wanted:
    """What the gateway needs of a Responses API request; a stream of it always ends with its usage.

    Raises:
        RequestInvalid: as `read_chat`.

    Example:
        >>> read_responses(b'{"model": "desk", "input": "hi", "stream": true}')
        Wanted(model='desk', stream=True, usage_asked=True, most_tokens=0, times=1)
    """
    found = _read(_responses, body)
    stream = found.stream
    if found.max_output_tokens is None and (stream is None or stream is True or stream is False):
        return Wanted(model=found.model, stream=stream is True, usage_asked=True)
    asked: _StrictResponses = _checked(_responses, body)
    return Wanted(
        model=asked.model, stream=asked.stream is True, usage_asked=True, most_tokens=asked.max_output_tokens or 0
    )


def read_embeddings(body: bytes) -> Wanted:
    """What the gateway needs of an embeddings request.

    Raises:
        RequestInvalid: as `read_chat`.

    Example:
        >>> read_embeddings(b'{"model": "minilm-int8", "input": "hi"}').model
        'minilm-int8'
    """
    return Wanted(model=_read(_embeddings, body).model)


READERS: Mapping[Operation, Callable[[bytes], Wanted]] = {
    "chat": read_chat,
    "responses": read_responses,
    "embeddings": read_embeddings,
}
