"""The incumbent's answers to the test rows, from a candidate that stands for it or from the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.errors import CandidateNotFound
from proveout.trial._comparison import VsIncumbent
from proveout.trial._intervals import paired_test
from proveout.trial._scored import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families import Built
    from proveout.task import Example, Task
    from proveout.trial._recording import Recording
    from proveout.trial._scored import Scored

__all__ = ["RECORDED", "Incumbent", "find_incumbent", "versus"]

RECORDED = "recorded"
FAMILY = "llm"


class Incumbent(msgspec.Struct, frozen=True):
    """Who it is and its label for each labelled test row; None where it gave none.

    Attributes:
        id: of the candidate that stands for it, or ``"recorded"``.
        labels: one a row.
        present: whether it was asked that row at all.
        simulated: its answers come from a simulation.
    """

    id: str
    labels: tuple[str | None, ...]
    present: tuple[bool, ...]
    simulated: bool


def find_incumbent(
    task: Task, examples: Sequence[Example], built: Sequence[Built], recordings: Sequence[Recording], wanted: str | None
) -> Incumbent | None:
    """The candidate ``wanted``, or the one of family ``llm``, or the answers recorded in the rows, or None.

    Raises:
        CandidateNotFound: ``wanted`` is not among the candidates.
    """
    for one, recording in zip(built, recordings, strict=True):
        if wanted == one.id or (wanted is None and one.candidate.card.family == FAMILY):
            answers = recording.answers
            labels = tuple(label_of(task, answer.guess or answer.output) for answer in answers)
            return Incumbent(one.id, labels, (True,) * len(labels), one.candidate.card.simulated)
    if wanted is not None:
        why = f"the trial has {', '.join(one.id for one in built) or 'no candidates'}"
        fix = "name one of them as the incumbent"
        raise CandidateNotFound("no such candidate in this trial", why=why, fix=fix, about=wanted)
    labels = tuple(label_of(task, example.incumbent) for example in examples)
    present = tuple(label is not None for label in labels)
    return Incumbent(RECORDED, labels, present, task.incumbent.mode == "simulated") if any(present) else None


def versus(scored: Scored, incumbent: Incumbent) -> VsIncumbent | None:
    """Compare guesses with the incumbent's on in-scope rows that it was asked; None without any."""
    codes = {label: code for code, label in enumerate(scored.labels)}
    unknown = len(codes)
    theirs = np.array([-2 if label is None else codes.get(label, unknown) for label in incumbent.labels], np.int64)
    keep = scored.in_scope & np.array(incumbent.present, dtype=bool)
    found = paired_test(scored.guessed_right[keep], theirs[keep] == scored.truth[keep])
    if found is None:
        return None
    agreement = float(np.mean(scored.guess[keep] == theirs[keep]))
    return VsIncumbent(*found, test="McNemar, exact", agreement=agreement, n=int(np.sum(keep)))
