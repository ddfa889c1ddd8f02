"""What people see of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.modular.engine._model import RunDetail, RunInfo, StepShown

if TYPE_CHECKING:
    from proveout.families.modular.engine._journal import Journal, RunRow
    from proveout.families.modular.engine._model import RunStatus, StepRecord

__all__ = ["asks", "detail_of", "info_of", "list_runs"]


def info_of(row: RunRow) -> RunInfo:
    """A run at a glance."""
    return RunInfo(
        id=row.id,
        graph=row.graph,
        version=row.version,
        status=row.status,
        queue=row.queue,
        priority=row.priority,
        created=row.created,
        due=row.due,
        ended=row.ended,
        key=row.key,
        source=row.source,
    )


def detail_of(row: RunRow, records: list[StepRecord]) -> RunDetail:
    """A run with its journal."""
    error: dict[str, str] | None = msgspec.json.decode(row.error) if row.error else None
    if error is not None:
        error["code"] = error.pop("error")
    return RunDetail(
        run=info_of(row),
        inputs=msgspec.json.decode(row.input),
        output=msgspec.json.decode(row.output) if row.output else None,
        error=error,
        asks=asks(row, records),
        steps=tuple(_shown(record) for record in records),
    )


def asks(row: RunRow, records: list[StepRecord]) -> dict[str, str]:
    """Questions without an answer, by step; one of several may be answered already, and the run be queued for it."""
    if row.status not in {"waiting", "queued"} or row.cancel:
        return {}
    asked: dict[str, str] = {
        record.step: msgspec.json.decode(record.content) for record in records if record.outcome == "asked"
    }
    answered = {record.step for record in records if record.outcome in {"approved", "refused"}}
    return {step: question for step, question in asked.items() if step not in answered}


def list_runs(journal: Journal, status: RunStatus | None, graph: str | None, limit: int) -> list[RunInfo]:
    """Runs, the newest first."""
    wanted: dict[str, Any] = {"status": status, "graph": graph}
    given = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(["1", *(f"{name} = ?" for name in given)])
    return [info_of(row) for row in journal.rows(f"{where} ORDER BY run DESC LIMIT ?", (*given.values(), limit))]


def _shown(record: StepRecord) -> StepShown:
    return StepShown(
        name=record.name,
        attempt=record.attempt,
        outcome=record.outcome,
        content=msgspec.json.decode(record.content),
        started=record.started,
        wall_seconds=record.wall_seconds,
        due=record.due,
    )
