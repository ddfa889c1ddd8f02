"""Runs on their way from the journal to the ledger: each entry once, whenever either side was cut off."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from proveout.families.modular.engine._entries import RunEnded, RunStarted, StepTrace
from proveout.families.modular.engine._faults import error_of
from proveout.families.modular.engine._model import FINAL
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.modular.engine._journal import Journal, RunRow
    from proveout.families.modular.engine._model import StepRecord
    from proveout.ledger import EntryBody, Ledger

__all__ = ["publish", "publish_all"]

STARTED, ENDED = 1, 2


def publish(journal: Journal, ledger: Ledger, row: RunRow, written: Sequence[str] = ()) -> int:
    """Append what the ledger does not hold of a run, then note in the journal that it does.

    Args:
        journal: that holds the run.
        ledger: to append to.
        row: the run as it is.
        written: kinds of entry that the ledger is known to hold of it, though the journal does not say so.

    Returns:
        The number of entries appended.
    """
    ended = row.status in FINAL
    wanted: list[EntryBody] = []
    if row.traced < STARTED and RunStarted.kind not in written:
        wanted.append(_started(row))
    if ended and row.traced < ENDED and RunEnded.kind not in written:
        wanted.append(_ended(row, journal.records(row)))
    ledger.append_many(wanted)
    journal.execute("UPDATE runs SET traced = ? WHERE run = ?", (ENDED if ended else STARTED, row.run))
    return len(wanted)


def publish_all(journal: Journal, ledger: Ledger) -> int:
    """The same for each run the journal has and the ledger may lack.

    The ledger is read from where it stood when the oldest of these was written down: a process killed between the
    append and the note left the entry and not the note.
    """
    rows = journal.rows("traced = 0 OR (traced < 2 AND status IN ('done', 'failed', 'cancelled')) ORDER BY run")
    if not rows:
        return 0
    written: dict[str, set[str]] = {}
    start = min(row.ledger_at or 0 for row in rows)
    if start < len(ledger):
        with LedgerReader.open(ledger.workspace) as reader:
            for kind in (RunStarted.kind, RunEnded.kind):
                for entry in reader.entries(kind=kind, start=start):
                    body = entry.body()
                    if isinstance(body, RunStarted | RunEnded):
                        written.setdefault(body.run, set()).add(kind)
    return sum(publish(journal, ledger, row, sorted(written.get(row.id, ()))) for row in rows)


def _started(row: RunRow) -> RunStarted:
    return RunStarted(run=row.id, graph=row.graph, graph_version=row.version, inputs=_hash(row.input))


def _ended(row: RunRow, records: Sequence[StepRecord]) -> RunEnded:
    return RunEnded(
        run=row.id,
        graph=row.graph,
        graph_version=row.version,
        status=row.status,
        error=str(error_of(row.error)) if row.error else "",
        wall_seconds=max((row.ended or row.created) - row.created, 0.0),
        steps=tuple(
            StepTrace(
                name=record.step,
                item=record.item,
                attempt=record.attempt,
                outcome=record.outcome,
                wall_seconds=record.wall_seconds,
                output=_hash(record.content),
            )
            for record in records
        ),
    )


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
