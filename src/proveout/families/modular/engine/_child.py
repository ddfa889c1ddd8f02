"""The process of an isolated step: loads it once, then answers calls until its parent is gone.

It is run as a script, and imports nothing of this package: importing all families takes seconds, a step may need none.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

from proveout.errors import ProveoutError, StepFailed, StepOutputInvalid

__all__ = ["FAILED", "MAIN", "NO_MEMORY", "OUTPUT", "READY", "Work", "main"]

# The first byte of what the child says.
READY, OUTPUT, FAILED, NO_MEMORY = b"r", b"o", b"f", b"m"
MEBIBYTE = 1 << 20
MAIN = "__main__"


class Work(NamedTuple):
    """What a child does.

    Attributes:
        name: of the step.
        path: where modules are looked for.
        module: in which its function or class stands.
        file: from which that module is loaded where no import finds it; "" for none.
        run: the step, pickled.
        memory_mb: it may take beyond what it takes when loaded; None sets no limit.
    """

    name: str
    path: list[str]
    module: str
    file: str
    run: bytes
    memory_mb: int | None


def main(calls: Connection, lifeline: Connection) -> None:
    """Answer calls; a call is the arguments, an answer one letter and JSON.

    Args:
        calls: both ways; the first thing said is the work.
        lifeline: its other end closes when the parent dies.
    """
    Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    work = Work(*calls.recv())
    sys.path[:] = work.path
    try:
        run = _load(work)
    except Exception as error:  # noqa: BLE001  whatever the import of somebody's code raises goes to the parent
        calls.send_bytes(FAILED + _raised(error, work.name))
        return
    if work.memory_mb is not None:
        _limit_memory(work.memory_mb)
    calls.send_bytes(READY)
    while True:
        try:
            arguments = calls.recv()
        except EOFError:
            return
        calls.send_bytes(_answer(work.name, run, arguments))


def _answer(name: str, run: Any, arguments: dict[str, Any]) -> bytes:
    try:
        return OUTPUT + _encoded(name, run(**arguments))
    except MemoryError:
        return NO_MEMORY
    except Exception as error:  # noqa: BLE001  the parent says what the step raised
        return FAILED + _raised(error, name)


def _encoded(name: str, output: Any) -> bytes:
    try:
        return msgspec.json.encode(output)
    except (TypeError, ValueError, OverflowError) as error:
        fix = "give what the step's annotation says"
        raise StepOutputInvalid("a step gave another type", why=str(error), fix=fix, about=name) from error


def _raised(error: Exception, name: str) -> bytes:
    if not isinstance(error, ProveoutError):
        why = f"{type(error).__name__}: {error}"
        error = StepFailed("a step raised", why=why, fix="correct the step or its input", about=name)
    return msgspec.json.encode(error.to_dict())


def _load(work: Work) -> Any:
    if work.module == MAIN:
        _load_file("__mp_main__", Path(work.file))
        sys.modules[MAIN] = sys.modules["__mp_main__"]
    else:
        try:
            importlib.import_module(work.module)
        except ModuleNotFoundError:
            _load_file(work.module, Path(work.file))
    return pickle.loads(work.run)


def _load_file(module: str, file: Path) -> None:
    spec = importlib.util.spec_from_file_location(module, file)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {module} at {file}", name=module)
    _register_parent(module, file)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    spec.loader.exec_module(loaded)


def _register_parent(module: str, file: Path) -> None:
    """The package that a dotted module stands in: files beside a graph have one that is in no place Python looks."""
    top, _, rest = module.partition(".")
    if not rest or top in sys.modules:
        return
    package = ModuleType(top)
    package.__path__ = [str(file.parents[rest.count(".")])]
    sys.modules[top] = package


def _limit_memory(megabytes: int) -> None:
    """Beyond what is mapped by now: libraries map much that they never touch."""
    statistics = Path("/proc/self/statm")
    mapped = int(statistics.read_text().split()[0]) * resource.getpagesize() if statistics.exists() else 0
    most = mapped + megabytes * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _die_with(lifeline: Connection) -> None:
    """A step whose engine was killed must not go on: the run is taken over, and the step repeated."""
    lifeline.poll(None)
    os._exit(1)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])), Connection(int(sys.argv[2]), writable=False))
