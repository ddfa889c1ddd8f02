"""Equal requests at the same time wait for one answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proveout.gateway.cache._exact import Cached

__all__ = ["Flights"]


class Flights:
    """Answers under way, by key. A leader that fails fails alone: each that waited for it tries by itself.

    Example:
        >>> import asyncio
        >>> async def two() -> tuple[bool, bool]:
        ...     flights = Flights()
        ...     first, second = flights.join(b"key"), flights.join(b"key")
        ...     flights.land(b"key", None)
        ...     return first is None, await flights.wait(second) is None
        >>> asyncio.run(two())
        (True, True)
    """

    def __init__(self) -> None:
        self._under_way: dict[bytes, asyncio.Future[Cached | None]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def join(self, key: bytes) -> asyncio.Future[Cached | None] | None:
        """What to `wait` for; None for the first, who answers and must `land`, whatever happens to it."""
        found = self._under_way.get(key)
        if found is None:
            self._under_way[key] = asyncio.get_running_loop().create_future()
        return found

    @staticmethod
    async def wait(flight: asyncio.Future[Cached | None]) -> Cached | None:
        """The answer of the leader; None when it has none to share. One that stops waiting disturbs no other."""
        return await asyncio.shield(flight)

    def land(self, key: bytes, cached: Cached | None) -> None:
        """Say what came of it; None when there is no answer to share. May be called twice."""
        flight = self._under_way.pop(key, None)
        if flight is not None and not flight.done():
            flight.set_result(cached)
