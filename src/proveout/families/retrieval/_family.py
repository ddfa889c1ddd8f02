"""retrieval and its variant: whichever candidate the task's kind asks for, or one whose answers a model writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.families._fields import fits_fields
from proveout.families._protocol import BuildRun, Candidate, Fit, Loads, family
from proveout.families.retrieval._answer import PassageCandidate, build_answers
from proveout.families.retrieval._examples import RetrievalCandidate, build_votes
from proveout.families.retrieval._slots import SlotCandidate, build_slots
from proveout.families.retrieval._written import NAME, WrittenCandidate, build_written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Task

    Build = Callable[[Task, TrainSplit, SelectSplit, BuildRun], Candidate]

__all__ = ["RetrievalFamily", "WrittenFamily"]

NO_DOCUMENTS = Fit(ok=False, reason="documents.paths names no documents to answer from")
NO_MODEL = Fit(ok=False, reason='incumbent.mode names no model that can be asked: "endpoint" or "local"')
SHOWN = "for kind {} the family llm shows the nearest examples itself: set incumbent.examples_chosen to similar"
BUILDS: dict[str, Build] = {
    "classify": build_votes,
    "decide": build_votes,
    "extract": build_slots,
    "answer": build_answers,
}


class AnyCandidate:
    """Loads whichever was saved."""

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Candidate:
        """Read a `PassageCandidate`, a `SlotCandidate` or a `RetrievalCandidate`."""
        marked: tuple[type[PassageCandidate | SlotCandidate], ...] = (PassageCandidate, SlotCandidate)
        kind: type[Loads] = next((one for one in marked if one.is_in(folder)), RetrievalCandidate)
        return kind.load(folder, cache)


@family("retrieval")
class RetrievalFamily:
    """Nearest labelled examples that vote, or passages of documents that answer; both are the evidence."""

    name = "retrieval"
    candidate = AnyCandidate

    def fits(self, task: Task) -> Fit:
        """Kinds ``classify`` and ``decide``; ``extract`` of texts, numbers, closed sets; ``answer`` from documents."""
        if task.kind == "answer" and not task.documents.paths:
            return NO_DOCUMENTS
        return fits_fields(task) if task.kind == "extract" else Fit(ok=True)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """Index examples or documents; choose and calibrate on ``select``.

        Raises:
            BuildFailed: the TrainSplit holds fewer than two labels or no value, or the snapshot no documents.
        """
        return BUILDS[task.kind](task, train, select, run)


@family(NAME)
class WrittenFamily:
    """Passages of documents, an answer the incumbent's model writes from them, and a check of each of its sentences."""

    name = NAME
    candidate = WrittenCandidate

    def fits(self, task: Task) -> Fit:
        """Kind ``answer`` where the task has documents and a model that can be asked."""
        if task.kind != "answer":
            return Fit(ok=False, reason=SHOWN.format(task.kind))
        if not task.documents.paths:
            return NO_DOCUMENTS
        return Fit(ok=True) if task.incumbent.mode in {"endpoint", "local"} else NO_MODEL

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> WrittenCandidate:
        """Index the documents; choose the least support a sentence needs on ``select``.

        Raises:
            BuildFailed: the snapshot holds no documents, or none with text.
            ProviderError: the model cannot be used, or ``budgets.build_usd`` does not suffice.
        """
        del train
        return build_written(task, select, run)
