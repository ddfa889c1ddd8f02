"""What a candidate made of steps shows of itself, so that each step can be judged, blamed and replaced alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import msgspec

from proveout.task import canonical_json

if TYPE_CHECKING:
    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun, Candidate, Inputs
    from proveout.task import Answer, Example, Task

__all__ = ["Composed", "ComposedStep", "Override", "Rebuilds", "agrees"]

# What goes on instead of a step's output, from the row's number in the batch and that output, all plain JSON values.
Override = Callable[[int, Any], Any]


class ComposedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a composed candidate.

    Attributes:
        name: in the graph, and in the trace of each answer.
        does: ``learned`` from rows, a ``rule`` that people wrote, or ``code``.
        needs: steps whose outputs it reads.
        version: ``name@hash`` of the micro-model, or a hash of the code.
        judged: fields of its output that are compared with gold, where that is an object; all of them when empty. A
            confidence is no part of what is right.
    """

    name: str
    does: Literal["learned", "rule", "code"]
    needs: tuple[str, ...] = ()
    version: str = ""
    judged: tuple[str, ...] = ()


def agrees(step: ComposedStep, output: Any, gold: Any) -> bool:
    """Whether a step's output is right: it holds all that gold states, in the fields that are judged.

    What else an object of the output holds (a confidence, a score) is not compared; lists are as long as in gold.

    Example:
        >>> step = ComposedStep(name="intent", does="learned", judged=("label",))
        >>> agrees(step, {"label": "card", "confidence": 0.7}, {"label": "card", "confidence": 1.0})
        True
        >>> agrees(ComposedStep(name="days", does="code"), [{"days": 3, "score": 0.7}], [{"days": 4}])
        False
    """
    if step.judged and isinstance(gold, dict):
        gold = {name: gold[name] for name in step.judged if name in gold}
    return _holds(output, gold)


def _holds(output: Any, gold: Any) -> bool:
    if isinstance(gold, dict):
        return isinstance(output, dict) and all(
            name in output and _holds(output[name], value) for name, value in gold.items()
        )
    if isinstance(gold, list):
        return (
            isinstance(output, list)
            and len(output) == len(gold)
            and all(_holds(one, other) for one, other in zip(output, gold, strict=True))
        )
    return canonical_json(output) == canonical_json(gold)


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
        behind, and stands in the trace. It is not called where its step was skipped. A step that cannot work with what
        it is given makes the row an abstention, never an error. With no overrides these are the answers of
        `Candidate.answer`, Usage apart.
        """
        ...

    def gold(self, example: Example) -> dict[str, Any]:
        """The right output of each step, as far as the example states it: whole outputs, plain JSON by step name."""
        ...


@runtime_checkable
class Rebuilds(Protocol):
    """A family that can build one step of a candidate again, and leave the others as they are."""

    def rebuild(
        self, candidate: Candidate, step: str, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun
    ) -> Candidate:
        """The candidate with that one step learned anew from these rows and this seed."""
        ...
