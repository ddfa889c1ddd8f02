"""The one protocol every family satisfies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from proveout._registry import Registry
from proveout.errors import FamilyUnknown
from proveout.families._code import code_version
from proveout.families._incumbent import Recorded
from proveout.task import Answer, Task, fingerprint

if TYPE_CHECKING:
    from proveout.data import SelectSplit, TrainSplit

__all__ = [
    "BuildRun",
    "Candidate",
    "CandidateCard",
    "Family",
    "Fit",
    "card_of",
    "default_families",
    "families",
    "family",
    "route",
    "routes",
]

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
        embedder: name, folder or hub id of the embedder; ``auto`` takes the best one installed.
        recorded: the incumbent's answers by content hash of the input; recorded, or simulated where the task says so.
        documents: the snapshot's documents, by path.
    """

    seed: int
    snapshot: str
    cache: Path
    progress: Callable[[str, int, int], None] = lambda _stage, _done, _total: None
    embedder: str = "auto"
    recorded: Callable[[], dict[str, Recorded]] = dict
    documents: Callable[[], dict[str, bytes]] = dict


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


def card_of(family: str, task: Task, run: BuildRun, *, simulated: bool = False, **parameters: Any) -> CandidateCard:
    """The card of a candidate built now."""
    return CandidateCard(
        family=family,
        task=fingerprint(task),
        snapshot=run.snapshot,
        code=code_version(),
        seed=run.seed,
        parameters=parameters,
        simulated=simulated,
    )


@runtime_checkable
class Loads(Protocol):
    """What reads a stored candidate back."""

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Candidate:
        """Read what `Candidate.save` wrote; ``cache`` is a folder for what can be made again."""
        ...


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


@runtime_checkable
class Family(Protocol):
    """One of the ways to build a candidate."""

    name: str

    @property
    def candidate(self) -> type[Loads]:
        """The class that reads its candidates back."""
        ...

    def fits(self, task: Task) -> Fit:
        """Whether it can serve the task here and now, or why not (missing endpoint, wrong kind)."""
        ...

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """Learn from ``train``, choose on ``select``; it never sees the other splits."""
        ...


def default_families() -> list[str]:
    """Registered families but their variants; a variant, as ``distilled-tuned``, is built only when it is named.

    Example:
        >>> import proveout.families
        >>> default_families()
        ['distilled', 'llm', 'retrieval', 'symbolic']
    """
    return [name for name in families.names() if "-" not in name]


families: Registry[Family] = Registry("family", group="proveout.families", missing=FamilyUnknown)
family = families.register
# What reads a stored route back: a route is made of candidates, and stored as one.
routes: Registry[type[Loads]] = Registry("route", group="proveout.routes", missing=FamilyUnknown)
route = routes.register
