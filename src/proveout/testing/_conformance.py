"""The suite every family passes: what a candidate promises, checked on a task of yours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families import BuildRun
from proveout.task import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families import Candidate, Family
    from proveout.task import Answer, Task

__all__ = ["check_family"]

# What reaches a text field sooner or later.
ODD_TEXTS = ("", "   \n", "é ü ß 漢字", "🙂🙃 \u202e\u200b", "\x01\x1f", "word " * 5000, "' OR 1=1 --", "\ufeff")
TOLERANCE = 1e-3


def check_family(family: Family, task: Task, splits: tuple[TrainSplit, SelectSplit], folder: Path, **run: Any) -> None:
    """Build twice and try what the protocol promises.

    Args:
        family: what is checked.
        task: one it fits.
        splits: rows to build from.
        folder: an empty folder to write into.
        run: what `BuildRun` takes besides seed, snapshot and cache.

    Raises:
        AssertionError: a promise is broken; the message says which.

    Example:
        >>> from proveout.families import families
        >>> from proveout.testing import make_splits, make_task
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> check_family(families.create("retrieval"), make_task(), make_splits(), folder, embedder="tfidf")
    """
    fit = family.fits(task)
    _promise(fit.ok, f"fits the task, and it says: {fit.reason}")
    build = BuildRun(seed=3, snapshot=splits[0].snapshot, cache=folder / "cache", **run)
    first, second = (family.build(task, *splits, build) for _ in range(2))
    for promise in (_card, _same_bytes, _round_trip, _batch, _odd_inputs):
        promise(_Case(family, task, splits[0], build, folder), first, second)


class _Case(msgspec.Struct, frozen=True):
    """What every promise is tried on."""

    family: Any
    task: Any
    train: Any
    run: BuildRun
    folder: Any

    def inputs(self) -> list[dict[str, Any]]:
        """Some rows, and odd texts in every field."""
        rows = [example.inputs for example in self.train.examples[:20]]
        return [*rows, *(dict.fromkeys(self.task.input_fields, text) for text in ODD_TEXTS)]


def _card(case: _Case, first: Candidate, second: Candidate) -> None:
    del second
    card = first.card
    stated = (card.family, card.task, card.snapshot, card.seed)
    meant = (case.family.name, fingerprint(case.task), case.run.snapshot, case.run.seed)
    _promise(stated == meant, f"is tied to family, task, snapshot and seed: {stated} is not {meant}")


def _same_bytes(case: _Case, first: Candidate, second: Candidate) -> None:
    files = []
    for name, candidate in (("first", first), ("second", second)):
        (case.folder / name).mkdir()
        candidate.save(case.folder / name)
        files.append(_contents(case.folder / name))
    _promise(bool(files[0]), "saves at least one file")
    different = sorted(name for name in files[0].keys() | files[1].keys() if files[0].get(name) != files[1].get(name))
    _promise(not different, f"builds the same bytes from the same rows and seed; {different} differ")


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _round_trip(case: _Case, first: Candidate, second: Candidate) -> None:
    del second
    loaded = case.family.candidate.load(case.folder / "first", case.run.cache)
    _promise(loaded.card == first.card, "keeps its card when saved and loaded")
    _alike(first.answer(case.inputs()), loaded.answer(case.inputs()), "answers the same when saved and loaded")


def _batch(case: _Case, first: Candidate, second: Candidate) -> None:
    together = first.answer(case.inputs())
    _promise(len(together) == len(case.inputs()), f"gives one answer per input; {len(together)} came")
    alone = [first.answer([one])[0] for one in case.inputs()]
    _alike(together, alone, "answers a batch as it answers single inputs")
    _alike(together, second.answer(case.inputs()), "answers the same when built twice")
    _promise(first.answer([]) == [], "answers no input with no answer")


def _odd_inputs(case: _Case, first: Candidate, second: Candidate) -> None:
    del second
    for inputs, answer in zip(case.inputs(), first.answer(case.inputs()), strict=True):
        shown = str(inputs)[:60]
        _promise(0 <= answer.confidence <= 1, f"has a confidence from 0 to 1: {answer.confidence} for {shown}")
        _promise(answer.output is None or answer.output == answer.guess, f"answers with its guess: {shown}")
        usage = msgspec.structs.astuple(answer.usage)
        _promise(all(value >= 0 for value in usage), f"uses nothing negative: {usage}")


def _alike(left: Sequence[Answer], right: Sequence[Answer], promise: str) -> None:
    _promise(len(left) == len(right), f"{promise}; {len(left)} answers and {len(right)}")
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        same = (one.output, one.guess, one.abstention) == (other.output, other.guess, other.abstention)
        close = abs(one.confidence - other.confidence) <= TOLERANCE
        _promise(same and close, f"{promise}; row {row}: {one} and {other}")


def _promise(holds: bool, promise: str) -> None:  # noqa: FBT001  reads as a sentence
    if not holds:
        raise AssertionError(f"a candidate {promise}")
