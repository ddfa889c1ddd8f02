"""A recipe: which micro-models a kind of task is divided into, and the graph that joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from proveout.errors import TaskInvalid
from proveout.families.modular.graph import Graph, StepSpec
from proveout.families.modular.micro import MicroCard, MicroModel, MicroRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun, Fit
    from proveout.families.modular.graph import GraphRun
    from proveout.task import Example, Task

__all__ = ["ANSWER", "Part", "Plan", "Planned", "Recipe", "Tried", "check_column", "graph_of", "model_step"]

# The last step, which gives a `Draft`.
ANSWER = "answer"
Json = dict[str, Any]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A micro-model to build.

    Attributes:
        step: its name in the graph.
        kind: registered among `micro_kinds`.
        rows: to learn from and to choose on.
        parameters: of the kind.
        needs: steps whose micro-models it is built upon, by the part they play.
    """

    step: str
    kind: str
    rows: MicroRows
    parameters: Json = {}
    needs: dict[str, str] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate is made of.

    Attributes:
        models: in an order in which each stands behind those it needs.
        settings: what the other steps need to know, as JSON.
    """

    models: tuple[Planned, ...]
    settings: Json


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A built micro-model in a candidate.

    Attributes:
        id: ``name@hash``.
        card: what it is and what was chosen.
        model: ready to be called.
    """

    id: str
    card: MicroCard
    model: MicroModel


class Tried(NamedTuple):
    """A row of the SelectSplit with what the graph made of it."""

    example: Example
    run: GraphRun


class Recipe(Protocol):
    """One way to divide a task."""

    name: str

    def fits(self, task: Task) -> Fit:
        """Whether it serves the task, or why not."""
        ...

    def plan(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Plan:
        """The micro-models to build, and the settings of the other steps."""
        ...

    def steps(self, settings: Json, parts: Mapping[str, Part]) -> Sequence[StepSpec]:
        """The graph's steps; the last, `ANSWER`, gives a `Draft`."""
        ...

    def calibrated(self, settings: Json, tried: Sequence[Tried]) -> Json:
        """The settings with confidence calibrated on rows of the SelectSplit."""
        ...

    def gold(self, settings: Json, example: Example) -> Json:
        """The right output of each step, as far as a row states it."""
        ...

    def judged(self, settings: Json) -> dict[str, tuple[str, ...]]:
        """By step, the fields of its output that are compared with gold."""
        ...

    def checked_files(self, settings: Json, parts: Mapping[str, Part]) -> dict[str, bytes]:
        """Files that a checker of the answers' proofs reads, by name."""
        ...


def check_column(key: str, column: str, train: TrainSplit) -> None:
    """Some row to learn from has what a key of ``[modular]`` names, where it names anything.

    Raises:
        TaskInvalid: none has.
    """
    if not column or not train.examples:
        return
    if not any(column in example.meta or column in (example.expected or {}) for example in train.examples):
        columns = sorted({name for example in train.examples for name in (*example.meta, *(example.expected or {}))})
        why, fix = f"no row to learn from has the column {column!r}", f"name one of: {', '.join(columns) or 'none'}"
        raise TaskInvalid("a column that is not there", why=why, fix=fix, about=f"modular.{key}")


def model_step(name: str, parts: Mapping[str, Part], **takes: str) -> StepSpec:
    """A step that calls the micro-model of its name."""
    return StepSpec(name=name, run=parts[name].model, version=parts[name].id, takes=takes)


def graph_of(recipe: Recipe, settings: Json, parts: Mapping[str, Part]) -> Graph:
    """The graph of a recipe: from the task's input and its text to a `Draft`."""
    takes = {"inputs": dict[str, Any], "text": str}
    return Graph(recipe.name, takes=takes, steps=recipe.steps(settings, parts), gives=ANSWER)
