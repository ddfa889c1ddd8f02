"""What machines ask a worker besides the API: whether it lives, whether it is to be sent requests, and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]
    Answer = tuple[int, bytes, bytes]

__all__ = ["Probes"]

OK, WRONG_METHOD, UNAVAILABLE = 200, 405, 503
JSON, TEXT = b"application/json", b"text/plain; version=0.0.4; charset=utf-8"
# A record of a request with a long answer; without room for one, requests are refused.
ROOM_BYTES = 64 * 1024
_encode = msgspec.json.Encoder().encode


class Probes:
    """Answers to ``/healthz``, ``/readyz`` and ``/metrics``.

    Args:
        number: of the worker.
        has_room: whether a record of so many bytes could be put now.
        scrape: the metrics of all workers; None when the supervisor does not answer.

    Attributes:
        digest: of the configuration in force.
        draining: the worker is on its way out.
    """

    def __init__(
        self, number: int, has_room: Callable[[int], bool], scrape: Callable[[], Awaitable[bytes | None]]
    ) -> None:
        self._number = number
        self._has_room = has_room
        self._scrape = scrape
        self._answers = {"/healthz": self.health, "/readyz": self.readiness, "/metrics": self.metrics}
        self.digest = ""
        self.draining = False

    def before(self, app: App) -> App:
        """An application that answers these paths and leaves the others to ``app``, at the price of one look-up."""
        answers = self._answers

        def front(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            answer = answers.get(scope["path"])
            return app(scope, receive, send) if answer is None else _send(scope["method"], answer, send)

        return front

    async def health(self) -> Answer:
        """The process answers; a restart would help against nothing that is known here."""
        return OK, JSON, _encode({"status": "ok", "worker": self._number})

    async def readiness(self) -> Answer:
        """503 while requests are refused here that another gateway may take."""
        reasons = {"draining": self.draining, "the ledger is behind": not self._has_room(ROOM_BYTES)}
        why = [reason for reason, holds in reasons.items() if holds]
        said = {"status": "unavailable" if why else "ready", "why": why, "configuration": self.digest}
        return UNAVAILABLE if why else OK, JSON, _encode({**said, "worker": self._number})

    async def metrics(self) -> Answer:
        """Of all workers."""
        found = await self._scrape()
        return (OK, TEXT, found) if found else (UNAVAILABLE, TEXT, b"")


async def _send(method: str, answer: Callable[[], Awaitable[Answer]], send: Send) -> None:
    headers = [(b"cache-control", b"no-store")]
    if method in {"GET", "HEAD"}:
        status, kind, body = await answer()
    else:
        said = {"message": "This path takes GET.", "type": "invalid_request_error", "param": None, "code": None}
        status, kind, body = WRONG_METHOD, JSON, _encode({"error": said})
        headers.append((b"allow", b"GET, HEAD"))
    headers += [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
