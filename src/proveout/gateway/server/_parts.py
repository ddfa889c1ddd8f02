"""What the server is made of: each part is imported in the process that needs it, when it needs it, and in no other."""

# ruff: noqa: PLC0415  a worker has no use for the store, and the supervisor none for the path

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from proveout.gateway._configuration import Configuration
    from proveout.gateway._key import Key
    from proveout.gateway.record import Recorder

__all__ = ["PARTS", "Fold", "Parts", "Served", "build_state", "load_parts", "make_fold", "make_gateway", "read_keys"]

PARTS = __name__


class Fold(Protocol):
    """Figures over the records of all workers."""

    def observe(self, records: Iterable[bytes]) -> None:
        """Count records that were committed."""
        ...

    def render(self, now: float) -> bytes:
        """In the text format of Prometheus; ``now`` in seconds since the epoch."""
        ...


class Served(Protocol):
    """The request path of one worker.

    Attributes:
        app: ASGI 3.
        draining: once true, it refuses what comes.
        under_way: requests that were let in and are not answered to their end.
    """

    app: Any
    draining: bool
    under_way: int

    def swap(self, state: Any) -> None:
        """Requests from now on are under this state."""
        ...


class Parts(Protocol):
    """A module with these functions; the tests have another."""

    read_keys: Callable[[Path], tuple[Key, ...]]
    make_fold: Callable[[], Fold]
    build_state: Callable[[Configuration], Any]
    make_gateway: Callable[[Any, Recorder], Served]


def load_parts(name: str) -> Parts:
    """The module of that name."""
    found: Any = import_module(name)
    parts: Parts = found
    return parts


def read_keys(home: Path) -> tuple[Key, ...]:
    """The keys in the store of a gateway's home.

    Raises:
        StoreCorrupt: the store is damaged.
    """
    from proveout.gateway.keys import load_keys

    from proveout.store import Workspace, open_store

    with open_store(Workspace(home)) as store:
        return load_keys(store)


def make_fold() -> Fold:
    """Metrics that have counted nothing."""
    from proveout.gateway.telemetry import Metrics

    return Metrics()


def build_state(configuration: Configuration) -> Any:
    """What a worker answers with under a configuration.

    Raises:
        ProveoutError: it cannot be used.
    """
    from proveout.gateway import path

    return path.build_state(configuration)


def make_gateway(state: Any, recorder: Recorder) -> Served:
    """The request path."""
    from proveout.gateway import path

    return path.Gateway(state, recorder)
