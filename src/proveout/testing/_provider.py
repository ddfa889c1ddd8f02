"""An OpenAI-compatible endpoint on the loopback interface that does what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

__all__ = ["FakeProvider", "Reply", "completion"]

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class FakeProvider:
    """Serves ``POST /v1/chat/completions``; use as a context manager.

    Args:
        replies: one for each call, in order; the last one is used for all further calls.

    Attributes:
        requests: bodies received.
        keys: ``authorization`` headers received.

    Example:
        >>> with FakeProvider(completion({"intent": "card"})) as provider:
        ...     provider.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(self, *replies: Reply) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
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

    def _next(self, body: dict[str, Any], key: str | None) -> Reply:
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            return self._replies[min(len(self.requests), len(self._replies)) - 1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = json.loads(self.rfile.read(length))
                provider._next(body, self.headers.get("authorization"))(self, body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def completion(output: Any, *, status: int = 200, wait: float = 0.0, **headers: str) -> Reply:
    """A reply whose message is ``output``, as JSON unless it is text; another ``status`` makes it an error.

    Example:
        >>> callable(completion("not JSON", status=429, retry_after="1"))
        True
    """
    content = output if isinstance(output, str) else json.dumps(output)
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    message = {"choices": [{"message": {"role": "assistant", "content": content}}], "usage": usage}

    def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        del body
        time.sleep(wait)
        sent = json.dumps(message if status == 200 else {"error": {"message": content}}).encode()  # noqa: PLR2004  OK
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(sent)))
        handler.end_headers()
        with suppress(ConnectionError):  # the caller may have stopped waiting
            handler.wfile.write(sent)

    return reply
