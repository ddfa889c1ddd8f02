"""Reading a finished trial back: its result, and what its answers took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ArtifactCorrupt, TrialNotFound
from proveout.ledger import LedgerReader
from proveout.task import Answer, Usage
from proveout.trial._comparison import Comparison
from proveout.trial._entries import AnswersRecorded, TrialFinished
from proveout.trial._recording import answers_path, digest

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.store import Workspace

__all__ = ["latest_trial", "mean_usage"]


def latest_trial(workspace: Workspace, *, task: str) -> Comparison:
    """The result of the last trial of a task that ended.

    Args:
        workspace: of the task.
        task: fingerprint.

    Raises:
        TrialNotFound: none ended, or only trials of the task as it was before it was edited.
        ArtifactCorrupt: the result is not what the ledger says it is.

    Example:
        >>> latest_trial.__name__  # docs/how-to/cost-and-decide.md reads one
        'latest_trial'
    """
    others = 0
    for body in reversed(_finished(workspace)):
        path = workspace.trials / f"{body.trial}.json"
        found = msgspec.json.decode(_checked(workspace, path, body.hash), type=Comparison)
        if found.task.fingerprint == task:
            return found
        others += 1
    why = f"{others} ended, of the task as it was before it was edited" if others else "none has ended here"
    fix = f"run: proveout compare {workspace.root}"
    raise TrialNotFound("no trial", why=why, fix=fix, about=str(workspace.root))


def _checked(workspace: Workspace, path: Path, stated: str) -> bytes:
    content = path.read_bytes() if path.is_file() else b""
    if digest(content) != stated:
        why = "it does not match the hash in the ledger" if content else "the file is missing"
        fix = f"restore the file, or compare again: proveout compare {workspace.root}"
        raise ArtifactCorrupt("a trial was altered", why=why, fix=fix, about=str(path))
    return content


def _finished(workspace: Workspace) -> list[TrialFinished]:
    if not workspace.ledger.is_dir():
        return []
    with LedgerReader.open(workspace) as reader:
        bodies = [entry.body() for entry in reader.entries(kind=TrialFinished.kind)]
    return [body for body in bodies if isinstance(body, TrialFinished)]


def mean_usage(workspace: Workspace, comparison: Comparison) -> dict[str, Usage]:
    """What one answer of each candidate took on average; tokens are rounded to whole ones.

    Raises:
        ArtifactCorrupt: recorded answers are not what the ledger says they are.

    Example:
        >>> mean_usage.__name__
        'mean_usage'
    """
    indexes = {index: one.id for one in comparison.candidates for index in one.ledger.answers}
    totals = {one.id: (0, Usage()) for one in comparison.candidates}
    with LedgerReader.open(workspace) as reader:
        for entry in reader.entries(kind=AnswersRecorded.kind):
            body = entry.body()
            if entry.index in indexes and isinstance(body, AnswersRecorded):
                content = _checked(workspace, answers_path(workspace, body.hash), body.hash)
                rows, total = totals[indexes[entry.index]]
                answers = msgspec.json.decode(content, type=list[Answer])
                totals[indexes[entry.index]] = (rows + len(answers), _sum(total, answers))
    return {name: _mean(total, rows) for name, (rows, total) in totals.items() if rows}


def _sum(total: Usage, answers: list[Answer]) -> Usage:
    for answer in answers:
        total = total + answer.usage
    return total


def _mean(total: Usage, rows: int) -> Usage:
    return Usage(
        tokens_in=round(total.tokens_in / rows),
        tokens_out=round(total.tokens_out / rows),
        cpu_seconds=total.cpu_seconds / rows,
        wall_seconds=total.wall_seconds / rows,
        usd=total.usd / rows,
    )
