"""Processes of a gateway: started on one core, with the CPU time and memory of all of them, children included."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.01
STOP_SECONDS = 20.0


class Started:
    """A command on a core of its own, and everything that it starts.

    Args:
        command: to run.
        core: that it may use; None leaves it alone.
        folder: it runs there, and its output goes into ``output`` there.
        env: added to the environment.
    """

    def __init__(
        self, command: Sequence[str], *, core: int | None, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._output = folder / "output"
        pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
        self.began = time.perf_counter()
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*pinned, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def until(self, ready: Callable[[], bool], seconds: float = 90.0) -> float:
        """Wait until it is ready; seconds since it was started.

        Raises:
            RuntimeError: it ended, or was not ready in time.
        """
        while not ready():
            if self._process.poll() is not None or time.perf_counter() - self.began > seconds:
                raise RuntimeError(f"not ready: {self.output()[-2000:]}")
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - self.began

    def output(self) -> str:
        """What it printed."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def pids(self) -> list[int]:
        """The process and its descendants."""
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it ended just now
                fields = _fields(path)
                children.setdefault(int(fields[1]), []).append(int(path.parent.name))
        found = [self._process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_of_each(self) -> dict[int, float]:
        """Seconds of user and system time so far by process, with children that ended in their parent's."""
        found = {}
        for pid in self.pids():
            with suppress(OSError):  # it ended just now
                found[pid] = sum(int(field) for field in _fields(Path(f"/proc/{pid}/stat"))[11:15]) / TICKS
        return found

    def cpu_seconds(self) -> float:
        """Of all of them."""
        return sum(self.cpu_of_each().values())

    def memory_of_each(self) -> dict[int, float]:
        """Resident megabytes by process."""
        found = {}
        for pid in self.pids():
            with suppress(OSError):  # it ended just now
                pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
                found[pid] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return found

    def memory_mb(self) -> float:
        """Of all of them, shared pages counted in each."""
        return sum(self.memory_of_each().values())

    def send(self, line: str) -> None:
        """A line for its standard input."""
        assert self._process.stdin is not None  # noqa: S101  it was asked for
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def stop(self) -> int:
        """Ask it to end, and kill what is left; its exit status."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None  # noqa: S101  as above
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        return status


def _fields(path: Path) -> list[str]:
    """State, parent, ... of ``/proc/PID/stat``: what follows the name, which may hold blanks."""
    return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a POST is answered with 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def pin(core: int) -> None:
    """Keep this process on one core."""
    os.sched_setaffinity(0, {core})


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Smallest, median and largest."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return {"min": ordered[0], "median": median, "max": ordered[-1]}
