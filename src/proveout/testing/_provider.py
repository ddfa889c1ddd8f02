"""An OpenAI-compatible endpoint on the loopback interface that does what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

__all__ = [
    "FakeProvider",
    "Reply",
    "answering",
    "completion",
    "dropped",
    "half",
    "malformed",
    "refusal",
    "rejecting",
    "tool_call",
    "trickle",
]

OK = 200
COUNTED = {"prompt_tokens": 10, "completion_tokens": 5}
Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class FakeProvider:
    """Serves ``POST /v1/chat/completions``; use as a context manager.

    Args:
        replies: one for each call, in order; the last one is used for all further calls.

    Attributes:
        requests: bodies received.
        keys: ``authorization`` headers received.
        headers: all headers received, by lower-case name.

    Example:
        >>> with FakeProvider(completion({"intent": "card"})) as provider:
        ...     provider.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(self, *replies: Reply) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.headers: list[dict[str, str]] = []
        self._replies = replies
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL, ending in ``/v1``."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, body: dict[str, Any], headers: dict[str, str]) -> Reply:
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            self.keys.append(headers.get("authorization"))
            return self._replies[min(len(self.requests), len(self._replies)) - 1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = json.loads(self.rfile.read(length))
                headers = {name.lower(): value for name, value in self.headers.items()}
                provider._next(body, headers)(self, body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def completion(
    output: Any,
    *,
    status: int = OK,
    wait: float = 0.0,
    usage: Mapping[str, int] | None = COUNTED,
    logprob: float | None = None,
    finish: str = "stop",
    **headers: str,
) -> Reply:
    """A reply whose message is ``output``, as JSON unless it is text; another ``status`` makes it an error.

    Args:
        output: of the model; the message of the error when ``status`` is one.
        status: of the response.
        wait: seconds before it is sent.
        usage: tokens counted; None leaves the count out.
        logprob: log-probability of the one token of the output; None leaves it out.
        finish: ``finish_reason``: ``length`` for an answer that was cut off.
        headers: of the response, with ``_`` for ``-``.

    Example:
        >>> callable(completion("not JSON", status=429, retry_after="1"))
        True
    """
    content = _text(output)
    if status != OK:
        return _sending(json.dumps({"error": {"message": content}}), status=status, wait=wait, headers=headers)
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
    if logprob is not None:
        choice["logprobs"] = {"content": [{"token": content, "logprob": logprob}]}
    return _sending(_reply_of(choice, usage), wait=wait, headers=headers)


def refusal(text: str = "I cannot help with that") -> Reply:
    """The model declines."""
    return _sending(
        _reply_of({"message": {"role": "assistant", "content": None, "refusal": text}}, {"prompt_tokens": 7})
    )


def tool_call(output: Any) -> Reply:
    """The model calls the tool ``output`` with these arguments."""
    call = {"id": "1", "type": "function", "function": {"name": "output", "arguments": _text(output)}}
    return _sending(_reply_of({"message": {"role": "assistant", "content": None, "tool_calls": [call]}}, COUNTED))


def malformed(text: str = '{"choices": [') -> Reply:
    """A whole response with status 200 that is no completion."""
    return _sending(text)


def half(output: Any) -> Reply:
    """The connection closes in the middle of the body."""
    whole = _reply_of({"message": {"role": "assistant", "content": _text(output)}}, COUNTED)
    return _sending(whole[: len(whole) // 2], length=len(whole))


def trickle(output: Any, pause: float) -> Reply:
    """One byte at a time, with a pause after each."""
    whole = _reply_of({"message": {"role": "assistant", "content": _text(output)}}, COUNTED)
    return _sending(whole, pause=pause)


def dropped() -> Reply:
    """The connection closes without a response."""

    def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        del body
        handler.close_connection = True

    return reply


def answering(function: Callable[[dict[str, Any]], Any], **parts: Any) -> Reply:
    """Each request gets the output that ``function`` gives for its body; ``parts`` are those of `completion`.

    Example:
        >>> echo = answering(lambda body: {"said": body["messages"][-1]["content"]})
        >>> callable(echo)
        True
    """
    return lambda handler, body: completion(function(body), **parts)(handler, body)


def rejecting(when: Callable[[dict[str, Any]], bool], message: str, then: Reply, *, status: int = 400) -> Reply:
    """An error for requests that ``when`` is true of, and the reply ``then`` for the others.

    Example:
        >>> old = rejecting(lambda body: "seed" in body, "Unknown parameter: seed", completion({"a": 1}))
        >>> wrong = rejecting(lambda body: body["model"] != "m", "no such model", old, status=404)
    """
    refused = completion(message, status=status)
    return lambda handler, body: (refused if when(body) else then)(handler, body)


def _text(output: Any) -> str:
    return output if isinstance(output, str) else json.dumps(output)


def _reply_of(choice: dict[str, Any], usage: Mapping[str, int] | None) -> str:
    return json.dumps({"choices": [choice]} | ({} if usage is None else {"usage": dict(usage)}))


def _sending(
    text: str,
    *,
    status: int = OK,
    wait: float = 0.0,
    pause: float = 0.0,
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    sent = text.encode()

    def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        del body
        time.sleep(wait)
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(sent) if length is None else length))
        handler.close_connection = True
        with suppress(ConnectionError):  # the caller may have stopped waiting
            handler.end_headers()
            for part in (sent,) if not pause else (sent[at : at + 1] for at in range(len(sent))):
                handler.wfile.write(part)
                time.sleep(pause)

    return reply
