"""The swap test: one step learned anew, and what else changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import CandidateInvalid
from proveout.families import Candidate, Composed
from proveout.trial._modularity_ask import answers_with, outputs, same

if TYPE_CHECKING:
    from proveout.task import Answer, Example
    from proveout.trial._recording import Clock

__all__ = ["Rebuild", "Swapped", "Swaps", "swap_tests"]

# A candidate with one step learned anew from other rows and another seed, or with all of it where the step is "";
# None where its family, or those rows, cannot.
Rebuild = Callable[[Candidate, str], Candidate | None]
Key = Callable[[dict[str, Any] | None], str | None]
SKIPPED = object()


class Swapped(msgspec.Struct, frozen=True, kw_only=True):
    """What changed when one step was learned anew.

    Attributes:
        step: its name.
        changed: for each step whether its output changed, a boolean a row; a step that is skipped now or was before
            has changed.
        answers: whether the answer changed, a boolean a row.
        cpu_seconds: that learning the step took.
    """

    step: str
    changed: dict[str, tuple[bool, ...]]
    answers: tuple[bool, ...]
    cpu_seconds: float


class Swaps(msgspec.Struct, frozen=True, kw_only=True):
    """One swap for each learned step, and what learning the whole candidate took in the same run, in CPU seconds."""

    steps: tuple[Swapped, ...] = ()
    whole_cpu_seconds: float | None = None


def swap_tests(
    candidate: Candidate,
    rebuild: Rebuild,
    examples: Sequence[Example],
    key: Key,
    clock: Clock,
    progress: Callable[[str, int, int], None],
) -> Swaps:
    """Learn each learned step anew, then the whole; steps that cannot be are left out.

    Args:
        candidate: made of steps.
        rebuild: learns a step anew, or the whole.
        examples: rows to compare on.
        key: a text that two outputs share when they say the same.
        clock: of processor time.
        progress: called with what is done, units done and units in all.

    Raises:
        CandidateInvalid: what was learned anew is not made of the same steps.
    """
    if not isinstance(candidate, Composed):
        return Swaps()
    inputs = [example.inputs for example in examples]
    before = answers_with(candidate, inputs, {})
    found = []
    learned = [step for step in candidate.steps if step.does == "learned"]
    for number, step in enumerate(learned):
        progress("swaps", number, len(learned))
        began = clock.cpu()
        other = rebuild(candidate, step.name)
        took = clock.cpu() - began
        if other is None:
            continue
        after = answers_with(_composed(other, candidate, step.name), inputs, {})
        found.append(_swapped(step.name, (before, after), [one.name for one in candidate.steps], key, took))
    began = clock.cpu()
    whole = rebuild(candidate, "") if found else None
    took = clock.cpu() - began
    progress("swaps", len(learned), len(learned))
    return Swaps(steps=tuple(found), whole_cpu_seconds=None if whole is None else took)


def _composed(other: Candidate, candidate: Composed, step: str) -> Composed:
    names = tuple(one.name for one in candidate.steps)
    if not isinstance(other, Composed) or tuple(one.name for one in other.steps) != names:
        why = f"learned anew in this step it is not made of {', '.join(names)}"
        fix = "let rebuild of its family change one step alone"
        raise CandidateInvalid("a composed candidate breaks the protocol", why=why, fix=fix, about=step)
    return other


def _swapped(
    step: str, answers: tuple[Sequence[Answer], Sequence[Answer]], names: Sequence[str], key: Key, took: float
) -> Swapped:
    pairs = list(zip(*answers, strict=True))
    traces = [(outputs(one), outputs(other)) for one, other in pairs]
    return Swapped(
        step=step,
        changed={name: tuple(_differ(one, other, name) for one, other in traces) for name in names},
        answers=tuple(key(one.output) != key(other.output) for one, other in pairs),
        cpu_seconds=took,
    )


def _differ(one: dict[str, Any], other: dict[str, Any], name: str) -> bool:
    left, right = one.get(name, SKIPPED), other.get(name, SKIPPED)
    if left is SKIPPED or right is SKIPPED:
        return left is not right
    return not same(left, right)
