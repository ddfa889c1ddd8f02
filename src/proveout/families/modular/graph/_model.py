"""Steps and graphs as people declare them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from proveout.families.modular.graph._graph import Graph

__all__ = ["Retry", "StepSpec"]


class Retry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a step that raised is tried again, and how long it waits: exponential back-off without jitter.

    Attributes:
        attempts: in all, the first included.
        backoff_seconds: before the second attempt.
        factor: by which each wait is longer than the one before.
        most_seconds: the longest wait.

    Example:
        >>> [Retry(attempts=4, backoff_seconds=0.5).wait(failed) for failed in (1, 2, 3)]
        [0.5, 1.0, 2.0]
    """

    attempts: int = 1
    backoff_seconds: float = 0.1
    factor: float = 2.0
    most_seconds: float = 60.0

    def wait(self, failed: int) -> float:
        """Seconds to wait after that many failed attempts."""
        return float(min(self.backoff_seconds * self.factor ** (failed - 1), self.most_seconds))


class StepSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a graph: what runs, what it reads and when.

    A reference names a value: ``input.text``, the output of a step (``intent``), a part of it (``intent.label``), or
    the first of several that was not skipped (``book.reply | refuse.reply``).

    Attributes:
        name: letters, digits, ``-`` and ``_``.
        run: a function, a micro-model or another `Graph`; it knows nothing of the graph it stands in.
        takes: parameter to reference.
        given: parameter to constant.
        when: reference to the values on which the step runs; else it is skipped, and so is what needs it.
        each: the parameter whose list is mapped: the step runs once an item and gives the list of outputs.
        retry: how often it is tried.
        timeout_seconds: of one attempt; None waits for ever.
        keyed: whether ``run`` is also given ``key``: the same text for each attempt of this step in this run, so that
            an effect outside can be made once.
        approval: the question a person answers before the step runs; "" asks nobody.
        undo: called with the step's arguments and ``output`` when a later step fails, the last step first.
        isolated: whether it runs in a process of its own, which may crash or be killed.
        memory_mb: with ``isolated``, the memory it may take; None sets no limit.
        version: of what runs, as ``name@hash``; "" takes its own ``version``, or a hash of a function's source.
        sync: whether its output is on disk before the next step begins, and not only before the run ends.
    """

    name: str
    run: Callable[..., Any] | Graph
    takes: dict[str, str] = {}
    given: dict[str, Any] = {}
    when: dict[str, tuple[Any, ...]] = {}
    each: str = ""
    retry: Retry = Retry()
    timeout_seconds: float | None = None
    keyed: bool = False
    approval: str = ""
    undo: Callable[..., Any] | None = None
    isolated: bool = False
    memory_mb: int | None = None
    version: str = ""
    sync: bool = False
