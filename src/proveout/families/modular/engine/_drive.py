"""Driving one run: what `Progress` decides is done, and written down before anything else happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from proveout.errors import ProveoutError, RunNotReady, StepLost
from proveout.families.modular.engine._call import attempt, attempt_undo
from proveout.families.modular.engine._faults import error_to_json
from proveout.families.modular.engine._isolated import CallStopped
from proveout.families.modular.engine._model import RunResult, RunStatus, StepRecord
from proveout.families.modular.engine._progress import Ask, Do, End, Progress, Undo, Wait, input_hash
from proveout.families.modular.graph import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.families.modular.engine._isolated import Isolated
    from proveout.families.modular.engine._journal import Journal, RunRow
    from proveout.families.modular.engine._model import Durability, StepOutcome
    from proveout.families.modular.graph import Call

__all__ = ["Drive", "Tools"]

# Between two looks of a waiting run whether it was cancelled.
SLICE_SECONDS = 0.5
UNDO = 2
END = """
UPDATE runs SET status = ?, output = ?, error = ?, ended = ?, owner = NULL, fence = fence + 1
WHERE run = ? AND fence = ?"""
PARK = "UPDATE runs SET status = ?, due = ?, owner = NULL, fence = fence + 1 WHERE run = ? AND fence = ?"


class Tools(NamedTuple):
    """What drives of one engine share."""

    journal: Journal
    isolated: Isolated
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    durable: Durability
    most_crashes: int


class Drive:
    """One run in the hands of one worker, until it ends or is put aside.

    Args:
        tools: of the engine.
        row: the run, claimed by this worker.
        progress: as the journal leaves it.
        place: of the next record.
        waits: whether to wait for a retry; else the run goes back to its queue.
    """

    def __init__(self, tools: Tools, row: RunRow, progress: Progress, place: int, *, waits: bool) -> None:
        self._tools = tools
        self._row = row
        self._run, self._fence = row.run, row.fence
        self._progress = progress
        self._place = place
        self._waits = waits
        self._floor = 0.0
        self._poisoned = row.crashes >= tools.most_crashes
        self._refused: StepLost | None = None
        self._stopped = False
        if row.cancel:
            self._stop(row.cancel)

    def go(self) -> RunResult:
        """Do what is to be done.

        Raises:
            DiskFull: no space is left; the run can be resumed, and repeats at most the step it was at.
            RunNotReady: another worker has the run by now.
        """
        clock, progress = self._tools.clock, self._progress
        while True:
            action = progress.decide(max(clock(), self._floor))
            result = self._acts[type(action)](self, action)
            if result is not None:
                return result

    def _do(self, action: Do) -> RunResult | None:
        call, began = action.call, self._tools.clock()
        digest, started = input_hash(call), time.perf_counter()
        outcome: StepOutcome = "done"
        output, due = None, None
        try:
            self._refuse_poison(call)
            output, content = attempt(call, f"{self._row.id}:{call.name}", self._tools.isolated, self._is_cancelled)
        except CallStopped:
            return None
        except ProveoutError as error:
            outcome, content = "failed", error_to_json(error)
            due = self._due(call, action.attempt, error)
        record = StepRecord(
            step=call.node.name,
            item=call.item,
            attempt=action.attempt,
            outcome=outcome,
            hash=digest,
            content=content,
            started=began,
            wall_seconds=time.perf_counter() - started,
            due=due,
        )
        self._progress.apply(record, output)
        if self._progress.execution.outcome == "done":
            return self._end(End("done", None), record)
        self._write(record, synced=call.node.spec.sync)
        return None

    def _undo(self, action: Undo) -> RunResult | None:
        call, began, started = action.call, self._tools.clock(), time.perf_counter()
        outcome: StepOutcome = "undone"
        content, due = b"null", None
        try:
            self._refuse_poison(call)
            attempt_undo(call, action.output)
        except ProveoutError as error:
            outcome, content = "undo_failed", error_to_json(error)
            due = self._due(call, action.attempt, error)
        record = StepRecord(
            step=call.node.name,
            item=call.item,
            attempt=action.attempt,
            outcome=outcome,
            hash=b"",
            content=content,
            started=began,
            wall_seconds=time.perf_counter() - started,
            due=due,
        )
        self._progress.apply(record)
        self._write(record, synced=call.node.spec.sync)
        return None

    def _wait(self, action: Wait) -> RunResult | None:
        if not self._waits:
            return self._park("queued", action.until, ())
        left = min(action.until - self._tools.clock(), action.longest)
        while left > 0 and not self._is_cancelled():
            self._tools.sleep(min(left, SLICE_SECONDS))
            left -= SLICE_SECONDS
        # It has waited as long as it had to, whatever the clock was turned to meanwhile.
        self._floor = action.until
        return None

    def _ask(self, action: Ask) -> RunResult | None:
        now = self._tools.clock()
        records = [
            StepRecord(
                step=call.node.name,
                item=WHOLE,
                attempt=1,
                outcome="asked",
                hash=b"",
                content=msgspec.json.encode(call.node.spec.approval),
                started=now,
            )
            for call in action.calls
        ]
        return self._park("waiting", now, records)

    def _finish(self, action: End) -> RunResult | None:
        return self._end(action, None)

    def _park(self, status: RunStatus, due: float, records: list[StepRecord] | tuple[()]) -> RunResult | None:
        """Put the run aside, unless somebody has decided otherwise meanwhile."""
        journal = self._tools.journal
        with journal.transaction(durable=self._tools.durable != "none"):
            kept = all(
                journal.append(self._run, self._fence, self._place + n, one) for n, one in enumerate(records)
            ) and journal.execute(PARK, (status, due, self._run, self._fence))
        if kept:
            return RunResult(id=self._row.id, status=status)
        self._look()
        return None

    def _end(self, end: End, record: StepRecord | None) -> RunResult:
        """The last record and the end of the run, in one transaction: on disk before the caller hears of it."""
        output = self._progress.execution.output if end.status == "done" else None
        content = msgspec.json.encode(output)
        error = error_to_json(end.error) if end.error else None
        now = self._tools.clock()
        while not self._try_end((end.status, content, error, now), record):
            self._look()
        return RunResult(id=self._row.id, status=end.status, output=output, error=end.error)

    def _try_end(self, values: tuple[Any, ...], record: StepRecord | None) -> bool:
        journal = self._tools.journal
        with journal.transaction(durable=self._tools.durable != "none"):
            if record is not None and not journal.append(self._run, self._fence, self._place, record):
                return False
            return journal.execute(END, (*values, self._run, self._fence)) == 1

    def _write(self, record: StepRecord, *, synced: bool) -> None:
        journal = self._tools.journal
        append = journal.append_synced if synced or self._tools.durable == "step" else journal.append
        while not append(self._run, self._fence, self._place, record):
            self._look()
        self._place += 1

    def _look(self) -> None:
        """Somebody has decided over the run: cancelled it, or taken it over.

        Raises:
            RunNotReady: it was taken over.
        """
        row = self._tools.journal.find(self._row.id)
        if row is None or row.owner != self._row.owner:
            why = "another worker has taken it over"
            raise RunNotReady("the run goes on elsewhere", why=why, fix="leave it to that worker", about=self._row.id)
        self._fence = row.fence
        if row.cancel:
            self._stop(row.cancel)

    def _stop(self, cancel: int) -> None:
        if not self._stopped and self._progress.execution.outcome != "done":
            self._stopped = True
            self._progress.stop(undo=cancel == UNDO)

    def _is_cancelled(self) -> bool:
        found = self._tools.journal.query("SELECT fence FROM runs WHERE run = ?", (self._run,))
        if found != [(self._fence,)]:
            self._look()
        return self._stopped

    def _due(self, call: Call, attempts: int, error: ProveoutError) -> float | None:
        """When a call is tried again; None when it is not."""
        retry = call.node.spec.retry
        if attempts >= retry.attempts or error is self._refused:
            return None
        return self._tools.clock() + retry.wait(attempts)

    def _refuse_poison(self, call: Call) -> None:
        """Once: what is done about it may work."""
        if self._poisoned:
            self._poisoned = False
            why = f"its worker died {self._row.crashes} times before it was done"
            fix = "find out what ends the process, or set isolated"
            self._refused = StepLost("a step ends its worker", why=why, fix=fix, about=call.name)
            raise self._refused

    _acts: ClassVar[dict[type, Callable[[Drive, Any], RunResult | None]]] = {
        Do: _do,
        Undo: _undo,
        Wait: _wait,
        Ask: _ask,
        End: _finish,
    }
