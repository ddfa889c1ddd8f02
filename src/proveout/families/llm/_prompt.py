"""The prompt: a template, and labelled examples of the TrainSplit."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import TaskInvalid
from proveout.families.llm._tokens import estimated_tokens
from proveout.task import canonical_json, content_hash, prompt_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proveout.task import Example, Task

__all__ = ["BUILT_IN", "Shot", "fitting", "instructions", "pool_of", "shot_of", "spread", "template_of", "turn_of"]

BUILT_IN = """$description
Answer with one JSON object of this schema and nothing else:
$schema"""


class Shot(msgspec.Struct, frozen=True, array_like=True):
    """One labelled example as the prompt shows it: the input and the output, as JSON."""

    asked: str
    given: str

    @property
    def turns(self) -> list[dict[str, str]]:
        """The two messages."""
        return [{"role": "user", "content": self.asked}, {"role": "assistant", "content": self.given}]


def template_of(task: Task) -> str:
    """The text of the task's own template, or `BUILT_IN`.

    Raises:
        TaskInvalid: the file cannot be read.
    """
    return prompt_text(task) or BUILT_IN


def instructions(task: Task, template: str) -> str:
    """The template with its places filled: ``$description``, ``$schema``, ``$name``, ``$kind`` and ``$labels``.

    Raises:
        TaskInvalid: it has another place, or a single dollar sign.

    Example:
        >>> from proveout.task import Task
        >>> instructions(Task(name="desk", kind="classify", input={}, output={}), "Task $name in $$")
        'Task desk in $'
    """
    places = {
        "name": task.name,
        "kind": task.kind,
        "description": task.description or f"Read the input and give the output of the task {task.name!r}.",
        "schema": canonical_json(task.output).decode(),
        "labels": ", ".join(str(label) for label in task.labels),
    }
    try:
        return Template(template).substitute(places)
    except (KeyError, ValueError) as error:
        known = ", ".join(f"${place}" for place in places)
        fix = f"use {known}, and $$ for a dollar sign"
        why = f"unknown place {error}" if isinstance(error, KeyError) else str(error)
        about = str(task.root / task.incumbent.prompt)
        raise TaskInvalid("the prompt's template is wrong", why=why, fix=fix, about=about) from error


def turn_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The message that asks for one input."""
    return {"role": "user", "content": canonical_json(inputs).decode()}


def pool_of(examples: Iterable[Example]) -> list[Example]:
    """Labelled examples in an order set by their hashes, so that the order of the rows does not matter."""
    return sorted((one for one in examples if one.expected), key=lambda one: content_hash([one.inputs, one.expected]))


def shot_of(example: Example) -> Shot:
    """An example as the prompt shows it."""
    return Shot(canonical_json(example.inputs).decode(), canonical_json(example.expected).decode())


def spread(pool: Sequence[Example], count: int) -> list[Example]:
    """Examples of as many different outputs as possible."""
    seen: dict[bytes, int] = {}
    ranked = []
    for one in pool:
        key = canonical_json(one.expected)
        seen[key] = seen.get(key, 0) + 1
        ranked.append((seen[key], one))
    ranked.sort(key=lambda pair: pair[0])
    return [one for _, one in ranked[:count]]


def fitting(ranked: Iterable[Shot], count: int, taken: int, room: int) -> list[Shot]:
    """The first shots that fit in ``room`` tokens, of which ``taken`` bytes are used; one too long is left out.

    Returns:
        At most ``count``, the most important one last, where it stands next to the input.

    Example:
        >>> ranked = [Shot("a" * 30, ""), Shot("b" * 900, ""), Shot("c" * 30, "")]
        >>> [shot.asked[0] for shot in fitting(ranked, 8, 0, 50)]
        ['c', 'a']
    """
    found: list[Shot] = []
    for shot in ranked:
        size = len(shot.asked.encode()) + len(shot.given.encode())
        if len(found) < count and estimated_tokens(taken + size) <= room:
            found.append(shot)
            taken += size
    return found[::-1]
