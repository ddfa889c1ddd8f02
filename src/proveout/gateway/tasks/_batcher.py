"""Work that takes long, off the event loop: what waits while a batch is under way becomes the next batch."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from proveout.errors import Overloaded, UpstreamTimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Batcher"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Answers items in batches on threads of its own; used from one event loop.

    A batch that fails is tried again item by item, so that one item cannot fail others. An item whose waiter went away
    before its batch began is not answered at all.

    Args:
        name: of what answers, for threads and errors.
        answer: gives one result for each item, in order; called on a thread.
        most: items in one batch.
        threads: batches under way at the same time.
        waiting: items that may wait; one more is refused.

    Example:
        >>> batcher = Batcher("double", lambda items: [2 * one for one in items])
        >>> async def main():
        ...     return await asyncio.gather(*(batcher.ask(number, seconds=5) for number in range(3)))
        >>> asyncio.run(main())
        [0, 2, 4]
        >>> batcher.close()
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        most: int = 64,
        threads: int = 1,
        waiting: int = 1024,
    ) -> None:
        self._name, self._answer = name, answer
        self._most, self._threads, self._room = most, threads, waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._under_way = 0
        self._closed = False
        # Threads are begun when they are first needed.
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"answers-{name}")

    async def ask(self, item: Item, *, seconds: float) -> Result:
        """The result of one item.

        Raises:
            Overloaded: too many wait already.
            UpstreamTimedOut: there is no result in time; the thread goes on with what it began.
            Exception: whatever answering this item alone raises.
        """
        if self._closed or len(self._waiting) >= self._room:
            raise self._refused()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._begin()
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError as error:
            if future.done() and not future.cancelled():
                # The item's own error, and not the clock's.
                raise
            why = f"it took more than {seconds:g} s"
            raise UpstreamTimedOut("no answer in time", why=why, fix="try again later", about=self._name) from error
        finally:
            if future.cancelled():
                self._drop_cancelled()

    def close(self) -> None:
        """Refuse what waits and what comes; what is under way ends by itself.

        After a reload it need not be called: the threads end once nothing refers to the batcher any more.
        """
        self._closed = True
        while self._waiting:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(self._refused())
        self._pool.shutdown(wait=False)

    def _refused(self) -> Overloaded:
        why = "it is closing" if self._closed else f"{self._room} requests wait for it"
        fix = "try again later"
        return Overloaded("too many requests at once", why=why, fix=fix, about=self._name, retry_after=1)

    def _drop_cancelled(self) -> None:
        """Make room at once: those that gave up do not count among those that wait."""
        self._waiting = deque(pair for pair in self._waiting if not pair[1].done())

    def _begin(self) -> None:
        while self._waiting and self._under_way < self._threads:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            live = [(item, future) for item, future in batch if not future.done()]
            if not live:
                continue
            self._under_way += 1
            loop = asyncio.get_running_loop()
            done = loop.run_in_executor(self._pool, self._run, [item for item, _ in live])
            done.add_done_callback(partial(self._end, [future for _, future in live]))

    def _end(self, futures: list[asyncio.Future[Result]], found: asyncio.Future[list[Result | Exception]]) -> None:
        self._under_way -= 1
        error = asyncio.CancelledError() if found.cancelled() else found.exception()
        results = [error] * len(futures) if error is not None else found.result()
        for future, result in zip(futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, asyncio.CancelledError):
                future.cancel()
            elif isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._begin()

    def _run(self, items: list[Item]) -> list[Result | Exception]:
        try:
            return self._checked(items)
        except Exception as error:  # noqa: BLE001  whatever a candidate raises goes to the one who waits for it
            if len(items) == 1:
                return [error]
        return [one for item in items for one in self._run([item])]

    def _checked(self, items: list[Item]) -> list[Result | Exception]:
        results = list(self._answer(items))
        if len(results) != len(items):
            raise ValueError(f"{self._name} gave {len(results)} results for {len(items)} items")
        return list(results)
