"""Tasks that are answered from documents: search, choose a sentence, and say whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.families._protocol import Fit
from proveout.families.modular._draft import Draft
from proveout.families.modular._recipe import ANSWER, Part, Plan, Planned, Tried, model_step
from proveout.families.modular.graph import StepSpec
from proveout.families.modular.micro import Chosen, MicroRows, Passages, micro_rows
from proveout.families.retrieval._answer import NOT_THERE
from proveout.families.retrieval._reader import answer_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun
    from proveout.task import Example, Task

__all__ = ["PassageRecipe"]

Json = dict[str, Any]
SEARCH, CHOOSE = "search", "choose"


class _Cites:
    """The last step: the sentence as the task's output, with all that was found as citations."""

    version = "cites"

    def __init__(self, field: str) -> None:
        self._field = field

    def __call__(self, found: Passages, chosen: Chosen) -> Draft:
        """The answer; that of a question which no sentence answers is ``not in the documents``."""
        if chosen.citation is None:
            return Draft(abstention=NOT_THERE)
        guess = {self._field: chosen.text}
        whole = next(one.passage for one in found.sentences if one.citation == chosen.citation)
        rest = tuple(one for at, one in enumerate(found.passages) if at != whole)
        return Draft(
            output=guess if chosen.answers else None,
            guess=guess,
            confidence=chosen.confidence,
            abstention="" if chosen.answers else NOT_THERE,
            citations=(chosen.citation, *rest),
        )


class PassageRecipe:
    """``search`` finds passages, ``choose`` a sentence of them, ``answer`` cites both."""

    name = "passages"

    def fits(self, task: Task) -> Fit:
        """Kind ``answer``, where the task has documents."""
        if not task.documents.paths:
            return Fit(ok=False, reason="documents.paths names no documents to answer from")
        return Fit(ok=True)

    def plan(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Plan:
        """An index, and what chooses among the sentences it finds."""
        field = answer_field(task)
        rows = micro_rows(task, train, select, answer=field)
        models = (
            Planned(step=SEARCH, kind=SEARCH, rows=MicroRows(), parameters={"embedder": run.embedder}),
            Planned(step=CHOOSE, kind=CHOOSE, rows=rows, needs={"search": SEARCH}),
        )
        return Plan(models=models, settings={"field": field})

    def steps(self, settings: Json, parts: Mapping[str, Part]) -> Sequence[StepSpec]:
        """One behind the other."""
        takes = {"found": SEARCH, "chosen": CHOOSE}
        return [
            model_step(SEARCH, parts, text="input.text"),
            model_step(CHOOSE, parts, found=SEARCH),
            StepSpec(name=ANSWER, run=_Cites(settings["field"]), takes=takes),
        ]

    def calibrated(self, settings: Json, tried: Sequence[Tried]) -> Json:
        """What chooses is calibrated already."""
        del tried
        return settings

    def gold(self, settings: Json, example: Example) -> Json:
        """Rows state answers, and not the sentences they stand in."""
        del settings, example
        return {}

    def judged(self, settings: Json) -> dict[str, tuple[str, ...]]:
        """Nothing has gold."""
        del settings
        return {}

    def checked_files(self, settings: Json, parts: Mapping[str, Part]) -> dict[str, bytes]:
        """Citations are checked against the snapshot."""
        del settings, parts
        return {}
