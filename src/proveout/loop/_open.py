"""A task opened for work: its contract, its folder and its ledger."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from proveout.ledger import Ledger
from proveout.store import Workspace
from proveout.task import Task, load_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Progress = Callable[[str, int, int], None]

__all__ = ["OpenTask", "Progress", "opened", "quiet"]


class OpenTask(msgspec.Struct, frozen=True):
    """What each stage of the loop works on."""

    task: Task
    workspace: Workspace
    ledger: Ledger


def quiet(stage: str, done: int, total: int) -> None:
    """A progress callback that says nothing."""
    del stage, done, total


@contextmanager
def opened(folder: Path) -> Iterator[OpenTask]:
    """Open a task's folder for writing; one process at a time.

    Raises:
        TaskNotFound: no ``task.toml`` is there.
        TaskInvalid: it is not valid.
        WriterBusy: another process writes to its ledger.
        LedgerCorrupt: its ledger does not verify.
    """
    task = load_task(folder)
    workspace = Workspace(folder)
    workspace.ensure()
    with Ledger.open(workspace) as ledger:
        yield OpenTask(task, workspace, ledger)
