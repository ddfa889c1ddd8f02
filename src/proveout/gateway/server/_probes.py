"""What is asked of a worker besides the API: whether it lives, whether to send it requests, its figures, its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.errors import MethodUnknown, Overloaded, Refused
from proveout.gateway._exchange import Reply
from proveout.gateway.api import JSON_TYPE, error_reply
from proveout.gateway.server._access import Access, credential_of
from proveout.gateway.server._status import state_status
from proveout.gateway.tasks import task_names
from proveout.gateway.telemetry import METRICS_TYPE, Health, liveness, readiness

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from proveout.gateway._exchange import App, Receive, Scope, Send
    from proveout.gateway.record import RingRecorder
    from proveout.gateway.server._parts import State

    Ask = Callable[[Literal["figures", "status"]], Awaitable[bytes | None]]

__all__ = ["Probes"]

STATUS = "/admin/status"
# Without room for so long a record the path lets no request in.
ROOM_BYTES = 4096
_NO_STORE = (b"cache-control", b"no-store")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Probes:
    """Answers to ``/healthz``, ``/readyz``, ``/metrics`` and ``/admin/status``.

    Args:
        recorder: says whether records can be put.
        ask: what only the supervisor knows; None when it does not answer.

    Attributes:
        draining: the worker is on its way out.
    """

    def __init__(self, recorder: RingRecorder, ask: Ask) -> None:
        self._recorder = recorder
        self._ask = ask
        self._digest = ""
        self._state: State | None = None
        self._wanted: tuple[str, ...] = ()
        self._access = Access()
        self._answers = {
            "/healthz": self.health,
            "/readyz": self.readiness,
            "/metrics": self.metrics,
            STATUS: self.status,
        }
        self.draining = False

    def use(self, digest: str, state: State, folders: Iterable[str], access: Access) -> None:
        """Tell of this from now on.

        Args:
            digest: of the configuration in force.
            state: in force.
            folders: of the tasks that are to be served.
            access: who may see figures and status.
        """
        self._digest, self._state, self._access = digest, state, access
        self._wanted = tuple(task_names(folders))

    def before(self, app: App) -> App:
        """An application that answers these paths and leaves the others to ``app``, at the price of one look-up."""
        answers = self._answers

        def front(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            answer = answers.get(scope["path"])
            if answer is None or (scope["path"] == STATUS and not self._access.has_admins):
                return app(scope, receive, send)
            return _answer(scope, answer, send)

        return front

    async def health(self, _credential: bytes) -> Reply:
        """The process answers; a restart would help against nothing that is known here."""
        return _json(*liveness(self._health()))

    async def readiness(self, _credential: bytes) -> Reply:
        """503 while requests are refused here that another gateway may take."""
        return _json(*readiness(self._health()))

    async def metrics(self, credential: bytes) -> Reply:
        """Of all workers."""
        await self._access.check_reader(credential)
        return Reply(headers=[(b"content-type", METRICS_TYPE.encode())], body=await self._asked("figures"))

    async def status(self, credential: bytes) -> Reply:
        """What the supervisor knows, and what this worker knows."""
        await self._access.check_admin(credential)
        told: dict[str, Any] = _decode(await self._asked("status"))
        return _json(200, _encode(told | ({} if self._state is None else state_status(self._state))))

    async def _asked(self, what: Literal["figures", "status"]) -> bytes:
        found = await self._ask(what)
        if not found:
            why, fix = "the process that knows it does not answer", "try again"
            raise Overloaded("not available", why=why, fix=fix, about=what, retry_after=1.0)
        return found

    def _health(self) -> Health:
        state = self._state
        return Health(
            configuration=self._digest,
            draining=self.draining,
            ring_free=self._recorder.room,
            ring_needed=ROOM_BYTES,
            ledger_writable=self._recorder.writable,
            tasks=() if state is None else tuple(state.tasks),
            tasks_wanted=self._wanted,
            breakers={} if state is None else {one.name: one.breaker for one in state.providers.states()},
        )


async def _answer(scope: Scope, answer: Callable[[bytes], Awaitable[Reply]], send: Send) -> None:
    try:
        if scope["method"] not in {"GET", "HEAD"}:
            raise _wrong_method(scope["path"])
        reply = await answer(credential_of(scope["headers"]))
    except Refused as refused:
        reply = error_reply(refused)
    headers = [*reply.headers, _NO_STORE, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _json(status: int, body: bytes) -> Reply:
    return Reply(status=status, headers=[JSON_TYPE], body=body)


def _wrong_method(path: str) -> MethodUnknown:
    why, fix = "it takes GET", "send GET"
    return MethodUnknown("no such method here", why=why, fix=fix, about=path, headers=((b"allow", b"GET, HEAD"),))
