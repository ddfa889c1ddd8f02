"""snapshot, build and compare: each makes what it lacks by calling the one before."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import msgspec

from proveout import data, families, release, trial
from proveout.errors import BuildFailed, FamilyDoesNotFit, FamilyUnknown, SnapshotNotFound, TaskInvalid
from proveout.loop._open import OpenTask, opened, quiet
from proveout.task import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from proveout.loop._open import Progress
    from proveout.task import Task

__all__ = ["BuildResult", "Skipped", "build", "build_families", "compare", "frozen_snapshot", "snapshot"]


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
    folder: Path,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    embedder: str = "auto",
    progress: Progress = quiet,
) -> BuildResult:
    """Build one candidate for each of the families ``names`` (all that fit, when None) on the latest snapshot.

    Raises:
        FamilyUnknown: a name is not registered.
        FamilyDoesNotFit: none of them fits the task.
        TaskChanged: the task was edited after its snapshot was taken.
    """
    with opened(folder) as here:
        return build_families(here, frozen_snapshot(here, progress), names, (seed, embedder), progress)


def compare(  # noqa: PLR0913  each axis has its switch
    folder: Path,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    embedder: str = "auto",
    learning_curve: bool | Sequence[str] = False,
    causal: bool = False,
    interpret: bool = False,
    modularity: bool = False,
    routes: Sequence[str] = (),
    progress: Progress = quiet,
) -> trial.Comparison:
    """Measure one candidate for each of the families ``names`` on the same TestSplit; build what is not built yet.

    Args:
        folder: of the task.
        names: families to build; all that fit when None.
        seed: the only source of randomness.
        embedder: name, folder or hub id.
        learning_curve: whether to measure learning curves, or the families to measure them of.
        causal: whether to ask about edited test rows and contrast rows too, as ``[causal]`` of the task says.
        interpret: whether to ask with words left out, to see which of them answers stand on.
        modularity: whether to take composed candidates apart: replace outputs of their steps by gold, inject faults,
            and learn steps anew.
        routes: over the families, as ``cascade:distilled,llm`` or ``mixture:distilled,retrieval``.
        progress: called with a stage name, units done and units in all.

    Raises:
        FamilyUnknown: a name is not registered.
        FamilyDoesNotFit: none of them fits the task.
        TaskChanged: the task was edited after its snapshot was taken.
        TaskInvalid: the causal axis is asked for, and the task has no ``[causal]``.
    """
    learners = _learners(names or families.default_families(), wanted=learning_curve)
    plans = [release.parse_route(text) for text in routes]
    with opened(folder) as here:
        if causal:
            _check_causal(here.task)
        frozen = frozen_snapshot(here, progress)
        result = build_families(here, frozen, names, (seed, embedder), progress)
        built = [*result.built, *_routes(here, frozen, result.built, plans)]
        cards = [built.candidate.card for built in result.built if built.candidate.card.family in learners]
        options = trial.TrialOptions(
            seed=seed,
            skipped=tuple(trial.Skipped(skip.family, skip.reason) for skip in result.skipped),
            curves=tuple(_curves(here, frozen, cards, embedder, progress)),
            causal=causal,
            interpret=interpret,
            modularity=trial.ModularityPlan(rebuild=_rebuild(here, frozen, (seed, embedder))) if modularity else None,
            next=f"proveout verify {folder}",
            read_text=families.document_text,
        )
        return trial.compare(
            here.workspace, here.task, frozen, built, ledger=here.ledger, progress=progress, options=options
        )


def _routes(
    here: OpenTask, frozen: data.Snapshot, built: Sequence[families.Built], plans: Sequence[release.RoutePlan]
) -> Iterator[families.Built]:
    """Routes over what was built, tuned on the SelectSplit."""
    for plan in plans:
        yield release.build_route(here.workspace, here.task, plan, built, frozen.select(), ledger=here.ledger)


def _check_causal(task: Task) -> None:
    if task.causal.factors or task.causal.contrast:
        return
    fix = "name factors or contrast rows under [causal] in task.toml"
    raise TaskInvalid("no causal axis", why="it has no [causal]", fix=fix, about=str(task.root / FILE_NAME))


def _learners(compared: Sequence[str], *, wanted: bool | Sequence[str]) -> list[str]:
    """The families whose learning curve is wanted."""
    if isinstance(wanted, bool):
        return list(compared) if wanted else []
    for name in wanted:
        if name not in compared:
            why, fix = "it is not among the families compared", "name it under families too"
            raise FamilyUnknown("no learning curve", why=why, fix=fix, about=name)
    return list(wanted)


def _curves(
    here: OpenTask, frozen: data.Snapshot, cards: Sequence[families.CandidateCard], embedder: str, progress: Progress
) -> Iterator[trial.Curve]:
    """Learning curves of the candidates that learn; a replay would draw a flat line."""
    select = frozen.select()
    for card in cards:
        if trial.is_replayed(card):
            continue
        family = families.families.create(card.family)

        def rebuild(train: data.TrainSplit, seed: int, family: families.Family = family) -> families.Candidate:
            run = families.BuildRun(seed=seed, snapshot=frozen.id, cache=here.workspace.cache, embedder=embedder)
            return family.build(here.task, train, select, run)

        learner = trial.Learner(card.family, card.code, rebuild)
        yield trial.learning_curve(here.workspace, here.task, frozen, learner, ledger=here.ledger, progress=progress)


KEPT = 0.7


def _rebuild(here: OpenTask, frozen: data.Snapshot, choice: tuple[int, str]) -> trial.Rebuild:
    """Learns one step of a candidate anew, or all of it, from 70 % of the rows and with another seed.

    Each begins with an empty cache: what one step computed would otherwise cost the next, or the whole, nothing.
    """
    seed, embedder = choice
    whole = frozen.train()
    kept = random.Random(seed).sample(range(len(whole)), round(KEPT * len(whole)))  # noqa: S311  no secret
    train = data.TrainSplit(snapshot=whole.snapshot, examples=tuple(whole.examples[row] for row in sorted(kept)))

    def rebuild(candidate: families.Candidate, step: str) -> families.Candidate | None:
        family = families.families.create(candidate.card.family)
        if not isinstance(family, families.Rebuilds):
            return None
        cache = here.workspace.cache / "rebuilt" / (step or "whole")
        shutil.rmtree(cache, ignore_errors=True)
        run = families.build_run(
            here.workspace,
            here.task,
            frozen,
            seed=seed + 1,
            ledger=here.ledger,
            progress=quiet,
            embedder=embedder,
        )
        run = msgspec.structs.replace(run, cache=cache)
        try:
            if not step:
                return family.build(here.task, train, frozen.select(), run)
            return family.rebuild(candidate, step, here.task, train, frozen.select(), run)
        except BuildFailed:
            # Fewer rows may leave a step nothing to learn: it is not measured, and the rest is.
            return None

    return rebuild


def frozen_snapshot(here: OpenTask, progress: Progress) -> data.Snapshot:
    """The latest snapshot, taken now where there is none; refused where the task was edited since."""
    try:
        frozen = data.load_snapshot(here.workspace)
    except SnapshotNotFound:
        return data.take_snapshot(here.workspace, here.task, here.ledger, progress=progress)
    data.check_task(frozen, here.task)
    return frozen


def build_families(
    here: OpenTask, frozen: data.Snapshot, names: Sequence[str] | None, choice: tuple[int, str], progress: Progress
) -> BuildResult:
    """The candidates of the families that fit, with a seed and an embedder; see `build`."""
    built, skipped = [], []
    seed, embedder = choice
    for name in names or families.default_families():
        fit = families.families.create(name).fits(here.task)
        if not fit.ok:
            skipped.append(Skipped(name, fit.reason))
            continue
        built.append(
            families.build(
                here.workspace,
                here.task,
                frozen,
                name,
                seed=seed,
                ledger=here.ledger,
                progress=progress,
                embedder=embedder,
            )
        )
    if not built:
        why = "; ".join(f"{skip.family}: {skip.reason}" for skip in skipped)
        fix = "name another family, or change the task as the reasons say"
        raise FamilyDoesNotFit("no family fits", why=why, fix=fix, about=here.task.name)
    return BuildResult(frozen.id, tuple(built), tuple(skipped))
