"""An OpenAI-compatible provider on the loopback interface that is fast enough to measure a gateway against."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections import deque

    from proveout.testing._upstream_connection import Seen

__all__ = ["FakeUpstream"]

START_SECONDS = 10.0


class FakeUpstream:
    """Serves chat, responses, embeddings and models in a thread of its own; use as a context manager.

    Equal requests get equal answers. Prose is ``word0 word1 ...``; a model named ``echo...`` says the last message;
    tools are all called, with the smallest arguments that their schemas allow; so is an answer with a schema. A model
    named ``fault-NAME`` fails: ``fault-429`` and other statuses, and the names of `FAULTS`; one named ``flaky-NAME``
    fails at the first of equal requests and answers the second.

    `FakeProvider` beside it is for families: it replies what a test writes down, request by request, a thread each.
    This one needs the extra ``gateway``, answers by itself, and does so some 30,000 times a second.

    Args:
        latency: seconds before an answer begins.
        events: of a stream in prose, ``[DONE]`` included.
        pace: seconds between two events; with 0.0 each is still sent for itself.
        key: that requests must carry; "" takes any.
        keep: requests to remember, at most; 0 is fastest.
        port: to listen on; 0 takes a free one.

    Attributes:
        base_url: ending in ``/v1``.

    Example:
        >>> with FakeUpstream(key="sk-of-the-provider") as upstream:
        ...     upstream.base_url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        events: int = 21,
        pace: float = 0.0,
        key: str = "",
        keep: int = 1000,
        port: int = 0,
    ) -> None:
        # httptools and uvloop come with the extra `gateway`, and the rest of this package does without.
        from proveout.testing._upstream_connection import Plan, State  # noqa: PLC0415  see above

        self._port = port
        self._state = State(Plan(latency=latency, events=events, pace=pace, key=key, keep=keep))
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="fake-upstream")
        self.base_url = ""

    @property
    def seen(self) -> deque[Seen]:
        """The last requests."""
        return self._state.seen

    @property
    def requests(self) -> int:
        """How many came."""
        return self._state.requests

    @property
    def cancelled(self) -> int:
        """Answers that the client did not wait for."""
        return self._state.cancelled

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_SECONDS) or self._failed is not None:
            raise RuntimeError(f"the fake upstream did not start on port {self._port}") from self._failed
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stop is not None  # noqa: S101  it is ready
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        import uvloop  # noqa: PLC0415  see __init__

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except OSError as error:
            self._failed = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from proveout.testing._upstream_connection import Connection  # noqa: PLC0415  see __init__

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(lambda: Connection(self._state), "127.0.0.1", self._port)
        self._port = _port_of(server)
        self.base_url = f"http://127.0.0.1:{self._port}/v1"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in tuple(self._state.open):
            connection.drop()
        await server.wait_closed()


def _port_of(server: asyncio.Server) -> int:
    address: tuple[Any, ...] = server.sockets[0].getsockname()
    return int(address[1])
