"""snapshot, build and compare: each makes what it lacks by calling the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout import data, families, trial
from proveout.errors import FamilyDoesNotFit, SnapshotNotFound
from proveout.loop._open import OpenTask, opened, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from proveout.loop._open import Progress

__all__ = ["BuildResult", "Skipped", "build", "compare", "snapshot"]


class Skipped(msgspec.Struct, frozen=True):
    """A family that does not fit the task, and why not."""

    family: str
    reason: str


class BuildResult(msgspec.Struct, frozen=True):
    """The candidates of one build, and the families that have none."""

    snapshot: str
    built: tuple[families.Built, ...]
    skipped: tuple[Skipped, ...]


def snapshot(folder: Path, *, progress: Progress = quiet) -> data.Snapshot:
    """Freeze the data of the task in ``folder``; the same data gives the same snapshot.

    Raises:
        DataError: a file cannot be used as it is.
    """
    with opened(folder) as here:
        return data.take_snapshot(here.workspace, here.task, here.ledger, progress=progress)


def build(
    folder: Path, *, names: Sequence[str] | None = None, seed: int = 0, progress: Progress = quiet
) -> BuildResult:
    """Build one candidate for each of the families ``names`` (all that fit, when None) on the latest snapshot.

    Raises:
        FamilyUnknown: a name is not registered.
        FamilyDoesNotFit: none of them fits the task.
        TaskChanged: the task was edited after its snapshot was taken.
    """
    with opened(folder) as here:
        return _build(here, _frozen(here, progress), names, seed, progress)


def compare(
    folder: Path,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    learning_curve: bool = False,
    progress: Progress = quiet,
) -> trial.Comparison:
    """Measure one candidate for each of the families ``names`` on the same TestSplit; build what is not built yet.

    Raises:
        FamilyUnknown: a name is not registered.
        FamilyDoesNotFit: none of them fits the task.
        TaskChanged: the task was edited after its snapshot was taken.
    """
    with opened(folder) as here:
        frozen = _frozen(here, progress)
        result = _build(here, frozen, names, seed, progress)
        del learning_curve
        return trial.compare(here.workspace, here.task, frozen, result.built, ledger=here.ledger, progress=progress)


def _frozen(here: OpenTask, progress: Progress) -> data.Snapshot:
    try:
        frozen = data.load_snapshot(here.workspace)
    except SnapshotNotFound:
        return data.take_snapshot(here.workspace, here.task, here.ledger, progress=progress)
    data.check_task(frozen, here.task)
    return frozen


def _build(
    here: OpenTask, frozen: data.Snapshot, names: Sequence[str] | None, seed: int, progress: Progress
) -> BuildResult:
    built, skipped = [], []
    for name in names or families.families.names():
        fit = families.families.create(name).fits(here.task)
        if not fit.ok:
            skipped.append(Skipped(name, fit.reason))
            continue
        built.append(
            families.build(
                here.workspace, here.task, frozen, name, seed=seed, ledger=here.ledger, progress=progress
            )
        )
    if not built:
        why = "; ".join(f"{skip.family}: {skip.reason}" for skip in skipped)
        fix = "name another family, or change the task as the reasons say"
        raise FamilyDoesNotFit("no family fits", why=why, fix=fix, about=here.task.name)
    return BuildResult(frozen.id, tuple(built), tuple(skipped))
