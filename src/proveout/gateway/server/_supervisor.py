"""The supervisor: keeps workers running and under one configuration, and ends them without losing a request."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from proveout import errors
from proveout.errors import GatewayError, ProveoutError, SetupError
from proveout.gateway.server._messages import (
    Channel,
    Drain,
    FromWorker,
    Prepare,
    Prepared,
    Scrape,
    Scraped,
    Start,
    Unfit,
    Use,
    Using,
)
from proveout.gateway.server._status import WorkerStatus, supervisor_status

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from proveout.gateway._configuration import Configuration
    from proveout.gateway.server._records import Records
    from proveout.gateway.server._spawn import Spawned

__all__ = ["Sources", "Supervisor"]

LOOK_SECONDS = 0.5
# A build, a certificate or an alarm may take this long to be noticed.
BUILT_SECONDS = 2.0
# For a worker to import, to build its state, to say so: tasks load models.
START_SECONDS = 120.0
# Beyond the time that requests may take, for workers to end.
END_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
# A worker that ran so long did not die of its start.
STEADY_SECONDS = 30.0
Stamp = tuple[tuple[int, int, int] | None, ...]


class Sources(NamedTuple):
    """Where the configuration comes from.

    Attributes:
        read: reads it again.
        files: whose change makes it be read again.
        built: what is built for the tasks; a change of it makes it be read again too.
    """

    read: Callable[[], Configuration]
    files: tuple[Path, ...]
    built: Callable[[], str]


class _Hand:
    """One worker as the supervisor sees it."""

    def __init__(self, number: int, spawned: Spawned) -> None:
        self.number = number
        self.spawned = spawned
        self.channel: Channel[FromWorker] | None = None
        self.ring: Path | None = None
        self.using = ""
        self.answer: asyncio.Future[FromWorker | None] | None = None

    def answered(self, said: FromWorker | None) -> None:
        """What was waited for has come; None when the worker is gone."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(said)

    async def asked(self, message: Start | Prepare | Use) -> FromWorker | None:
        """Send, and wait for the answer; None when the worker is gone, or takes so long that it is killed."""
        self.answer = asyncio.get_running_loop().create_future()
        if self.channel is None or self.spawned.process.poll() is not None:
            return None
        self.channel.send(message)
        try:
            return await asyncio.wait_for(self.answer, START_SECONDS)
        except TimeoutError:
            self.spawned.process.kill()
            return None


