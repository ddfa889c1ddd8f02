"""The recipes, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.families._protocol import Fit
from proveout.families.modular._fields import FieldRecipe
from proveout.families.modular._labels import LabelRecipe
from proveout.families.modular._passages import PassageRecipe
from proveout.families.modular._policy import PolicyRecipe

if TYPE_CHECKING:
    from proveout.families.modular._recipe import Recipe
    from proveout.task import Task

__all__ = ["fits_recipe", "recipe_for", "recipe_named"]


def _recipes(kind: str) -> tuple[Recipe, ...]:
    tables: dict[str, tuple[Recipe, ...]] = {
        "classify": (PolicyRecipe(), LabelRecipe()),
        "decide": (PolicyRecipe(), LabelRecipe()),
        "extract": (FieldRecipe(),),
        "answer": (PassageRecipe(),),
    }
    return tables[kind]


def recipe_for(task: Task) -> Recipe:
    """The first recipe that fits a task; `fits_recipe` says whether there is one."""
    return next(recipe for recipe in _recipes(task.kind) if recipe.fits(task).ok)


def fits_recipe(task: Task) -> Fit:
    """Whether there is a recipe for a task, or why not."""
    found = [recipe.fits(task) for recipe in _recipes(task.kind)]
    return next((fit for fit in found if fit.ok), Fit(ok=False, reason="; ".join(fit.reason for fit in found)))


def recipe_named(name: str) -> Recipe:
    """The recipe that a stored candidate was built by."""
    known = {recipe.name: recipe for kind in ("decide", "extract", "answer") for recipe in _recipes(kind)}
    return known[name]
