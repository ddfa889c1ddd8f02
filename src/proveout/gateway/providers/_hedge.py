"""A second, equal call when the first is slow to begin: the first answer wins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proveout.errors import UpstreamFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.gateway.upstream import Call, Client, Response

__all__ = ["hedged"]

FIRST_FAILURE = 400


async def hedged(client: Client, call: Call, *, after: float, may: Callable[[], bool]) -> Response:
    """The answer of the first of two equal calls that gives one; the other call is closed.

    After J. Dean and L. Barroso, *The Tail at Scale*, Communications of the ACM 56(2), 2013. What the call that lost
    cost is not known and not counted.

    Args:
        client: that calls.
        call: to make.
        after: seconds without the head of an answer after which there is a second call.
        may: whether there may be one; asked once, when it is due.

    Raises:
        UpstreamFailed: no call gave an answer.
    """
    tasks = {asyncio.ensure_future(client.send(call))}
    winner: asyncio.Future[Response] | None = None
    try:
        ended, waiting = await asyncio.wait(tasks, timeout=after)
        if not ended and may():
            tasks.add(asyncio.ensure_future(client.send(call)))
            waiting = set(tasks)
        while not (winner := _best(ended)) and waiting:
            now, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            ended |= now
        winner = winner or ended.pop()
        return winner.result()
    finally:
        for task in tasks:
            if task is not winner:
                task.add_done_callback(_discard)
                task.cancel()


def _best(ended: set[asyncio.Task[Response]] | set[asyncio.Future[Response]]) -> asyncio.Future[Response] | None:
    return next((one for one in ended if not one.exception() and one.result().status < FIRST_FAILURE), None)


def _discard(task: asyncio.Future[Response]) -> None:
    if task.cancelled():
        return
    error = task.exception()
    if error is None:
        task.result().close()
    elif not isinstance(error, UpstreamFailed):
        task.get_loop().call_exception_handler({"message": "a call that lost failed", "exception": error})
