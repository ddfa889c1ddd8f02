"""The engine over an SQLite journal."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import (
    DeterminismBroken,
    GraphVersionMissing,
    JournalCorrupt,
    ProveoutError,
    RunNotReady,
    WorkflowInvalid,
)
from proveout.families.modular.engine._alive import SignOfLife
from proveout.families.modular.engine._claims import Claims
from proveout.families.modular.engine._drive import Drive, Tools
from proveout.families.modular.engine._faults import error_of
from proveout.families.modular.engine._isolated import Isolated
from proveout.families.modular.engine._journal import Journal, NewRun, row_of
from proveout.families.modular.engine._model import FINAL, EngineOptions, RunResult, ScheduleInfo, StepRecord
from proveout.families.modular.engine._progress import Progress, replayed
from proveout.families.modular.engine._schedule import (
    Timing,
    add_schedule,
    fire,
    first_after,
    read_schedules,
    remove_schedule,
)
from proveout.families.modular.engine._show import asks, detail_of, list_runs
from proveout.families.modular.engine._traces import publish, publish_all
from proveout.families.modular.engine._versions import Versions
from proveout.families.modular.graph import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from proveout.families.modular.engine._journal import RunRow
    from proveout.families.modular.engine._model import RunDetail, RunInfo, RunStatus
    from proveout.families.modular.engine._versions import Graphs
    from proveout.families.modular.graph import Graph
    from proveout.ledger import Ledger

__all__ = ["SqliteEngine"]

DEFAULT_QUEUE = "default"
ID_BYTES = 8
# What keeps one run from going on, and no other.
STUCK = (DeterminismBroken, GraphVersionMissing, JournalCorrupt)
BACK = "UPDATE runs SET status = ?, owner = NULL, crashes = 0, fence = fence + 1 WHERE run = ? AND fence = ?"
CANCEL = "UPDATE runs SET cancel = ?, status = ?, due = ?, ended = ?, fence = fence + 1 WHERE run = ?"


class SqliteEngine:
    """An `Engine` over one SQLite file; see there for what each call does.

    Several processes may work on one journal, each with an engine of its own. Threads may share one.

    Args:
        path: of the journal; made when it is not there.
        graphs: by name, a graph or its versions with the newest last.
        clock: seconds since the epoch.
        sleep: called with the seconds to wait for a retry, or for work.
        ledger: to which the trace of each run is appended; None leaves it in the journal for `publish`.
        options: how it works.

    Raises:
        WorkflowInvalid: a setting of a step cannot be kept.
        JournalCorrupt: the journal is damaged, or another kind of file.
        NotWritable: this user may not write there.
        DiskFull: no space is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.families.modular.graph import Graph, StepSpec
        >>> def shout(text: str) -> str:
        ...     return text.upper()
        >>> step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
        >>> graph = Graph("desk", takes={"text": str}, steps=[step], gives="shout")
        >>> with (
        ...     tempfile.TemporaryDirectory() as folder,
        ...     SqliteEngine(Path(folder) / "runs.sqlite", {"desk": graph}) as e,
        ... ):
        ...     result = e.run("desk", {"text": "hi"}, run_id="first")
        ...     result.status, result.output, [step.name for step in e.show("first").steps]
        ('done', 'HI', ['shout'])
    """

    def __init__(
        self,
        path: Path,
        graphs: Graphs,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        ledger: Ledger | None = None,
        options: EngineOptions | None = None,
    ) -> None:
        self._options = options or EngineOptions()
        self._versions = Versions(graphs)
        self._clock, self._sleep, self._ledger = clock, sleep, ledger
        self._journal = Journal(path)
        self._worker = SignOfLife(path.with_name(f"{path.name}-workers"))
        self._claims = Claims(self._journal, self._worker, self._versions.known)
        self._isolated = Isolated()
        self._tools = Tools(
            self._journal, self._isolated, clock, sleep, self._options.durable, self._options.most_crashes
        )

    def start(
        self,
        graph: str,
        inputs: Mapping[str, Any],
        *,
        run_id: str | None = None,
        key: str | None = None,
        queue: str = DEFAULT_QUEUE,
        priority: int = 0,
    ) -> str:
        """Write a run down and put it in a queue; see `Engine.start`."""
        run = self._new(graph, inputs, run_id, key)[0]._replace(queue=queue, priority=priority)
        with self._journal.transaction(durable=self._options.durable != "none"):
            known = self._known(run)
            number = self._journal.insert(run) if known is None else known.run
        if known is None:
            self._publish(row_of(run, number))
        return known.id if known else run.id

    def run(
        self, graph: str, inputs: Mapping[str, Any], *, run_id: str | None = None, key: str | None = None
    ) -> RunResult:
        """Start a run and drive it here; see `Engine.run`."""
        new, progress = self._new(graph, inputs, run_id, key)
        new = new._replace(status="running", owner=self._worker.id)
        with self._claims.claiming():
            known = self._known(new) if run_id is not None or key is not None else None
            number = self._journal.insert(new) if known is None else known.run
            if known is None:
                self._claims.begin(number)
        if known is not None:
            waits = known.status == "waiting" and not known.cancel
            return RunResult(id=known.id, status="waiting") if waits else self.resume(known.id)
        row = row_of(new, number)
        with self._claims.held(row):
            self._publish(row)
            return self._ended(row, Drive(self._tools, row, progress, 0, waits=True).go())

    def resume(self, run_id: str) -> RunResult:
        """Drive a run on from where its journal leaves it; see `Engine.resume`."""
        row = self._claims.get(run_id)
        if row.status in FINAL:
            return self._result(row)
        self._versions.find(row.graph, row.version, row.id)
        return self._driven(self._claims.take(run_id), row.status, waits=True)

    def recover(self) -> tuple[RunResult, ...]:
        """Drive on each run whose worker died; see `Engine.recover`."""
        self.publish()
        found = []
        for run_id in self._claims.left():
            try:
                found.append(self.resume(run_id))
            except (*STUCK, RunNotReady) as error:
                found.append(RunResult(id=run_id, status=self._claims.get(run_id).status, error=error))
        return tuple(found)

    def work(self, *queues: str, stop: Callable[[], bool] | None = None) -> int:
        """Start what is scheduled and drive what is due; see `Engine.work`.

        Raises:
            DeterminismBroken: of a run that was set aside, when nothing else is left to do.
            JournalCorrupt: the same.
            WorkflowInvalid: a schedule's inputs do not fit its graph any more; the same.
            DiskFull: no space is left.
        """
        driven, stuck = 0, list[ProveoutError]()
        while not (stop and stop()):
            stuck += fire(self._journal, self._clock(), self._versions.names, self._start_scheduled)
            row = self._claims.next(queues, self._clock())
            if row is None:
                if stop is None:
                    break
                self._sleep(self._options.poll_seconds)
                continue
            driven += 1
            try:
                self._driven(row, "queued", waits=False)
            except STUCK as error:
                self._claims.set_aside.add(row.run)
                stuck.append(error)
        if stuck:
            raise stuck[0]
        return driven

    def cancel(self, run_id: str, *, undo: bool = False) -> RunStatus:
        """Cancel a run; see `Engine.cancel`."""
        with self._journal.transaction(durable=self._options.durable != "none"):
            row = self._claims.get(run_id)
            if row.status in FINAL:
                why, fix = f"it is {row.status}", "leave it"
                raise RunNotReady("the run has ended", why=why, fix=fix, about=run_id)
            now = self._clock()
            at_work = row.status == "running" and not self._claims.is_left(row)
            status: RunStatus = "running" if at_work else "queued" if undo else "cancelled"
            ended = now if status == "cancelled" else None
            self._journal.execute(CANCEL, (2 if undo else 1, status, min(row.due, row.created), ended, row.run))
        if ended is not None:
            self._publish(self._claims.get(run_id))
        return status

    def approve(self, run_id: str, step: str, *, yes: bool, by: str, note: str = "") -> None:
        """Answer for a step that waits for a person; see `Engine.approve`."""
        with self._journal.transaction(durable=self._options.durable != "none"):
            row = self._claims.get(run_id)
            records = self._journal.records(row)
            open_asks = asks(row, records)
            if step not in open_asks:
                why = f"it is {row.status} and waits for {', '.join(open_asks) or 'nobody'}"
                fix = f"see what it waits for with: proveout runs show DIR {run_id}"
                raise RunNotReady("the run does not wait for that step", why=why, fix=fix, about=run_id)
            answer = StepRecord(
                step=step,
                item=WHOLE,
                attempt=1,
                outcome="approved" if yes else "refused",
                hash=b"",
                content=msgspec.json.encode({"by": by, "note": note}),
                started=self._clock(),
            )
            self._journal.append(row.run, row.fence, len(records), answer)
            ready = "UPDATE runs SET status = 'queued', due = ?, fence = fence + 1 WHERE run = ?"
            self._journal.execute(ready, (row.created, row.run))

    def show(self, run_id: str) -> RunDetail:
        """All that is known of a run; see `Engine.show`."""
        row = self._claims.get(run_id)
        with self._readable(row):
            return detail_of(row, self._journal.records(row))

    def runs(self, *, status: RunStatus | None = None, graph: str | None = None, limit: int = 100) -> list[RunInfo]:
        """Runs, the newest first."""
        return list_runs(self._journal, status, graph, limit)

    def limit(self, queue: str, most_running: int) -> None:
        """Let at most so many runs of a queue be at work at once, over all workers."""
        if most_running < 1:
            fix = "give 1 or more"
            raise WorkflowInvalid("a queue must let something run", why=f"{most_running}", fix=fix, about=queue)
        self._journal.execute("INSERT OR REPLACE INTO queues VALUES (?, ?)", (queue, most_running))

    def schedule(
        self,
        name: str,
        graph: str,
        inputs: Mapping[str, Any],
        timing: Timing,
        *,
        queue: str = DEFAULT_QUEUE,
        priority: int = 0,
    ) -> ScheduleInfo:
        """Have runs of a graph's newest version started by the clock, whenever a worker is at it.

        Times that passed while no worker ran, or that the clock jumped over, count as one. No time fires twice, also
        when the clock is turned back: it then has to reach the next time first.

        Args:
            name: of the schedule; one of that name is replaced.
            graph: name.
            inputs: of each run.
            timing: when.
            queue: in which the runs are put.
            priority: of the runs.

        Raises:
            WorkflowInvalid: the graph or the timing cannot be used, or the inputs do not fit.
        """
        content = self._versions.keep(graph, self._versions.newest(graph), inputs)[1]
        found = ScheduleInfo(
            name=name,
            graph=graph,
            inputs=msgspec.json.decode(content),
            cron=timing.cron,
            every_seconds=timing.every_seconds,
            zone=timing.zone,
            queue=queue,
            priority=priority,
            next=first_after(timing, self._clock()),
            last=None,
        )
        add_schedule(self._journal, found)
        return found

    def unschedule(self, name: str) -> bool:
        """Forget a schedule; whether there was one."""
        return remove_schedule(self._journal, name)

    def schedules(self) -> list[ScheduleInfo]:
        """All schedules, by name."""
        return read_schedules(self._journal)

    def publish(self) -> int:
        """Append to the ledger what the journal holds and it lacks; gives the number of entries."""
        return publish_all(self._journal, self._ledger) if self._ledger is not None else 0

    def close(self) -> None:
        """End idle processes and close the journal; runs that are not ended can be taken over."""
        self._isolated.close()
        self._worker.close()
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new(
        self, name: str, inputs: Mapping[str, Any], run_id: str | None, key: str | None
    ) -> tuple[NewRun, Progress]:
        graph = self._versions.newest(name)
        typed, content = self._versions.keep(name, graph, inputs)
        run_id = run_id or secrets.token_hex(ID_BYTES)
        progress = Progress(graph, typed, run_id)
        now = self._clock()
        new = NewRun(
            id=run_id,
            key=key,
            graph=name,
            version=graph.fingerprint,
            source=self._options.sources.get(name, ""),
            queue=DEFAULT_QUEUE,
            priority=0,
            status="queued",
            created=now,
            due=now,
            input=content,
            owner=None,
            fence=0,
            ledger_at=len(self._ledger) if self._ledger is not None else None,
        )
        return new, progress

    def _known(self, run: NewRun) -> RunRow | None:
        """The run that was started under the same key.

        Raises:
            WorkflowInvalid: the key, or the id, stands for another run.
        """
        found = next(iter(self._journal.rows("id = ? OR key = ?", (run.id, run.key))), None)
        if found is None:
            return None
        alike = (found.graph, found.input) == (run.graph, run.input)
        if run.key is None or found.key != run.key or not alike:
            name = f"key {run.key}" if run.key is not None and found.key == run.key else f"id {run.id}"
            why = f"{name} belongs to run {found.id} of {found.graph}, with {'these' if alike else 'other'} inputs"
            raise WorkflowInvalid("the run exists", why=why, fix="choose another key or id", about=run.id)
        return found

    def _start_scheduled(self, schedule: ScheduleInfo, key: str) -> None:
        run = self._new(schedule.graph, schedule.inputs, None, key)[0]
        run = run._replace(queue=schedule.queue, priority=schedule.priority)
        if self._known(run) is None:
            self._journal.insert(run)

    def _driven(self, row: RunRow, before: RunStatus, *, waits: bool) -> RunResult:
        """Drive a claimed run; one that cannot go on here is given back as it was."""
        with self._claims.held(row):
            try:
                return self._result(row) if row.status in FINAL else self._drive(row, waits=waits)
            except STUCK:
                self._journal.execute(BACK, ("queued" if before == "running" else before, row.run, row.fence))
                raise

    def _drive(self, row: RunRow, *, waits: bool) -> RunResult:
        graph = self._versions.find(row.graph, row.version, row.id)
        inputs = self._inputs(row, graph)
        records = self._journal.records(row)
        progress = replayed(graph, inputs, records, row.id)
        return self._ended(row, Drive(self._tools, row, progress, len(records), waits=waits).go())

    def _ended(self, row: RunRow, result: RunResult) -> RunResult:
        if result.status in FINAL and self._ledger is not None:
            self._publish(self._claims.get(row.id))
        return result

    def _inputs(self, row: RunRow, graph: Graph) -> dict[str, Any]:
        with self._readable(row):
            return self._versions.read(row.graph, graph, row.input)

    @contextmanager
    def _readable(self, row: RunRow) -> Iterator[None]:
        """What a run's own row holds has no checksum, and may not be JSON any more."""
        try:
            yield
        except (msgspec.DecodeError, WorkflowInvalid) as error:
            why = f"run {row.id} cannot be read: {error}"
            fix = "restore the file from a backup; other runs can go on"
            raise JournalCorrupt("the journal is damaged", why=why, fix=fix, about=str(self._journal.path)) from error

    def _publish(self, row: RunRow) -> None:
        if self._ledger is not None:
            publish(self._journal, self._ledger, row)

    def _result(self, row: RunRow) -> RunResult:
        """Of a run that has ended; its output typed where its version is here, else as plain JSON."""
        with self._readable(row):
            return self._outcome(row)

    def _outcome(self, row: RunRow) -> RunResult:
        error: ProveoutError | None = error_of(row.error) if row.error else None
        if row.status != "done":
            return RunResult(id=row.id, status=row.status, error=error)
        if (row.graph, row.version) not in self._versions.known:
            return RunResult(id=row.id, status=row.status, output=msgspec.json.decode(row.output or b"null"))
        graph = self._versions.find(row.graph, row.version, row.id)
        inputs = self._inputs(row, graph)
        progress = replayed(graph, inputs, self._journal.records(row), row.id)
        return RunResult(id=row.id, status=row.status, output=progress.execution.output)
