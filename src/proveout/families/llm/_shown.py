"""Which labelled examples the prompt shows: the same for all inputs, or the most similar ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np
from scipy import sparse

from proveout.families._embedders import fit_embedder, load_embedder
from proveout.families._vectors import embed_all
from proveout.families.llm._prompt import shot_of, spread
from proveout.task import content_hash, input_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from proveout.families._embedders import Embedder
    from proveout.families._protocol import BuildRun
    from proveout.families.llm._prompt import Shot
    from proveout.task import Example, Incumbent, Task

__all__ = ["Shown", "chosen", "loaded"]

BLOCK = 256
DIGITS = 5
# More are ranked than are shown, so that others can take the place of those too long for the prompt.
SPARE = 3


class Shown(Protocol):
    """Chooses examples.

    Attributes:
        shots: all that may be shown.
    """

    shots: tuple[Shot, ...]

    def for_inputs(self, inputs: Sequence[Mapping[str, Any]]) -> list[list[Shot]]:
        """Examples for each input, the most important first."""
        ...

    def save(self, folder: Path) -> None:
        """Write what is needed besides the shots."""
        ...

    def parameter(self) -> dict[str, Any]:
        """What the card says of it."""
        ...


class Spread:
    """The same examples for every input."""

    def __init__(self, shots: tuple[Shot, ...]) -> None:
        self.shots = shots

    def for_inputs(self, inputs: Sequence[Mapping[str, Any]]) -> list[list[Shot]]:
        """All of them, each time."""
        return [list(self.shots) for _ in inputs]

    def save(self, folder: Path) -> None:
        """Nothing: the shots are all there is."""

    def parameter(self) -> dict[str, Any]:
        """How many there are, and their hash."""
        return _parameter("spread", len(self.shots), self.shots)


class Similar:
    """The examples with the highest cosine to the input (Liu et al., arXiv:2101.06804, 2021).

    Args:
        shots: all labelled rows of the TrainSplit.
        fields: of an input, for its text.
        count: how many to show.
        embedder: of the run.
        cache: a folder for vectors.
    """

    def __init__(
        self, shots: tuple[Shot, ...], fields: Sequence[str], count: int, embedder: Embedder, cache: Path
    ) -> None:
        self.shots = shots
        self._fields = tuple(fields)
        self._count = count
        self._embedder = embedder
        self._vectors = embed_all(embedder, texts_of(shots, fields), cache, lambda _stage, _done, _total: None)

    def for_inputs(self, inputs: Sequence[Mapping[str, Any]]) -> list[list[Shot]]:
        """The nearest first; equal cosines in the order of the shots, so that no batch changes the choice."""
        found: list[list[Shot]] = []
        most = min(self._count * SPARE, len(self.shots))
        for start in range(0, len(inputs), BLOCK):
            texts = [input_text(self._fields, one) for one in inputs[start : start + BLOCK]]
            cosines = self._embedder.embed(texts) @ self._vectors.T
            cosines = np.round(cosines.toarray() if sparse.issparse(cosines) else cosines, DIGITS)
            order = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
            found += [[self.shots[row] for row in rows] for rows in order]
        return found

    def save(self, folder: Path) -> None:
        """The embedder; vectors are made again, or read from the cache."""
        self._embedder.save(folder)

    def parameter(self) -> dict[str, Any]:
        """The embedder, how many are shown, and the hash of what they are chosen from."""
        embedder = {"embedder": self._embedder.name, "fingerprint": self._embedder.fingerprint}
        return _parameter("similar", self._count, self.shots) | embedder


def chosen(task: Task, pool: Sequence[Example], run: BuildRun) -> Shown:
    """What ``incumbent.examples_chosen`` says, from labelled rows of the TrainSplit."""
    incumbent, fields = task.incumbent, task.input_fields
    if not _by_similarity(incumbent, pool):
        return Spread(tuple(shot_of(one) for one in spread(pool, incumbent.examples_shown)))
    shots = tuple(shot_of(one) for one in pool)
    embedder = fit_embedder(run.embedder, texts_of(shots, fields), run.cache)
    return Similar(shots, fields, incumbent.examples_shown, embedder, run.cache)


def loaded(folder: Path, cache: Path, incumbent: Incumbent, shots: tuple[Shot, ...], fields: Sequence[str]) -> Shown:
    """What was saved in ``folder``."""
    if not _by_similarity(incumbent, shots):
        return Spread(shots)
    return Similar(shots, fields, incumbent.examples_shown, load_embedder(folder, cache), cache)


def texts_of(shots: Iterable[Shot], fields: Sequence[str]) -> list[str]:
    """The inputs of the shots as texts."""
    return [input_text(fields, msgspec.json.decode(shot.asked)) for shot in shots]


def _by_similarity(incumbent: Incumbent, rows: Sequence[object]) -> bool:
    return incumbent.examples_chosen == "similar" and bool(rows) and incumbent.examples_shown > 0


def _parameter(how: str, count: int, shots: tuple[Shot, ...]) -> dict[str, Any]:
    return {"value": how, "shown": count, "hash": content_hash(shots)[:16], "chosen_on": "train"}
