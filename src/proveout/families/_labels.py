"""Labelled rows as texts and targets, for the families that learn a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import BuildFailed
from proveout.families._protocol import Fit
from proveout.task import Example

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.task import Task

__all__ = ["Labelled", "fits_labels", "labelled", "require_labels"]


class Labelled(msgspec.Struct, frozen=True):
    """Texts with a label each; out-of-scope rows are kept apart, since no model here is fitted to them.

    Attributes:
        texts: of in-scope rows.
        labels: theirs.
        examples: theirs.
        outside: texts of out-of-scope rows.
        from_incumbent: how many labels are the incumbent's recorded answers.
    """

    texts: list[str]
    labels: list[str]
    examples: list[Example]
    outside: list[str]
    from_incumbent: int


def fits_labels(task: Task) -> Fit:
    """Whether a task asks for one label: kind ``classify`` or ``decide``."""
    if task.kind in {"classify", "decide"}:
        return Fit(ok=True)
    return Fit(ok=False, reason=f"it learns one label, and the task's kind is {task.kind}")


def labelled(task: Task, examples: Sequence[Example]) -> Labelled:
    """The rows that have a label: the expected one, or the incumbent's where there is none."""
    found = Labelled([], [], [], [], 0)
    taught = 0
    for example in examples:
        output = example.expected or example.incumbent
        if output is None or output.get(task.target) is None:
            continue
        taught += example.expected is None
        label, text = str(output[task.target]), task.text(example.inputs)
        if task.out_of_scope and label == task.out_of_scope:
            found.outside.append(text)
            continue
        found.texts.append(text)
        found.labels.append(label)
        found.examples.append(example)
    return msgspec.structs.replace(found, from_incumbent=taught)


def require_labels(rows: Labelled, family: str) -> None:
    """Refuse to build on rows of fewer than two labels.

    Raises:
        BuildFailed: there is nothing to tell apart.
    """
    if len(set(rows.labels)) < 2:  # noqa: PLR2004  one label needs no model
        why = f"the TrainSplit holds {len(set(rows.labels))} different labels"
        raise BuildFailed("nothing to learn", why=why, fix="add labelled examples to data.examples", about=family)
