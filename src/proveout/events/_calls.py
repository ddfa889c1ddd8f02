"""Calling a handler within a time limit, and what the call took."""

from __future__ import annotations

import time
from queue import SimpleQueue
from threading import Event as Signal
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import HandlerStuck, HandlerTimedOut
from proveout.task import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Call", "Caller"]

MOST_ABANDONED = 16


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A result with what it took.

    Attributes:
        result: as JSON values.
        wall_seconds: elapsed.
        cpu_seconds: of the thread, or what an `Answer` says of itself.
        usd: paid to a provider, as an `Answer` says.
    """

    result: Any
    wall_seconds: float
    cpu_seconds: float
    usd: float = 0.0


class _Job:
    """One function to be called by the thread."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.done = Signal()
        self.value: Any = None
        self.error: BaseException | None = None
        self.wall = self.cpu = 0.0

    def run(self) -> None:
        """Call it, and keep what it gives or raises."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            self.value = self.function()
        except BaseException as error:  # noqa: BLE001  handed to the thread that asked
            self.error = error
        self.wall, self.cpu = time.perf_counter() - wall, time.thread_time() - cpu
        self.done.set()


class Caller:
    """Calls functions one after the other in a thread of its own, which is left behind when one does not return.

    A thread cannot be ended from outside: at most ``MOST_ABANDONED`` are left behind.

    Example:
        >>> Caller().call(lambda: {"a": 1}, seconds=5).result
        {'a': 1}
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] | None = None
        self._abandoned: list[_Job] = []

    def call(self, function: Callable[[], Any], *, seconds: float) -> Call:
        """The function's result as JSON values.

        Raises:
            HandlerTimedOut: it did not return in time.
            HandlerStuck: too many calls never returned.
            Exception: what the function raised.
        """
        job = _Job(function)
        self._thread().put(job)
        if not job.done.wait(seconds):
            self._abandon(job)
            why, fix = f"it did not return within {seconds:g} s", "raise timeout_seconds, or mend the handler"
            raise HandlerTimedOut("a handler took too long", why=why, fix=fix, about="handler")
        if job.error is not None:
            raise job.error
        return _call(job)

    def close(self) -> None:
        """Let the thread end."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None

    def _thread(self) -> SimpleQueue[_Job | None]:
        self._abandoned = [job for job in self._abandoned if not job.done.is_set()]
        if len(self._abandoned) >= MOST_ABANDONED:
            why, fix = f"{len(self._abandoned)} calls have not returned", "mend the handler and start again"
            raise HandlerStuck("no further call is made", why=why, fix=fix, about="handler")
        if self._jobs is None:
            self._jobs = SimpleQueue()
            Thread(target=_work, args=(self._jobs,), daemon=True, name="proveout-handler").start()
        return self._jobs

    def _abandon(self, job: _Job) -> None:
        self._abandoned.append(job)
        self.close()


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job.run()


def _call(job: _Job) -> Call:
    usage = job.value.usage if isinstance(job.value, Answer) else None
    return Call(
        result=msgspec.to_builtins(job.value, str_keys=True),
        wall_seconds=job.wall,
        cpu_seconds=usage.cpu_seconds if usage and usage.cpu_seconds else job.cpu,
        usd=usage.usd if usage else 0.0,
    )
