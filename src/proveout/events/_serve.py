"""Serving: sources hand events in, a worker delivers them, until a signal says stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BusyError, DiskFull, HandlerStuck, SetupError, WriterBusy
from proveout.events._clock import SystemClock
from proveout.events._extra import need
from proveout.events._folder import FolderSource
from proveout.events._http import http_app
from proveout.events._nats import NatsSource, NatsSpec
from proveout.events._open import opened
from proveout.events._outbox import OutboxSource
from proveout.events._parse import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from proveout.events._clock import Clock
    from proveout.events._handlers import Handler
    from proveout.events._inbox import Inbox
    from proveout.events._worker import Worker

__all__ = ["SourceSpec", "serve"]

AGAIN_SECONDS = 5.0
LOOK_SECONDS = 0.1
MOST_CONNECTIONS = 256
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR


class SourceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where events come from.

    Attributes:
        host: address of the HTTP endpoint.
        port: of it; 0 takes a free one, None opens no endpoint.
        token: wanted by the endpoint as a bearer token; "" wants none.
        most_bytes: of one request.
        watch: folder whose files are events.
        outbox: SQLite database of an application.
        nats: JetStream consumer.
        keep_days: how long events stay in the inbox once all is done with them; a duplicate is known for as long.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    token: str = ""
    most_bytes: int = MOST_BYTES
    watch: Path | None = None
    outbox: Path | None = None
    nats: NatsSpec | None = None
    keep_days: float = 30.0


def serve(
    folder: Path,
    sources: SourceSpec | None = None,
    *,
    handlers: Mapping[str, Handler] | None = None,
    clock: Clock | None = None,
    notice: Callable[[str], None] = lambda _line: None,
) -> Counter[str]:
    """Deliver the events of the task in ``folder`` until SIGINT or SIGTERM; with no source, until nothing waits.

    Args:
        folder: of the task, with its ``events.toml``.
        sources: where events come from.
        handlers: by the name that triggers give under ``run``.
        clock: the machine's, when None.
        notice: called with a line about what goes on.

    Returns:
        How many deliveries ended which way.

    Raises:
        TriggerInvalid: ``events.toml`` is missing or not valid.
        ExtraMissing: a source needs an extra that is not installed.
        WriterBusy: another process writes to the ledger.
        HandlerStuck: too many calls never returned.
    """
    sources = sources or SourceSpec()
    clock = clock or SystemClock()
    with opened(folder, handlers=handlers, clock=clock) as (inbox, worker):
        service = _Service(inbox, worker, clock, notice, keep=round(sources.keep_days * DAY))
        runs = service.runs(sources)
        if not runs:
            worker.drain(_sleep)
            return Counter(inbox.states())
        return asyncio.run(service.run(runs))


def _sleep(nanoseconds: int) -> None:
    import time  # noqa: PLC0415  the only place that waits without an event loop

    time.sleep(min(nanoseconds / SECOND, 1.0))


class _Service:
    """The tasks of one event loop."""

    def __init__(self, inbox: Inbox, worker: Worker, clock: Clock, notice: Callable[[str], None], *, keep: int) -> None:
        self._inbox = inbox
        self._worker = worker
        self._clock = clock
        self._notice = notice
        self._keep = keep
        self._pruned: int | None = None
        self._total: Counter[str] = Counter()

    def runs(self, sources: SourceSpec) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
        """What is to run, each until its event is set; extras that are missing are told at once."""
        found: list[Callable[[asyncio.Event], Awaitable[None]]] = []
        if sources.port is not None:
            need("uvicorn", "events", "the HTTP endpoint")
            found.append(lambda stop: self._http(sources, stop))
        if sources.watch is not None:
            need("watchfiles", "events", "watching a folder")
            found.append(self._lasting(FolderSource(sources.watch, self._inbox, most_bytes=sources.most_bytes).run))
        if sources.outbox is not None:
            found.append(self._lasting(OutboxSource(sources.outbox, self._inbox).run))
        if sources.nats is not None:
            need("faststream.nats", "nats", "NATS JetStream")
            found.append(self._lasting(NatsSource(sources.nats, self._inbox).run))
        return found

    async def run(self, runs: list[Callable[[asyncio.Event], Awaitable[None]]]) -> Counter[str]:
        """All of it until a signal, or until one of them fails, which ends the others."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        tasks = [asyncio.ensure_future(run(stop)) for run in [*runs, self._lasting(self._work)]]
        try:
            await asyncio.wait([*tasks, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await asyncio.gather(*tasks)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        return self._total

    def _lasting(self, run: Callable[[asyncio.Event], Awaitable[None]]) -> Callable[[asyncio.Event], Awaitable[None]]:
        """The same, begun again after what passes by itself: a full disk, a locked database."""

        async def again(stop: asyncio.Event) -> None:
            while not stop.is_set():
                try:
                    await run(stop)
                except (DiskFull, BusyError) as error:
                    if isinstance(error, HandlerStuck | WriterBusy):
                        raise
                    self._notice(str(error))
                    await _pause(stop, AGAIN_SECONDS)

        return again

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            done = await asyncio.to_thread(self._worker.step)
            self._total += done
            await asyncio.to_thread(self._prune_hourly)
            if not done:
                await _pause(stop, LOOK_SECONDS)

    def _prune_hourly(self) -> None:
        now = self._clock.monotonic()
        if self._pruned is None or now - self._pruned >= HOUR:
            self._pruned = now
            self._inbox.prune(older_than=self._clock.wall() - self._keep)

    async def _http(self, sources: SourceSpec, stop: asyncio.Event) -> None:
        uvicorn = need("uvicorn", "events", "the HTTP endpoint")
        listening = _bound(sources.host, sources.port or 0)
        config = uvicorn.Config(
            http_app(self._inbox, most_bytes=sources.most_bytes, token=sources.token),
            log_level="warning",
            lifespan="off",
            access_log=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        # Signals are handled here, for all tasks.
        server.capture_signals = nullcontext
        self._notice(f"events are taken at http://{sources.host}:{listening.getsockname()[1]}/")
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        await asyncio.wait([serving, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        fix = "choose another with --host and --port"
        raise SetupError("cannot listen", why=str(error), fix=fix, about=f"{host}:{port}") from error
    return listening


async def _pause(stop: asyncio.Event, seconds: float) -> Any:
    try:
        return await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return None
