"""Steps and graphs as people declare them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

if TYPE_CHECKING:
    from proveout.families.modular.graph._bindings import Binding, Bound

__all__ = ["AnyGraph", "Retry", "StepSettings", "StepSpec"]

# A timer that runs for longer than three years overflows on some systems.
LONGEST = 1e8
Seconds = Annotated[float, msgspec.Meta(ge=0, le=LONGEST)]


class AnyGraph:
    """What `Graph` shows to the graph that it stands in."""

    name: str
    takes: dict[str, Any]
    bound: tuple[Bound, ...]
    output: Binding
    output_type: Any
    steps: tuple[StepSpec, ...]
    fingerprint: str


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

    attempts: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    backoff_seconds: Seconds = 0.1
    factor: Annotated[float, msgspec.Meta(ge=1, le=1e6)] = 2.0
    most_seconds: Seconds = 60.0

    def wait(self, failed: int) -> float:
        """Seconds to wait after that many failed attempts."""
        if self.backoff_seconds <= 0:
            return 0.0
        # By logarithm, as the power itself may be too large for a float.
        grown = math.log(self.backoff_seconds) + (failed - 1) * math.log(self.factor)
        if self.most_seconds <= 0 or grown >= math.log(self.most_seconds):
            return self.most_seconds
        return self.backoff_seconds * self.factor ** (failed - 1)


class StepSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a step says besides its name and what it calls: the same in Python and in TOML. See `StepSpec`."""

    takes: dict[str, str] = {}
    given: dict[str, Any] = {}
    when: dict[str, Annotated[tuple[Any, ...], msgspec.Meta(min_length=1)]] = {}
    each: str = ""
    retry: Retry = Retry()
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=LONGEST)] | None = None
    keyed: bool = False
    approval: str = ""
    isolated: bool = False
    memory_mb: Annotated[int, msgspec.Meta(ge=1)] | None = None
    version: str = ""
    sync: bool = False


class StepSpec(StepSettings, frozen=True, kw_only=True):
    """One step of a graph: what runs, what it reads and when.

    A reference names a value: ``input.text``, the output of a step (``intent``), a part of it (``intent.label``), or
    the first of several that was not skipped (``book.reply | refuse.reply``). A step that needs a skipped value is
    skipped too; a parameter with a default is left out instead, unless ``each`` names it.

    Attributes:
        name: letters, digits, ``-`` and ``_``.
        run: a function, a micro-model or another `Graph`; it knows nothing of the graph it stands in, and does not
            change its arguments, which other steps may share.
        takes: parameter to reference.
        given: parameter to constant, which must have a form in JSON.
        when: reference to the values on which the step runs, all of which must hold; else it is skipped, as it is
            where the reference itself was skipped.
        each: the parameter whose list is mapped: the step runs once an item and gives the list of outputs, in the
            order of the items; None is an empty list.
        retry: how often it is tried.
        timeout_seconds: of one attempt; None waits for ever.
        keyed: whether ``run`` is also given ``key``: the same text for each attempt of this step in this run, so that
            an effect outside can be made once.
        approval: the question a person answers before the step runs, once for all items of a mapped one; "" asks
            nobody.
        undo: called with the step's arguments and ``output`` when a later step fails, the last step first.
        isolated: whether it runs in a process of its own, which may crash or be killed.
        memory_mb: with ``isolated``, the memory it may take; None sets no limit.
        version: of what runs, as ``name@hash``; "" takes its own ``version``, or a hash of a function's source.
        sync: whether its output is on disk before the next step begins, and not only before the run ends.
    """

    name: str
    run: Callable[..., Any] | AnyGraph
    undo: Callable[..., Any] | None = None
