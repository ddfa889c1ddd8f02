"""llm: the incumbent itself, by endpoint, or its recorded or simulated answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.families._protocol import BuildRun, Candidate, Fit, Loads, card_of, family
from proveout.families.llm._build import build_endpoint, share_right
from proveout.families.llm._endpoint import FILE, EndpointCandidate
from proveout.families.llm._replay import ReplayCandidate
from proveout.task import content_hash

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Task

__all__ = ["LlmCandidate", "LlmFamily"]


class LlmCandidate:
    """Loads whichever of the two was saved."""

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Candidate:
        """Read an `EndpointCandidate` or a `ReplayCandidate`."""
        kind: type[Loads] = EndpointCandidate if (folder / FILE).exists() else ReplayCandidate
        return kind.load(folder, cache)


@family("llm")
class LlmFamily:
    """The incumbent, in the mode that ``incumbent.mode`` says."""

    name = "llm"
    candidate = LlmCandidate

    def fits(self, task: Task) -> Fit:
        """All kinds, once the task says how the incumbent is reached."""
        if task.incumbent.mode == "none":
            return Fit(ok=False, reason='incumbent.mode is "none": name an endpoint, recorded answers or a simulation')
        return Fit(ok=True)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """A replay, or a prompt with labelled examples of ``train``; confidence is measured on ``select``.

        Raises:
            TaskInvalid: the prompt's template is wrong.
            ProviderError: the endpoint cannot be used, or ``budgets.build_usd`` does not suffice.
        """
        if task.incumbent.mode in {"endpoint", "local"}:
            return build_endpoint(task, train, select, run)
        return _replay(self.name, task, select, run)


def _replay(name: str, task: Task, select: SelectSplit, run: BuildRun) -> ReplayCandidate:
    answers = run.recorded()
    simulated = task.incumbent.mode == "simulated"
    rate = task.incumbent.simulated.error_rate
    note = f"simulated: the expected output with {rate:.0%} errors" if simulated else "replayed as recorded"
    right = [
        answers[content_hash(one.inputs)].output == one.expected
        for one in select.examples
        if one.expected is not None and content_hash(one.inputs) in answers
    ]
    card = card_of(
        name,
        task,
        run,
        simulated=simulated,
        mode={"value": task.incumbent.mode},
        confidence={"value": share_right(right), "chosen_on": "select"},
    )
    return ReplayCandidate.of(card, dict(sorted(answers.items())), confidence=share_right(right), note=note)
