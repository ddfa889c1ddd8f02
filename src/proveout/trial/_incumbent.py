"""The incumbent's answers to the test rows, from a candidate that stands for it or from the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import CandidateNotFound
from proveout.trial._comparison import VsIncumbent
from proveout.trial._intervals import is_binary, paired_means, paired_test
from proveout.trial._scored import Floats, guess_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families import Built
    from proveout.task import Example, Task
    from proveout.trial._recording import Recording
    from proveout.trial._scored import Ints

__all__ = ["RECORDED", "Incumbent", "Said", "find_incumbent", "versus"]

RECORDED = "recorded"
FAMILY = "llm"


class Incumbent(msgspec.Struct, frozen=True):
    """Who it is and its output for each labelled test row; None where it gave none.

    Attributes:
        id: of the candidate that stands for it, or ``"recorded"``.
        outputs: one a row, its guess where it abstained.
        present: whether it was asked that row at all.
        simulated: its answers come from a simulation.
    """

    id: str
    outputs: tuple[dict[str, Any] | None, ...]
    present: tuple[bool, ...]
    simulated: bool


class Said(msgspec.Struct, frozen=True):
    """One side of the pairing, one element a row: how right each guess is, and what it says."""

    points: Floats
    keys: tuple[str | None, ...]


def find_incumbent(
    task: Task, examples: Sequence[Example], built: Sequence[Built], recordings: Sequence[Recording], wanted: str | None
) -> Incumbent | None:
    """The candidate ``wanted``, or the one of family ``llm``, or the answers recorded in the rows, or None.

    Raises:
        CandidateNotFound: ``wanted`` is not among the candidates.
    """
    for one, recording in zip(built, recordings, strict=True):
        if wanted == one.id or (wanted is None and one.candidate.card.family == FAMILY):
            outputs = tuple(guess_of(answer) for answer in recording.answers)
            return Incumbent(one.id, outputs, (True,) * len(outputs), one.candidate.card.simulated)
    if wanted is not None:
        why = f"the trial has {', '.join(one.id for one in built) or 'no candidates'}"
        fix = "name one of them as the incumbent"
        raise CandidateNotFound("no such candidate in this trial", why=why, fix=fix, about=wanted)
    outputs = tuple(example.incumbent for example in examples)
    present = tuple(output is not None for output in outputs)
    return Incumbent(RECORDED, outputs, present, task.incumbent.mode == "simulated") if any(present) else None


def versus(ours: Said, theirs: Said, keep: Ints, *, seed: int) -> VsIncumbent | None:
    """Compare guesses with the incumbent's on the rows ``keep``, a mask; None without any.

    Where every guess is right or wrong, McNemar's test tells; else a permutation test of the points.
    """
    mine, other = ours.points[keep], theirs.points[keep]
    exact = is_binary(mine) and is_binary(other)
    found = paired_test(mine == 1, other == 1) if exact else paired_means(mine, other, seed=seed)
    if found is None:
        return None
    same = [one is not None and one == other for one, other in zip(ours.keys, theirs.keys, strict=True)]
    test = "McNemar, exact" if exact else "paired permutation"
    return VsIncumbent(*found, test=test, agreement=float(np.mean(np.array(same)[keep])), n=len(mine))