class Supervisor:
    """Runs until a signal.

    Args:
        configuration: to begin with.
        sources: of later ones.
        spawn: starts a worker.
        listening: the socket that workers inherit; closed when draining begins.
        records: the ledger's writer.
        notice: called with a line about what goes on.
    """

    def __init__(
        self,
        configuration: Configuration,
        sources: Sources,
        spawn: Callable[[], Spawned],
        listening: socket.socket,
        records: Records,
        notice: Callable[[str], None],
    ) -> None:
        self._configuration = configuration
        self._sources = sources
        self._stamp = _stamp(sources.files)
        self._last_built = configuration.built
        self._next_built = 0.0
        self._spawn = spawn
        self._listening = listening
        self._records = records
        self._notice = notice
        self._hands: dict[int, _Hand] = {}
        self._tending: set[asyncio.Task[None]] = set()
        # One worker is started, or one configuration put in force, at a time.
        self._changing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._forced = asyncio.Event()
        self._pauses: dict[int, float] = {}
        self._failure: BaseException | None = None

    async def run(self, spawned: list[Spawned], ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT, then drain.

        Args:
            spawned: workers that were started already, so that they import while their supervisor does.
            ready: called once all workers take requests.

        Raises:
            ProveoutError: a worker cannot use the configuration, or the ledger cannot be written to any more.
            KeyboardInterrupt: a second signal came while draining.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)

        def failed(error: ProveoutError) -> None:
            loop.call_soon_threadsafe(self._fail, error)

        self._records.start(failed)
        await asyncio.to_thread(self._records.tell_keys)
        await asyncio.gather(*(self._first(number, one) for number, one in enumerate(spawned)))
        if not self._stopping.is_set():
            ready()
        self._keep(loop.create_task(self._look()))
        await self._stopping.wait()
        await self._drain()
        if self._failure is not None:
            raise self._failure

    # Signals

    def _on_stop(self) -> None:
        if self._stopping.is_set():
            self._forced.set()
        self._stopping.set()

    def _on_hangup(self) -> None:
        self._keep(asyncio.get_running_loop().create_task(self._reload(asked=True)))

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stopping.set()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tending.add(task)
        task.add_done_callback(self._kept)

    def _kept(self, task: asyncio.Task[None]) -> None:
        self._tending.discard(task)
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            self._fail(problem)

    # Workers

    async def _first(self, number: int, spawned: Spawned) -> None:
        hand = await self._take(number, spawned)
        problem = await self._bring_up(hand)
        if problem is not None:
            self._fail(problem)

    async def _take(self, number: int, spawned: Spawned) -> _Hand:
        hand = self._hands[number] = _Hand(number, spawned)
        hand.channel = await Channel.over(spawned.control, FromWorker)
        capacity = self._configuration.settings.server.ring_bytes
        hand.ring = await asyncio.to_thread(self._records.ring, number, capacity, spawned.line)
        self._keep(asyncio.get_running_loop().create_task(self._tend(hand, hand.channel)))
        return hand

    async def _bring_up(self, hand: _Hand) -> ProveoutError | None:
        """Start a worker under what is in force; why it cannot."""
        start = Start(hand.number, str(hand.ring), str(self._records.slots), self._configuration)
        said = await hand.asked(start)
        if isinstance(said, Using):
            hand.using = said.digest
            return None
        hand.spawned.process.kill()
        if isinstance(said, Unfit):
            return _rebuilt(said.error)
        why, fix = "it ended before it took requests", "read what it printed above"
        return SetupError("a worker cannot start", why=why, fix=fix, about=f"worker {hand.number}")

    async def _tend(self, hand: _Hand, channel: Channel[FromWorker]) -> None:
        """Hear a worker out until it is gone; then another takes its place."""
        started = time.monotonic()
        while (said := await channel.receive()) is not None:
            if isinstance(said, Scrape):
                channel.send(Scraped(said.number, await TOLD[said.what](self)))
            else:
                hand.answered(said)
        hand.answered(None)
        channel.close()
        code = await asyncio.to_thread(_end_of, hand.spawned.process)
        if hand.ring is not None:
            await asyncio.to_thread(self._records.retire, hand.number, hand.ring)
        was_serving, hand.using = bool(hand.using), ""
        if self._stopping.is_set() or not was_serving:
            return
        if time.monotonic() - started >= STEADY_SECONDS:
            self._pauses.pop(hand.number, None)
        self._notice(f"worker {hand.number} ended ({_meaning(code)}); another takes its place.")
        await self._replace(hand.number)

    async def _figures(self) -> bytes:
        fold = self._records.fold
        fold.running = sum(bool(hand.using) for hand in self._hands.values())
        try:
            return await asyncio.to_thread(fold.render)
        except ProveoutError as error:
            self._notice(str(error))
            return b""

    async def _status(self) -> bytes:
        crew = [
            WorkerStatus(number=n, process=h.spawned.process.pid, configuration=h.using) for n, h in self._hands.items()
        ]
        spent = await asyncio.to_thread(self._records.spent, [key.id for key in self._configuration.keys])
        restarts = self._records.fold.restarts
        return msgspec.json.encode(supervisor_status(self._configuration, crew, restarts, spent))

    async def _replace(self, number: int) -> None:
        while True:
            pause = self._pauses[number] = min(2 * self._pauses.get(number, FIRST_PAUSE / 2), LONGEST_PAUSE)
            await self._rest(pause)
            async with self._changing:
                if self._stopping.is_set():
                    return
                problem = await self._bring_up(await self._take(number, self._spawn()))
            if problem is None:
                self._records.fold.restarts += 1
                return
            self._notice(f"{problem} It is tried again.")

    async def _rest(self, seconds: float) -> None:
        """Wait for so long, or until draining begins."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # Configuration

    async def _look(self) -> None:
        while not self._stopping.is_set():
            await self._rest(LOOK_SECONDS)
            before, self._stamp = self._stamp, _stamp(self._sources.files)
            if await self._is_rebuilt() or self._stamp != before:
                await self._reload(asked=False)

    async def _is_rebuilt(self) -> bool:
        now = time.monotonic()
        if now < self._next_built:
            return False
        self._next_built = now + BUILT_SECONDS
        async with self._changing:
            before, self._last_built = self._last_built, await asyncio.to_thread(self._sources.built)
        return self._last_built != before

    async def _reload(self, *, asked: bool) -> None:
        """Put what is written in force, in all workers or in none.

        Args:
            asked: by a person, who may have changed what nobody watches: do it though nothing seems to have changed.
        """
        async with self._changing:
            try:
                wanted = await asyncio.to_thread(self._sources.read)
                await asyncio.to_thread(self._records.tell_keys)
            except ProveoutError as error:
                self._notice(f"{error} Until then {self._configuration.digest} stays in force.")
                return
            if asked or wanted.digest != self._configuration.digest:
                await self._put_in_force(wanted)

    async def _put_in_force(self, wanted: Configuration) -> None:
        """First all build what it needs, then all use it: no worker begins before the last one can."""
        hands = [hand for hand in self._hands.values() if hand.using]
        told = await asyncio.gather(*(hand.asked(Prepare(wanted)) for hand in hands))
        unfit = next((said for said in told if isinstance(said, Unfit)), None)
        if unfit is not None:
            self._notice(f"{_rebuilt(unfit.error)} Until then {self._configuration.digest} stays in force.")
            return
        try:
            await asyncio.to_thread(self._records.fold.use, wanted.settings)
        except ProveoutError as error:
            self._notice(f"{error} Until then {self._configuration.digest} stays in force.")
            return
        # A worker that has died meanwhile begins with this one.
        self._configuration = wanted
        able = [hand for hand, said in zip(hands, told, strict=True) if isinstance(said, Prepared)]
        for hand, said in zip(
            able, await asyncio.gather(*(hand.asked(Use(wanted.digest)) for hand in able)), strict=True
        ):
            hand.using = said.digest if isinstance(said, Using) else hand.using
        self._notice(f"{wanted.digest} is in force.")

    # The end

    async def _drain(self) -> None:
        seconds = self._configuration.settings.server.drain_seconds
        self._listening.close()
        for hand in self._hands.values():
            if hand.channel is not None:
                hand.channel.send(Drain(seconds))
        ends = asyncio.ensure_future(self._all_ended())
        forced = asyncio.ensure_future(self._forced.wait())
        await asyncio.wait({ends, forced}, timeout=seconds + END_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for hand in self._hands.values():
            hand.spawned.process.kill()
        if self._forced.is_set():
            raise KeyboardInterrupt
        forced.cancel()
        await ends

    async def _all_ended(self) -> None:
        while self._tending:
            await asyncio.wait(self._tending)


TOLD = {"figures": Supervisor._figures, "status": Supervisor._status}  # noqa: SLF001  a table of this class's own methods


def _stamp(paths: tuple[Path, ...]) -> Stamp:
    """Another one after each change of the files; the clock's time means nothing in it."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


def _end_of(process: subprocess.Popen[bytes]) -> int:
    """The code of a worker whose channel has ended, which is to end itself."""
    try:
        return process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _meaning(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _rebuilt(said: dict[str, str]) -> ProveoutError:
    """The error that a worker told."""
    kind = getattr(errors, said["error"], None)
    kind = kind if isinstance(kind, type) and issubclass(kind, ProveoutError) else GatewayError
    return kind(said["what"], why=said["why"], fix=said["fix"], about=said["about"])
