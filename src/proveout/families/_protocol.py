"""The one protocol every family satisfies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import msgspec

from proveout._registry import Registry
from proveout.data import SelectSplit, TrainSplit
from proveout.errors import FamilyUnknown
from proveout.task import Answer, Task

__all__ = ["BuildRun", "Candidate", "CandidateCard", "Family", "Fit", "families", "family"]

Inputs = Mapping[str, Any]


class Fit(msgspec.Struct, frozen=True):
    """Whether a family can serve a task, and if not, why not (``reason`` is then one clause)."""

    ok: bool
    reason: str = ""


class BuildRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a build may use besides its data.

    Attributes:
        seed: the only source of randomness.
        snapshot: id of the snapshot the splits come from.
        cache: a folder for rebuildable intermediate results (embeddings); may be deleted at any time.
        progress: called with a stage name, units done and units in all.
    """

    seed: int
    snapshot: str
    cache: Path
    progress: Callable[[str, int, int], None] = lambda _stage, _done, _total: None


class CandidateCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate is tied to; its hash names the candidate.

    Attributes:
        family: name of the family.
        task: fingerprint of the task.
        snapshot: id of the snapshot.
        code: version of the code that built it.
        seed: the build's seed.
        parameters: everything chosen, and on which split: ``{"threshold": {"value": 0.41, "chosen_on": "select"}}``.
        simulated: its answers come from a simulation and not from a model; shown wherever it is shown.
    """

    family: str
    task: str
    snapshot: str
    code: str
    seed: int
    parameters: dict[str, Any]
    simulated: bool = False


@runtime_checkable
class Candidate(Protocol):
    """What a family built. Its files are byte-identical for the same snapshot, seed and code."""

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        ...

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """Answer a batch, in order; the answers equal those of one call per input, Usage apart."""
        ...

    def save(self, folder: Path) -> None:
        """Write its files into an empty folder, deterministically: no times, no absolute paths."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        ...


@runtime_checkable
class Family(Protocol):
    """One of the ways to build a candidate."""

    name: str
    candidate: type[Candidate]

    def fits(self, task: Task) -> Fit:
        """Whether it can serve the task here and now, or why not (missing endpoint, wrong kind)."""
        ...

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """Learn from ``train``, choose on ``select``; it never sees the other splits."""
        ...


families: Registry[Family] = Registry("family", group="proveout.families", missing=FamilyUnknown)
family = families.register
