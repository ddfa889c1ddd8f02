"""Asking one endpoint: the answer cache first, then the provider; several questions at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from proveout.families.llm._cache import Paid
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.families.llm._cache import AnswerCache
    from proveout.families.llm._completion import Completion
    from proveout.task import Incumbent

__all__ = ["Asker"]

# Part of every key: answers kept in another form are not read.
FORMAT = 1
DIGITS = 6
T = TypeVar("T")


class Completes(Protocol):
    """What answers one chat completion request."""

    def complete(self, body: dict[str, Any]) -> Completion:
        """The answer; a failure is a `ProviderError`."""
        ...


class Asker:
    """One endpoint with its cache.

    Args:
        incumbent: where it is, and how many calls may be under way.
        provider: makes the calls.
        cache: keeps the answers; None keeps none.
        clock: seconds; a test passes its own.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        provider: Completes,
        cache: AnswerCache | None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._incumbent = incumbent
        self._provider = provider
        self._cache = cache
        self._clock = clock

    def ask_all(
        self,
        bodies: Sequence[dict[str, Any]],
        *,
        time_of: int = 0,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> list[Paid]:
        """The answers in order; equal questions are paid once.

        Args:
            bodies: chat completion requests.
            time_of: 0 for the answer; another number asks the same anew, apart from what is kept of the others.
            progress: called with questions answered and questions in all.

        Raises:
            ProviderError: one of them cannot be answered; those that were are kept.
        """
        keys = [
            content_hash([FORMAT, self._incumbent.base_url, self._incumbent.headers, body, time_of]) for body in bodies
        ]
        once = dict(zip(keys, bodies, strict=True))
        jobs = [partial(self._ask, key, body) for key, body in once.items()]
        found = dict(zip(once, in_order(jobs, self._incumbent.concurrency, progress), strict=True))
        return [found[key] for key in keys]

    def _ask(self, key: str, body: dict[str, Any]) -> Paid:
        kept = None if self._cache is None else self._cache.get(key)
        if kept is not None:
            return kept
        begun = self._clock()
        completion = self._provider.complete(body)
        paid = Paid(completion, round(self._clock() - begun, DIGITS))
        if self._cache is not None:
            self._cache.put(key, paid)
        return paid


def in_order(jobs: Sequence[Callable[[], T]], workers: int, progress: Callable[[int, int], None]) -> list[T]:
    """Results in the order of the jobs; after the first error no further job is begun.

    Example:
        >>> in_order([lambda: 1, lambda: 2], 2, lambda done, total: None)
        [1, 2]
    """
    if len(jobs) <= 1:
        return [job() for job in jobs]
    with ThreadPoolExecutor(min(workers, len(jobs))) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress(done, len(jobs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]
