"""One worker: answers HTTP on the socket that it inherits, under the configuration that the supervisor sends.

Run by the supervisor as ``python -m proveout.gateway.server._worker``, while it is itself still starting.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import uvloop
from uvicorn import Config
from uvicorn.server import ServerState

from proveout.errors import ProveoutError
from proveout.gateway.keys import OidcGate
from proveout.gateway.record import Ring, RingRecorder
from proveout.gateway.server._accept import Acceptor
from proveout.gateway.server._access import Access
from proveout.gateway.server._guard import Guard
from proveout.gateway.server._messages import (
    Channel,
    Drain,
    Prepare,
    Prepared,
    Scrape,
    Scraped,
    Start,
    ToWorker,
    Unfit,
    Use,
    Using,
)
from proveout.gateway.server._parts import load_parts
from proveout.gateway.server._probes import Probes
from proveout.gateway.server._protocol import GuardedProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.gateway._configuration import Configuration
    from proveout.gateway.server._parts import Parts, State

__all__ = ["main"]

SCRAPE_SECONDS = 2.0
LOOK_SECONDS = 0.02
# After the last answer, for connections to be closed.
CLOSE_SECONDS = 1.0
NEW_SECONDS = 0.1
# After a reload, for requests that are still under the old state; then it is garbage.
SETTLE_SECONDS = 1.0
MOST_FILES = 65_536
ORPHANED = 70


def main(arguments: Sequence[str]) -> None:
    """Serve until the supervisor says so, or is gone.

    Args:
        arguments: descriptors of the listening socket, of the channel and of the line to the ledger's writer, and the
            name of the module of parts.
    """
    # The terminal and the service manager signal whole groups; when a worker ends is the supervisor's to say.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(MOST_FILES, most)
    # The usual 1,024 are fewer than the connections that are taken by default.
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    listening, control, line = (socket.socket(fileno=int(descriptor)) for descriptor in arguments[:3])
    uvloop.run(_serve(load_parts(arguments[3]), listening, control, line))


async def _serve(parts: Parts, listening: socket.socket, control: socket.socket, line: socket.socket) -> None:
    channel: Channel[ToWorker] = await Channel.over(control, ToWorker)
    start = await channel.receive()
    if not isinstance(start, Start):
        return
    worker = _Worker(parts, channel, start)
    told = await worker.prepare(start.configuration)
    if isinstance(told, Prepared):
        recorder = RingRecorder(Ring.open(Path(start.ring)), line)
        recorder.watch()
        await worker.serve(listening, recorder)
        recorder.close()
    else:
        channel.send(told)
        # The supervisor ends the channel once it has read this.
        await channel.receive()


class _Ready(NamedTuple):
    """What a configuration needs, built."""

    configuration: Configuration
    state: State
    gate: OidcGate | None


class _Worker:
    """The state of one worker."""

    def __init__(self, parts: Parts, channel: Channel[ToWorker], start: Start) -> None:
        self._parts = parts
        self._channel = channel
        self._number = start.number
        self._loop = asyncio.get_running_loop()
        self._slots = Path(start.slots)
        self._prepared: dict[str, _Ready] = {}
        self._in_force: State | None = None
        self._guard = Guard(start.configuration.settings.server, self._loop.time)
        self._state = ServerState()
        self._numbers = count()
        self._scrapes: dict[int, asyncio.Future[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._heard: dict[type, Callable[[Any], None]] = {
            Prepare: lambda said: self._begin(self._answer_prepare(said.configuration)),
            Use: lambda said: self._use(said.digest),
            Drain: lambda said: self._begin(self._drain(said.seconds)),
            Scraped: self._scraped,
        }

    async def prepare(self, configuration: Configuration) -> Prepared | Unfit:
        """Build what a configuration needs beside the requests that are under way."""
        digest = configuration.digest
        try:
            access = configuration.settings.admin
            gate = OidcGate(access) if access.issuer else None
            state = await asyncio.to_thread(self._parts.build_state, configuration, self._in_force)
        except ProveoutError as error:
            return Unfit(digest, error.to_dict())
        except Exception as error:  # noqa: BLE001  whatever is wrong with the new one, the old one stays in force
            said = {"about": "configuration", "what": "it cannot be prepared", "fix": "report this as a bug"}
            return Unfit(digest, {"error": type(error).__name__, "why": str(error), **said})
        for unused in self._prepared.values():
            await unused.state.close(self._in_force)
        self._prepared = {digest: _Ready(configuration, state, gate)}
        return Prepared(digest)

    async def serve(self, listening: socket.socket, recorder: RingRecorder) -> None:
        """Take requests under what was prepared first, until drained."""
        digest, ready = next(iter(self._prepared.items()))
        self._gateway = self._parts.make_gateway(ready.state, recorder, self._slots, self._number)
        self._probes = Probes(recorder, self._scrape)
        config = Config(
            cast("Any", self._probes.before(self._gateway.app)),
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            access_log=False,
            log_config=None,
        )
        config.load()
        # Neither `server` nor `date`: the first tells what to attack, and no client needs the second.
        make = partial(GuardedProtocol, config, self._state, {}, self._loop, guard=self._guard)
        self._acceptor = Acceptor(self._loop, listening, make)
        self._acceptor.start()
        self._guard.start(self._loop, cast("Any", self._state.connections))
        self._use(digest)
        _settle()
        listens = self._loop.create_task(self._listen())
        await self._ended.wait()
        listens.cancel()
        self._guard.stop()
        self._channel.close()

    async def _listen(self) -> None:
        while (said := await self._channel.receive()) is not None:
            self._heard[type(said)](said)
        # Nobody writes the ledger any more, and the next supervisor waits for this process to be gone.
        os._exit(ORPHANED)

    def _begin(self, run: Any) -> None:
        task = self._loop.create_task(run)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_prepare(self, configuration: Configuration) -> None:
        self._channel.send(await self.prepare(configuration))

    def _use(self, digest: str) -> None:
        """Put in force what was prepared."""
        configuration, state, gate = self._prepared.pop(digest)
        if self._in_force is not None:
            before = self._gateway.swap(state)
            self._begin(before.close(state))
            self._loop.call_later(SETTLE_SECONDS, _settle)
        self._in_force = state
        self._guard.set_limits(configuration.settings.server)
        self._probes.use(digest, state, configuration.folders, Access(state.keys, gate))
        self._channel.send(Using(digest))

    async def _scrape(self, what: Literal["figures", "status"]) -> bytes | None:
        number = next(self._numbers)
        asked = self._scrapes[number] = self._loop.create_future()
        self._channel.send(Scrape(number, what))
        try:
            return await asyncio.wait_for(asked, SCRAPE_SECONDS)
        except TimeoutError:
            return None
        finally:
            del self._scrapes[number]

    def _scraped(self, said: Scraped) -> None:
        asked = self._scrapes.get(said.number)
        if asked is not None and not asked.done():
            asked.set_result(said.body)

    async def _drain(self, seconds: float) -> None:
        """Let nothing in, finish what is under way, and end.

        The socket stays open meanwhile: who asks is told 503 instead of being refused a connection, and ``/readyz``
        can be asked.
        """
        self._gateway.draining = self._probes.draining = self._guard.draining = True
        connections = cast("set[GuardedProtocol]", self._state.connections)
        for connection in connections:
            connection.drain()
        deadline = self._loop.time() + seconds
        while self._gateway.under_way and self._loop.time() < deadline:  # noqa: ASYNC110  the path has no event for it
            await asyncio.sleep(LOOK_SECONDS)
        self._acceptor.close()
        if self._gateway.under_way:
            for task in self._state.tasks:
                task.cancel()
        deadline = self._loop.time() + CLOSE_SECONDS
        while (connections or self._state.tasks) and self._loop.time() < deadline:
            # One that was just made has its request on the way, and is told why it is not taken.
            patient = self._loop.time() < deadline - CLOSE_SECONDS + NEW_SECONDS
            for connection in list(connections):
                if not (patient and connection.is_new):
                    connection.shutdown()
            await asyncio.sleep(LOOK_SECONDS)
        self._ended.set()


def _settle() -> None:
    """Collect what a start or a reload left, and never look at the rest again: it stays until the next reload."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main(sys.argv[1:])
