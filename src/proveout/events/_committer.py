"""Hands events from many requests to the inbox with one sync of the disk for all that wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proveout.events._tables import Accepted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.events._event import Event
    from proveout.events._inbox import Inbox

__all__ = ["Committer"]

AT_ONCE = 1000


class Committer:
    """Group commit: while one transaction is being synced, the events of later callers gather for the next.

    Args:
        inbox: where they go.
        via: how they came.
    """

    def __init__(self, inbox: Inbox, via: str) -> None:
        self._inbox = inbox
        self._via = via
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[Accepted]]] = []
        self._task: asyncio.Task[None] | None = None

    async def accept(self, events: Sequence[Event]) -> Accepted:
        """Store them; durable on return, and stored all the same when the caller is cancelled meanwhile.

        Raises:
            DiskFull: no space is left; none of them was kept.
        """
        done: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit())
        return await done

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            outcomes = await asyncio.to_thread(self._store, [events for events, _ in group])
            for (_, done), outcome in zip(group, outcomes, strict=True):
                if done.done():
                    continue
                if isinstance(outcome, Accepted):
                    done.set_result(outcome)
                else:
                    done.set_exception(outcome)

    def _store(self, groups: list[Sequence[Event]]) -> list[Accepted | Exception]:
        """What became of each caller's events; one that cannot be stored fails alone."""
        try:
            return list(self._inbox.accept_each(groups, via=self._via))
        except Exception as error:  # noqa: BLE001  handed to the callers
            if len(groups) == 1:
                return [error]
            return [one for group in groups for one in self._store([group])]
