"""What a worker answers with: the request path, behind the few calls that the server makes of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from proveout.gateway._configuration import Configuration
    from proveout.gateway.keys import KeyRing
    from proveout.gateway.providers import Providers
    from proveout.gateway.record import Recorder
    from proveout.gateway.tasks import TaskAnswerer

__all__ = ["PARTS", "Parts", "Served", "build_state", "load_parts", "make_gateway"]

PARTS = __name__


class State(Protocol):
    """What is in force in a worker.

    Attributes:
        keys: that may call; None where no key is asked for.
        tasks: what answers each, by name.
        providers: upstreams.
    """

    keys: KeyRing | None
    tasks: Mapping[str, TaskAnswerer]
    providers: Providers

    async def close(self, after: Any = None) -> None:
        """Let go of what ``after`` does not use too; what requests under way use ends with them."""
        ...


class Served(Protocol):
    """The request path of one worker.

    Attributes:
        draining: once true, it refuses what comes.
    """

    draining: bool

    @property
    def app(self) -> Callable[[Any, Any, Any], Awaitable[None]]:
        """ASGI 3."""
        ...

    @property
    def under_way(self) -> int:
        """Requests that were let in and are not answered to their end."""
        ...

    def swap(self, state: Any) -> State:
        """Put a state in force for requests from now on; the one before."""
        ...


class Parts(Protocol):
    """A module with these functions; the tests of the server have another."""

    build_state: Callable[[Configuration, State | None], State]
    make_gateway: Callable[[State, Recorder, Path, int], Served]


def load_parts(name: str) -> Parts:
    """The module of that name."""
    found: Any = import_module(name)
    parts: Parts = found
    return parts


def build_state(configuration: Configuration, before: Any) -> State:
    """What answers under a configuration, with what it has in common with the one before.

    Raises:
        ProveoutError: it cannot be used.
    """
    # Imported here so that the supervisor, which reads names of this module, does not load the path.
    from proveout.gateway import path  # noqa: PLC0415

    return path.build_state(configuration, before=before)


def make_gateway(state: Any, recorder: Recorder, slots: Path, number: int) -> Served:
    """The request path of the worker of that number, with limits that it shares with the others."""
    from proveout.gateway import path  # noqa: PLC0415  as above
    from proveout.gateway.limits import Limiter, SharedSlots  # noqa: PLC0415  as above

    return path.Gateway(state, recorder, limiter=Limiter(SharedSlots(slots, number)))
