"""verify: everything stored is what was stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout import data, families, trial
from proveout.errors import IntegrityError, TaskNotFound
from proveout.ledger import verify_ledger
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Check", "VerifyReport", "verify"]


class Check(msgspec.Struct, frozen=True):
    """One thing that was checked: its name, whether it holds, and what was found."""

    name: str
    ok: bool
    detail: str


class VerifyReport(msgspec.Struct, frozen=True):
    """All checks of one folder."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)


def verify(folder: Path) -> VerifyReport:
    """Re-read every byte stored for the task in ``folder``; changes nothing and needs no network.

    Raises:
        TaskNotFound: nothing was stored there.
    """
    workspace = Workspace(folder)
    if not workspace.state.is_dir():
        fix = f"name a task's folder, or begin with: proveout snapshot {folder}"
        raise TaskNotFound("nothing to verify", why="there is no .proveout folder", fix=fix, about=str(folder))
    return VerifyReport((_ledger(workspace), *_stored(workspace)))


def _ledger(workspace: Workspace) -> Check:
    try:
        report = verify_ledger(workspace)
    except IntegrityError as error:
        return Check("ledger", ok=False, detail=str(error))
    return Check("ledger", ok=report.ok, detail=report.summary)


def _stored(workspace: Workspace) -> list[Check]:
    verifiers: dict[str, Callable[[Workspace, str], str]] = {
        "snapshot": data.verify_snapshot,
        "candidate": families.verify_candidate,
        "trial": trial.verify_trial,
    }
    ids = {
        "snapshot": data.snapshot_ids(workspace),
        "candidate": families.candidate_ids(workspace),
        "trial": trial.trial_ids(workspace),
    }
    return [_check(kind, name, verifiers[kind], workspace) for kind in verifiers for name in ids[kind]]


def _check(kind: str, name: str, verifier: Callable[[Workspace, str], str], workspace: Workspace) -> Check:
    try:
        return Check(f"{kind} {name[:24]}", ok=True, detail=verifier(workspace, name))
    except IntegrityError as error:
        return Check(f"{kind} {name[:24]}", ok=False, detail=str(error))
