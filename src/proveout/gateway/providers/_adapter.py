"""Providers that are not OpenAI-compatible, through the library any-llm: OpenAI's objects in, OpenAI's objects out."""

from __future__ import annotations

import asyncio
import re
import time
from inspect import isawaitable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from proveout.errors import ExtraMissing, RequestInvalid, SettingsInvalid, UpstreamFailed, UpstreamTimedOut
from proveout.gateway.providers._adapted import Chunks, completion, embeddings
from proveout.gateway.providers._failure import error_object

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from proveout.gateway.upstream import Call, Client, Response, Timeouts

__all__ = ["open_adapter"]

EXTRA = "providers"
# What a request may say. All else would be handed on to the provider's own library, which takes base URLs and headers.
CHAT = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
    }
)
EMBEDDINGS = frozenset({"dimensions", "encoding_format", "input", "model", "user"})
# Some of these libraries put the name into a path.
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]*(/[A-Za-z0-9][A-Za-z0-9._:@+-]*)*")
BAD_REQUEST, OK = 400, 200
# What the library raises over a request that it cannot turn into the provider's: no fault of the provider's.
UNCONVERTIBLE = (AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
STATUSES = {
    "AuthenticationError": 401,
    "ContentFilterError": 400,
    "ContextLengthExceededError": 400,
    "InvalidRequestError": 400,
    "MissingApiKeyError": 401,
    "ModelNotFoundError": 404,
    "RateLimitError": 429,
    "UnsupportedParameterError": 400,
}

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def open_adapter(
    kind: str, *, base_url: str, timeouts: Timeouts, most_connections: int, key: str, about: str
) -> Client:
    """A client that asks a provider in its own API.

    Args:
        kind: of the provider, as any-llm names it: ``anthropic``, ``gemini``, ``bedrock``.
        base_url: "" for the provider's own.
        timeouts: of each call.
        most_connections: calls at a time.
        key: its credential; "" lets the provider's library look for one, as it does.
        about: for messages.

    Raises:
        ExtraMissing: any-llm, or what it needs for this provider, is not installed.
        SettingsInvalid: there is no such kind, or no credential.
    """
    fix = f"install it with: pip install 'proveout[{EXTRA}]'"
    try:
        # A second's worth of imports, needed by few.
        from any_llm import AnyLLM  # noqa: PLC0415
        from any_llm.exceptions import AnyLLMError  # noqa: PLC0415

        provider = AnyLLM.get_provider_class(kind)
        options = {} if provider.MAX_RETRIES_SUPPORT == "unsupported" else {"max_retries": 0}
        made = provider(api_key=key or None, api_base=base_url or None, unified_exceptions=True, **options)
    except ImportError as error:
        raise ExtraMissing(f"kind {kind!r} is not available", why=str(error), fix=fix, about=EXTRA) from error
    except AnyLLMError as error:
        fix = "correct kind or api_key_env"
        raise SettingsInvalid("a provider cannot be used", why=error.message, fix=fix, about=about) from error
    return AdapterClient(made, timeouts, most_connections, errors=AnyLLMError, name=kind)


class AdapterClient:
    """See `Client`: calls of the OpenAI API, answered by another one.

    Args:
        provider: of the library.
        timeouts: of each call.
        most_connections: calls at a time.
        errors: what the library raises.
        name: for messages.
    """

    def __init__(
        self, provider: Any, timeouts: Timeouts, most_connections: int, *, errors: type[Exception], name: str
    ) -> None:
        self._provider = provider
        self._timeouts = timeouts
        self._places = asyncio.Semaphore(most_connections)
        self._errors = errors
        self._name = name

    async def send(self, call: Call) -> Response:
        """See `Client.send`."""
        asked = _decode(call.body)
        try:
            make = self._maker(call.path, asked)
        except RequestInvalid as error:
            return _Adapted(BAD_REQUEST, error_object(error))
        await self._places.acquire()
        try:
            async with asyncio.timeout(self._timeouts.first_byte):
                response = await make(asked)
        except TimeoutError:
            self._places.release()
            raise self._late("an answer did not begin") from None
        except (self._errors, *UNCONVERTIBLE) as error:
            self._places.release()
            return self._refused(error)
        except BaseException:
            self._places.release()
            raise
        response.on_close = self._places.release
        return response

    async def close(self) -> None:
        """See `Client.close`; the library's own client closes once nobody uses it."""
        close = getattr(getattr(self._provider, "client", None), "close", None)
        closing = None if close is None else close()
        if isawaitable(closing):
            await closing

    def _maker(self, path: str, asked: dict[str, Any]) -> Callable[[dict[str, Any]], Awaitable[_Adapted]]:
        known, make = {
            "/chat/completions": (CHAT, self._stream if asked.get("stream") else self._chat),
            "/embeddings": (EMBEDDINGS, self._embed),
        }.get(path, (None, None))
        if known is None or make is None:
            raise _invalid(f"{self._name} has no {path.removeprefix('/')} API here", "use chat completions", "")
        for name in asked:
            if name not in known:
                raise _invalid(f"{name} cannot be said to {self._name}", "leave it out", name)
        if not MODEL.fullmatch(str(asked.get("model"))):
            raise _invalid("no such model", "correct its name", "model")
        return make

    async def _chat(self, asked: dict[str, Any]) -> _Adapted:
        answer = await self._provider.acompletion(**self._options(asked))
        return _Adapted(OK, completion(_plain(answer), model=asked["model"]))

    async def _stream(self, asked: dict[str, Any]) -> _Adapted:
        deltas = await self._provider.acompletion(**self._options(asked))
        chunks = Chunks(f"chatcmpl-{uuid4().hex}", created=int(time.time()), model=asked["model"])
        # The call is made when the first delta is asked for, and only then is known whether it is answered.
        first = await anext(deltas, None)
        return _Adapted(OK, b"", events=self._events(deltas, first, chunks))

    async def _embed(self, asked: dict[str, Any]) -> _Adapted:
        model, inputs = asked["model"], asked.get("input")
        extra = {"dimensions": asked["dimensions"]} if "dimensions" in asked else {}
        answer = await self._provider.aembedding(model, inputs, **extra)
        return _Adapted(OK, embeddings(_plain(answer), base64=asked.get("encoding_format") == "base64"))

    def _options(self, asked: dict[str, Any]) -> dict[str, Any]:
        timeout = {} if self._provider.TIMEOUT_SUPPORT == "unsupported" else {"timeout": self._timeouts.total}
        # Of these the library knows another form, or none.
        return {name: value for name, value in asked.items() if name != "stream_options"} | timeout

    async def _events(self, deltas: AsyncIterator[Any], first: Any, chunks: Chunks) -> AsyncIterator[bytes]:
        delta = first
        try:
            while delta is not None:
                if event := chunks.event(_plain(delta)):
                    yield event
                async with asyncio.timeout(self._timeouts.idle):
                    delta = await anext(deltas, None)
        except TimeoutError:
            raise self._late("an answer did not go on") from None
        except self._errors as error:
            raise self._failed(error) from error
        finally:
            await _closed(deltas)
        if last := chunks.end():
            yield last

    def _refused(self, error: Exception) -> _Adapted:
        original = getattr(error, "original_exception", None) or error
        status = getattr(error, "status_code", None) or STATUSES.get(type(error).__name__)
        if status is None and isinstance(original, UNCONVERTIBLE):
            status = BAD_REQUEST
        if status is None or status < BAD_REQUEST:
            raise self._failed(error) from error
        why = str(getattr(error, "message", error))
        retry_after = getattr(error, "retry_after", None)
        headers = [(b"retry-after", str(retry_after).encode("latin-1", "replace"))] if retry_after else []
        return _Adapted(status, error_object(_invalid(why, "correct the request", "")), headers=headers)

    def _failed(self, error: Exception) -> UpstreamFailed:
        original = getattr(error, "original_exception", None) or error
        if "timeout" in type(original).__name__.lower():
            return self._late("its library gave up")
        why = type(original).__name__
        return UpstreamFailed("the provider did not answer", why=why, fix="try again later", about=self._name)

    def _late(self, why: str) -> UpstreamTimedOut:
        return UpstreamTimedOut("the provider did not answer in time", why=why, fix="try again", about=self._name)


class _Adapted:
    """See `Response`."""

    def __init__(
        self,
        status: int,
        body: bytes,
        *,
        events: AsyncIterator[bytes] | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        self.status = status
        self.headers = headers or []
        self.on_close: Callable[[], None] | None = None
        self._body = body
        self._events = events
        self._closing: asyncio.Task[None] | None = None

    async def read(self, most_bytes: int = 64 * 1024 * 1024) -> bytes:  # noqa: ARG002  it is in memory already
        self.close()
        return self._body

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._events is None:
            yield self._body
            return
        async for event in self._events:
            yield event

    def close(self) -> None:
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()
        if self._events is not None and self._closing is None:
            self._closing = asyncio.ensure_future(_closed(self._events))


async def _closed(events: AsyncIterator[Any]) -> None:
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = value.model_dump(mode="json", exclude_none=True)
    return plain


def _invalid(why: str, fix: str, param: str) -> RequestInvalid:
    return RequestInvalid("the request cannot be passed on", why=why, fix=fix, about=param or "request", param=param)
