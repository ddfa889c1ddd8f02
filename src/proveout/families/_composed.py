"""What a candidate made of steps shows of itself, so that each step can be judged, blamed and replaced alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import msgspec

if TYPE_CHECKING:
    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun, Candidate, Inputs
    from proveout.task import Answer, Example, Task

__all__ = ["Composed", "ComposedStep", "Override", "Rebuilds"]

# What goes on instead of a step's output, from the row's number in the batch and that output, all plain JSON values.
Override = Callable[[int, Any], Any]


class ComposedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a composed candidate.

    Attributes:
        name: in the graph, and in the trace of each answer.
        does: ``learned`` from rows, a ``rule`` that people wrote, or ``code``.
        needs: steps whose outputs it reads.
        version: ``name@hash`` of the micro-model, or a hash of the code.
    """

    name: str
    does: Literal["learned", "rule", "code"]
    needs: tuple[str, ...] = ()
    version: str = ""


@runtime_checkable
class Composed(Protocol):
    """A candidate that is a graph of steps. Its answers' ``evidence.trace`` holds each step's output as plain JSON."""

    @property
    def steps(self) -> tuple[ComposedStep, ...]:
        """In an order in which every step stands behind those it needs."""
        ...

    def answer_with(self, inputs: Sequence[Inputs], overrides: Mapping[str, Override]) -> list[Answer]:
        """Answer a batch, each override standing in for what its step gives: an oracle's output, or a fault's.

        An override is called with the row's number and the step's own output; what it gives goes on to the steps
        behind, and stands in the trace. With no overrides these are the answers of `Candidate.answer`, Usage apart.
        """
        ...

    def gold(self, example: Example) -> dict[str, Any]:
        """The right output of each step, as far as the example states it: plain JSON by step name."""
        ...


@runtime_checkable
class Rebuilds(Protocol):
    """A family that can build one step of a candidate again, and leave the others as they are."""

    def rebuild(
        self, candidate: Candidate, step: str, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun
    ) -> Candidate:
        """The candidate with that one step learned anew from these rows and this seed."""
        ...
