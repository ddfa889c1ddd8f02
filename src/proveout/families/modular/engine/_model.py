"""What the journal holds and what the engine says of runs, as data."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from proveout.errors import ProveoutError

__all__ = [
    "FINAL",
    "Durability",
    "EngineOptions",
    "RunDetail",
    "RunInfo",
    "RunResult",
    "RunStatus",
    "ScheduleInfo",
    "StepOutcome",
    "StepRecord",
    "StepShown",
]

RunStatus = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
StepOutcome = Literal["done", "failed", "asked", "approved", "refused", "undone", "undo_failed"]
Durability = Literal["run", "step", "none"]
# A run of these goes no further.
FINAL: tuple[RunStatus, ...] = ("done", "failed", "cancelled")


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an engine works.

    Attributes:
        durable: what is on disk, and not only in the system's memory, when it is acknowledged: each finished ``run``,
            each ``step``, or ``none``. A killed process loses no committed step with any of them; a power cut does.
        most_crashes: a run whose worker died this often at one step fails there: the step kills its process.
        poll_seconds: between two looks of a worker that has nothing to do.
        sources: by graph, the text from which a person can load it again; kept with its runs.
    """

    durable: Durability = "run"
    most_crashes: int = 5
    poll_seconds: float = 0.2
    sources: dict[str, str] = {}


class StepRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the journal.

    Attributes:
        step: name.
        item: of a mapped step; -1 for what maps nothing.
        attempt: from 1.
        outcome: ``done`` or ``failed``; ``asked``, ``approved`` or ``refused``; ``undone`` or ``undo_failed``.
        hash: BLAKE2b-128 of the arguments.
        content: JSON: the output, the error, or who answered what.
        started: seconds since the epoch.
        wall_seconds: it took.
        due: when it is tried again; None when it is not.
    """

    step: str
    item: int
    attempt: int
    outcome: StepOutcome
    hash: bytes
    content: bytes
    started: float
    wall_seconds: float = 0.0
    due: float | None = None

    @property
    def name(self) -> str:
        """The step's name, with the item's number where it maps."""
        return self.step if self.item < 0 else f"{self.step}[{self.item}]"


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A run at a glance.

    Attributes:
        id: of the run.
        graph: name.
        version: fingerprint of the graph it runs on.
        status: ``queued``, ``running``, ``waiting`` for a person, ``done``, ``failed`` or ``cancelled``.
        queue: it stands in.
        priority: higher runs first.
        created: seconds since the epoch.
        due: not run before this time.
        ended: seconds since the epoch; None while it goes on.
        key: under which it was started; None for none.
        source: from which its graph can be loaded; "" when that is not known.
    """

    id: str
    graph: str
    version: str
    status: RunStatus
    queue: str
    priority: int
    created: float
    due: float
    ended: float | None
    key: str | None
    source: str


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal as people read it: ``content`` is the output, the error or the answer, as plain JSON."""

    name: str
    attempt: int
    outcome: StepOutcome
    content: Any
    started: float
    wall_seconds: float
    due: float | None


class RunDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a run.

    Attributes:
        run: at a glance.
        inputs: as plain JSON.
        output: as plain JSON; None while there is none.
        error: of a failed run, as ``code``, ``what``, ``why``, ``fix`` and ``about``.
        asks: the questions it waits on, by step.
        steps: its journal.
    """

    run: RunInfo
    inputs: dict[str, Any]
    output: Any
    error: dict[str, str] | None
    asks: dict[str, str]
    steps: tuple[StepShown, ...]


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run came.

    Attributes:
        id: of the run.
        status: it has now; ``waiting`` or ``queued`` where it was put aside.
        output: of a run that is done.
        error: why it failed, or why it was left as it is.
    """

    id: str
    status: RunStatus
    output: Any = None
    error: ProveoutError | None = None


class ScheduleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule: what is started, when next, and when last.

    Attributes:
        name: of the schedule.
        graph: whose newest version is started.
        inputs: as plain JSON.
        cron: expression; "" where it goes by an interval.
        every_seconds: interval; 0 where it goes by cron.
        zone: time zone of the cron expression.
        queue: in which runs are put.
        priority: of its runs.
        next: time at which it fires next, seconds since the epoch.
        last: time for which it fired last; None for never.
    """

    name: str
    graph: str
    inputs: dict[str, Any]
    cron: str
    every_seconds: float
    zone: str
    queue: str
    priority: int
    next: float
    last: float | None
