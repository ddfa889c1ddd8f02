"""A lean load generator: connections that send one request after another, on httptools and uvloop."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OK = 200
# MLflow leaves out the last event, and ends with the one before.
ENDS = (b"[DONE]", b'"finish_reason":"stop"')
TAIL = 512


@dataclass
class Window:
    """What was seen while it was measured.

    Attributes:
        seconds: that it lasted.
        latencies: seconds from the request to the last byte of its answer, of each request.
        errors: answers that were not 200 or not whole, and connections that broke.
        cpu_seconds: of the gateway.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a request."""
        return self.cpu_seconds / max(len(self.latencies), 1) * 1e6

    def quantile(self, share: float) -> float:
        """A latency in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000 if ordered else float("nan")


def request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of a POST."""
    lines = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class Caller(asyncio.Protocol):
    """One connection that is never idle.

    Args:
        sent: bytes of the request.
        stream: whether an answer must end as a stream does.
        window: where results go.
        lost: called when the connection ends although it should not.
    """

    def __init__(self, sent: bytes, window: Window, lost: Callable[[], None], *, stream: bool) -> None:
        self._sent, self._stream, self._window, self._lost = sent, stream, window, lost
        self._stopped = False
        self._last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._go()

    def _go(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._began = time.perf_counter()
        self._transport.write(self._sent)

    def data_received(self, data: bytes) -> None:
        """Read."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep the end of a stream."""
        self._last = (self._last + body)[-TAIL:]

    def on_message_complete(self) -> None:
        """Count, and ask again."""
        whole = not self._stream or any(end in self._last for end in ENDS)
        if self._parser.get_status_code() == OK and whole:
            self._window.latencies.append(time.perf_counter() - self._began)
        else:
            self._window.errors += 1
        if self._stopped or not self._parser.should_keep_alive():
            self._transport.close()
        else:
            self._go()

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that was closed between two requests is no error; the next one makes another."""
        if not self._stopped:
            self._window.errors += error is not None
            self._lost()

    def stop(self) -> None:
        """End after the answer that is under way."""
        self._stopped = True


async def load(
    port: int,
    sent: bytes,
    *,
    connections: int,
    seconds: float,
    cpu: Callable[[], float],
    stream: bool = False,
    warm_seconds: float = 0.5,
) -> Window:
    """Keep so many connections busy, and measure after a warm-up."""
    loop = asyncio.get_running_loop()
    window = Window()
    callers: set[Caller] = set()
    pending: set[asyncio.Task[None]] = set()

    async def join() -> None:
        _, caller = await loop.create_connection(lambda: Caller(sent, window, again, stream=stream), "127.0.0.1", port)
        callers.add(caller)

    def again() -> None:
        task = loop.create_task(join())
        pending.add(task)
        task.add_done_callback(pending.discard)

    for _ in range(connections):
        await join()
    await asyncio.sleep(warm_seconds)
    window.latencies.clear()
    window.errors = 0
    began, spent = time.perf_counter(), cpu()
    await asyncio.sleep(seconds)
    window.seconds, window.cpu_seconds = time.perf_counter() - began, cpu() - spent
    measured = Window(window.seconds, window.latencies.copy(), window.errors, window.cpu_seconds)
    for caller in callers:
        caller.stop()
    await asyncio.sleep(0.1)
    for caller in callers:
        caller._transport.abort()  # noqa: SLF001  its own module
    await asyncio.gather(*pending, return_exceptions=True)
    return measured
