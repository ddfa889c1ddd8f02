"""Tasks that ask for one label: is the text in scope, and what does it ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.families._labels import fits_labels
from proveout.families._protocol import Fit
from proveout.families.modular._draft import Draft
from proveout.families.modular._recipe import ANSWER, Part, Plan, Planned, Tried, check_column, model_step
from proveout.families.modular.graph import StepSpec
from proveout.families.modular.micro import Intent, Scope, micro_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun
    from proveout.task import Example, Task

__all__ = ["LabelRecipe"]

Json = dict[str, Any]
SCOPE, INTENT = "scope", "intent"


class _Labels:
    """The last step: the intent as the task's output, unless the text is out of scope."""

    version = "label"

    def __init__(self, target: str) -> None:
        self._target = target

    def __call__(self, intent: Intent, scope: Scope | None = None) -> Draft:
        """The answer."""
        guess = {self._target: intent.label}
        inside = scope is None or scope.inside
        return Draft(
            output=guess if inside else None,
            guess=guess,
            confidence=intent.confidence,
            abstention="" if inside else "out of scope",
            alternatives=intent.alternatives,
            note=f"domain {intent.domain}" if intent.domain else "",
        )


class LabelRecipe:
    """``scope`` and ``intent`` read the text; ``answer`` joins them."""

    name = "labels"

    def fits(self, task: Task) -> Fit:
        """Kinds ``classify`` and ``decide``, where rows have labels to learn."""
        fit = fits_labels(task)
        if fit.ok and not task.data.examples:
            return Fit(ok=False, reason="it has no rows to learn micro-models from")
        return fit

    def plan(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Plan:
        """An intent model; and a scope model where the task has a label for what is out of scope.

        Raises:
            TaskInvalid: no row has the column of domains.
        """
        check_column("domain", task.modular.domain, train)
        rows = micro_rows(task, train, select, intent=task.target, domain=task.modular.domain)
        encoders = {"encoders": encoders_of(run)}
        models = [Planned(step=INTENT, kind=INTENT, rows=rows, parameters=encoders)]
        if task.out_of_scope:
            models.append(Planned(step=SCOPE, kind=SCOPE, rows=rows, parameters=encoders))
        settings = {"target": task.target, "out_of_scope": task.out_of_scope, "domain": task.modular.domain}
        return Plan(models=tuple(models), settings=settings)

    def steps(self, settings: Json, parts: Mapping[str, Part]) -> Sequence[StepSpec]:
        """Both read the text; neither needs the other."""
        models = [model_step(name, parts, text="input.text") for name in parts]
        takes = {name: name for name in parts}
        return [*models, StepSpec(name=ANSWER, run=_Labels(settings["target"]), takes=takes)]

    def calibrated(self, settings: Json, tried: Sequence[Tried]) -> Json:
        """The intent model is calibrated already."""
        del tried
        return settings

    def gold(self, settings: Json, example: Example) -> Json:
        """The label of a row says both what it asks for, and whether it is in scope."""
        expected = (example.expected or {}).get(settings["target"])
        if expected is None:
            return {}
        # As the intent model has it: its labels are texts.
        label = str(expected)
        inside = not settings["out_of_scope"] or label != settings["out_of_scope"]
        scope = {"inside": inside, "score": 1.0 if inside else -1.0}
        if not inside:
            return {SCOPE: scope}
        domain = str(example.meta.get(settings["domain"]) or "") if settings["domain"] else ""
        return {SCOPE: scope, INTENT: {"label": label, "confidence": 1.0, "domain": domain}}

    def judged(self, settings: Json) -> dict[str, tuple[str, ...]]:
        """Label and verdict, and not how sure they are."""
        del settings
        return {SCOPE: ("inside",), INTENT: ("label",)}

    def checked_files(self, settings: Json, parts: Mapping[str, Part]) -> dict[str, bytes]:
        """A label has no proof."""
        del settings, parts
        return {}


def encoders_of(run: BuildRun) -> tuple[str, ...]:
    """The encoders to choose from, cheapest first: the one asked for, or those that an installation may have."""
    return ("tfidf", "minilm-int8") if run.embedder == "auto" else (run.embedder,)
