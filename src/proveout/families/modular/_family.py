"""The modular family: micro-models, each built alone, joined by a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BuildFailed, ProveoutError
from proveout.families._protocol import BuildRun, Candidate, Fit, card_of, family
from proveout.families.modular._candidate import ModularCandidate, ModularState
from proveout.families.modular._gold import check_gold
from proveout.families.modular._recipe import Part, Tried
from proveout.families.modular._recipes import fits_recipe, recipe_for
from proveout.families.modular.micro import MicroRun, build_micro

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families.modular._recipe import Plan, Planned, Recipe
    from proveout.task import Task

__all__ = ["ModularFamily"]

NAME = "modular"


@family(NAME)
class ModularFamily:
    """Divides a task into steps, builds a micro-model for each, and joins them by a graph."""

    name = NAME
    candidate = ModularCandidate

    def fits(self, task: Task) -> Fit:
        """Labels to learn, a policy to decide by, or fields to find."""
        return fits_recipe(task)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> ModularCandidate:
        """Build each micro-model that is not kept from an earlier build, join them, and calibrate on ``select``.

        Raises:
            BuildFailed: the rows do not allow a micro-model.
            TaskInvalid: a file of the task, or a key of ``[modular]``, cannot be used.
        """
        recipe = recipe_for(task)
        plan = recipe.plan(task, train, select, run)
        built = _built(plan.models, {}, run)
        return _joined(recipe, plan.settings, built, task, select, run)

    def rebuild(
        self, candidate: Candidate, step: str, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun
    ) -> ModularCandidate:
        """One micro-model built anew from these rows and this seed, and those that are built upon it; the rest is kept.

        Raises:
            BuildFailed: the step has no micro-model, or the rows do not allow one.
        """
        if not isinstance(candidate, ModularCandidate) or step not in candidate.parts:
            why, fix = "it is code, or no step of this candidate", "name a step that has a micro-model"
            raise BuildFailed("nothing to build again", why=why, fix=fix, about=step)
        recipe = recipe_for(task)
        plan = recipe.plan(task, train, select, run)
        if step not in {one.step for one in plan.models}:
            why, fix = "these rows leave it nothing to tell apart", "build it from more rows"
            raise BuildFailed("nothing to build again", why=why, fix=fix, about=step)
        anew = _behind(plan, step)
        parts = _built([one for one in plan.models if one.step in anew], candidate.parts, run)
        return _joined(recipe, candidate.state.settings, parts, task, select, run)


def _behind(plan: Plan, step: str) -> set[str]:
    """A step and those whose micro-models are built upon it."""
    found = {step}
    for one in plan.models:
        if found & set(one.needs.values()):
            found.add(one.step)
    return found


def _built(models: Sequence[Planned], kept: Mapping[str, Part], run: BuildRun) -> dict[str, Part]:
    """The parts that are kept, and in their place those that are built, upon kept ones where they need these."""
    parts, micro = dict(kept), MicroRun.of(run)
    for number, one in enumerate(models):
        run.progress("micro-models", number, len(models))
        needs = {part: parts[step] for part, step in one.needs.items()}
        made = build_micro(one.step, one.kind, one.rows, micro, parameters=one.parameters, needs=needs)
        parts[one.step] = Part(id=made.id, card=made.card, model=made.model)
    run.progress("micro-models", len(models), len(models))
    return parts


def _joined(
    recipe: Recipe, settings: dict[str, Any], parts: Mapping[str, Part], task: Task, select: SelectSplit, run: BuildRun
) -> ModularCandidate:
    """The graph over the parts, calibrated on the SelectSplit."""
    state = ModularState(
        card=card_of(NAME, task, run),
        fields=tuple(task.input_fields),
        recipe=recipe.name,
        settings=settings,
        parts={name: part.id for name, part in parts.items()},
        gold=task.modular.gold,
    )
    trial = ModularCandidate(state, parts)
    check_gold(task.modular.gold, [step.name for step in trial.steps])
    settled = recipe.calibrated(settings, list(_tried(trial, task, select)))
    chosen = {name: part.card.chosen for name, part in parts.items()}
    card = card_of(NAME, task, run, recipe=recipe.name, parts=state.parts, chosen=chosen)
    return ModularCandidate(msgspec.structs.replace(state, card=card, settings=settled), parts)


def _tried(candidate: ModularCandidate, task: Task, select: SelectSplit) -> Iterator[Tried]:
    """The labelled rows that every step can work with: the others are abstentions when they are answered."""
    for example in select.examples:
        if example.expected is None or not task.text(example.inputs).strip():
            continue
        try:
            yield Tried(example, candidate.run(example.inputs))
        except ProveoutError:
            continue
