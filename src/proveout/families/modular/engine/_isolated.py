"""Steps in processes of their own, which may crash, hang or be killed without harm to the engine."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from multiprocessing.connection import Pipe
from threading import Lock
from typing import TYPE_CHECKING, Any

from proveout.errors import StepLost, StepTimedOut
from proveout.families.modular.engine import _child
from proveout.families.modular.engine._child import FAILED, NO_MEMORY, OUTPUT, READY, Work
from proveout.families.modular.engine._faults import error_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.families.modular.graph import Call, Node

__all__ = ["CallStopped", "Isolated", "place_of"]

START_SECONDS = 120.0
# For a process whose pipe has closed to be gone.
END_SECONDS = 5.0
# Between two looks whether the run was cancelled.
LOOK_SECONDS = 0.1


class CallStopped(Exception):
    """The run was cancelled while the step was at work, and its process was killed."""


class _Process:
    """One child that serves one step.

    It is a fresh process, not a fork: a fork of a process with threads may hang.
    """

    def __init__(self, node: Node) -> None:
        self._calls, theirs = Pipe()
        their_lifeline, self._lifeline = Pipe(duplex=False)
        ends = (theirs.fileno(), their_lifeline.fileno())
        # -P: the folder of the script holds modules of ours, not of the step's.
        command = [sys.executable, "-P", _child.__file__, *map(str, ends)]
        self._process = subprocess.Popen(command, pass_fds=ends, stdin=subprocess.DEVNULL)  # noqa: S603  our own script
        theirs.close()
        their_lifeline.close()
        self._work = _work(node)
        self._name = node.name
        self._memory_mb = node.spec.memory_mb
        self._ready = False

    def call(self, arguments: dict[str, Any], timeout: float | None, cancelled: Callable[[], bool]) -> bytes:
        """The JSON of the output."""
        if not self._ready:
            self._say(tuple(self._work))
            self._answer(START_SECONDS, cancelled)
            self._ready = True
        self._say(arguments)
        return self._answer(timeout, cancelled)

    def _say(self, what: object) -> None:
        try:
            self._calls.send(what)
        except OSError as error:
            raise self._lost() from error

    def _answer(self, timeout: float | None, cancelled: Callable[[], bool]) -> bytes:
        ends = None if timeout is None else time.monotonic() + timeout
        while not self._calls.poll(
            LOOK_SECONDS if ends is None else max(min(LOOK_SECONDS, ends - time.monotonic()), 0)
        ):
            if cancelled():
                raise CallStopped
            if ends is not None and time.monotonic() >= ends:
                why = f"it was not done in {timeout} s, and its process was killed"
                raise StepTimedOut("a step took too long", why=why, fix="give it more time", about=self._name)
        try:
            said = self._calls.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        return self._content(said[:1], said[1:])

    def _content(self, tag: bytes, content: bytes) -> bytes:
        if tag == FAILED:
            raise error_of(content)
        if tag == NO_MEMORY:
            why = f"it asked for more than memory_mb = {self._memory_mb}"
            fix = "give it more, or less to do"
            raise StepLost("a step ran out of memory", why=why, fix=fix, about=self._name)
        assert tag in {READY, OUTPUT}, tag  # noqa: S101  no other tag is sent
        return content

    def _lost(self) -> StepLost:
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            # It closed its pipe and lives on.
            self._process.kill()
            code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        fix = "find out what ends it; other steps and runs go on"
        return StepLost("a step's process ended", why=f"it ended {how}", fix=fix, about=self._name)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._calls.close()
        self._lifeline.close()


def _work(node: Node) -> Work:
    module, file = place_of(node.spec.run)
    return Work(node.name, sys.path, module, file, pickle.dumps(node.spec.run), node.spec.memory_mb)


def place_of(run: Any) -> tuple[str, str]:
    """The module of a step, and the file it was loaded from; "" for none."""
    module = getattr(run, "__module__", None) or type(run).__module__
    return module, getattr(sys.modules.get(module), "__file__", None) or ""


class Isolated:
    """Processes that are ready for the next call of their step."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str], list[_Process]] = {}
        self._lock = Lock()

    def call(self, call: Call, arguments: dict[str, Any], cancelled: Callable[[], bool]) -> bytes:
        """The JSON of the output.

        Raises:
            StepFailed: the step raised.
            StepTimedOut: it was killed when its time was over.
            StepLost: its process ended, or ran out of memory.
            CallStopped: the run was cancelled.
        """
        node = call.node
        process = self._take(node)
        good = False
        try:
            content = process.call(arguments, node.spec.timeout_seconds, cancelled)
            good = True
            return content
        finally:
            # After an error it may hold anything: the next call gets a fresh one.
            if good:
                with self._lock:
                    self._idle.setdefault((node.name, node.version), []).append(process)
            else:
                process.kill()

    def _take(self, node: Node) -> _Process:
        with self._lock:
            idle = self._idle.get((node.name, node.version))
            if idle:
                return idle.pop()
        return _Process(node)

    def close(self) -> None:
        """End all that are idle."""
        with self._lock:
            processes = [process for idle in self._idle.values() for process in idle]
            self._idle.clear()
        for process in processes:
            process.kill()
