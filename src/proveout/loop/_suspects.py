"""Rows whose label is probably wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout import data, families
from proveout.loop._open import opened, quiet
from proveout.loop._stages import build

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.loop._open import Progress

__all__ = ["SuspectRow", "suspects"]


class SuspectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row with the label it has and the one that held-out models give it.

    Attributes:
        example: its id.
        provenance: where it was read.
        text: its input.
        given: the label it has.
        suggested: the label the others give it.
        margin: how much likelier the suggested label is, from 0 to 1.
    """

    example: str
    provenance: str
    text: str
    given: str
    suggested: str
    margin: float


def suspects(folder: Path, *, progress: Progress = quiet) -> tuple[SuspectRow, ...]:
    """Suspect rows of the TrainSplit, worst first, as the candidate of family ``distilled`` found them.

    Raises:
        FamilyDoesNotFit: the task does not ask for a label.
    """
    (built,) = build(folder, names=["distilled"], progress=progress).built
    found = built.candidate.suspects if isinstance(built.candidate, families.DistilledCandidate) else ()
    with opened(folder) as here:
        rows = {one.id: one for one in data.load_snapshot(here.workspace).train().examples}
        return tuple(
            SuspectRow(
                example=one.example,
                provenance=rows[one.example].provenance,
                text=here.task.text(rows[one.example].inputs),
                given=one.given,
                suggested=one.suggested,
                margin=one.margin,
            )
            for one in found
        )
