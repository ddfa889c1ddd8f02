"""Which words an answer stands on, and how much of it falls with them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.trial._scored import guess_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from proveout.task import Answer, Task

__all__ = ["Unit", "confidence_in", "most_important", "proof_units", "reduced", "units_of"]

Json = dict[str, Any]
WORD = re.compile(r"\S+")
# Words of a long text are left out in runs, so that a row is asked at most this often.
MOST_UNITS = 100
KEPT = 0.2


class Unit(NamedTuple):
    """A run of words in a text field of the input; ``end`` is exclusive."""

    field: str
    start: int
    end: int


def units_of(task: Task, inputs: Json) -> list[Unit]:
    """The words of all text fields, or runs of them where there are more than 100.

    Example:
        >>> from proveout.task import Task
        >>> task = Task(name="t", kind="classify", input={"properties": {"text": {}}}, output={})
        >>> [unit[1:] for unit in units_of(task, {"text": "my  card"})]
        [(0, 2), (4, 8)]
    """
    texts = [(field, inputs[field]) for field in task.input_fields if isinstance(inputs.get(field), str)]
    words = [Unit(field, *found.span()) for field, text in texts for found in WORD.finditer(text)]
    run = max(1, math.ceil(len(words) / MOST_UNITS))
    units = []
    for field, _ in texts:
        own = [word for word in words if word.field == field]
        parts = (own[at : at + run] for at in range(0, len(own), run))
        units += [Unit(field, part[0].start, part[-1].end) for part in parts]
    return units


def reduced(inputs: Json, units: Sequence[Unit], kept: Collection[int]) -> Json:
    """The input with some of its units alone, joined by spaces.

    Example:
        >>> reduced({"text": "my lost card"}, [Unit("text", 0, 2), Unit("text", 3, 7), Unit("text", 8, 12)], {0, 2})
        {'text': 'my card'}
    """
    found = dict(inputs)
    for field in {unit.field for unit in units}:
        parts = [
            inputs[field][unit.start : unit.end] for at, unit in enumerate(units) if unit.field == field and at in kept
        ]
        found[field] = " ".join(parts)
    return found


def confidence_in(task: Task, answer: Answer, wanted: str | None, key: Callable[[Json | None], str | None]) -> float:
    """The probability an answer leaves to an output.

    Its confidence where that is its guess. What is left is spread evenly over the other labels; where labels are not
    known, another guess leaves nothing.

    Example:
        >>> from proveout.task import Answer, Task
        >>> output = {"properties": {"y": {"enum": ["a", "b", "c"]}}}
        >>> task = Task(name="t", kind="classify", input={}, output=output, target="y")
        >>> answer = Answer(output={"y": "a"}, confidence=0.8)
        >>> [round(confidence_in(task, answer, label, lambda said: said["y"]), 2) for label in "ab"]
        [0.8, 0.1]
    """
    labels = len(task.labels)
    said = key(guess_of(answer))
    if said is None:
        return 1 / labels if labels else 0.0
    if said == wanted:
        return answer.confidence
    return (1 - answer.confidence) / (labels - 1) if labels > 1 else 0.0


def most_important(losses: Sequence[float]) -> set[int]:
    """The fifth of the units, at least one, whose absence costs most confidence; of equals, the first.

    Example:
        >>> most_important([0.0, 0.5, 0.1, 0.0, 0.0, 0.0])
        {1, 2}
    """
    order = sorted(range(len(losses)), key=lambda at: -losses[at])
    return set(order[: max(1, math.ceil(KEPT * len(losses)))])


def proof_units(proof: Json | None, units: Sequence[Unit]) -> set[int]:
    """The units that a proof names: those that share a character with one of its spans of the input.

    A span is any object in the proof with whole numbers ``start`` and ``end`` and without ``document``, or a pair of
    such numbers under ``span``.

    Example:
        >>> units = [Unit("text", 0, 2), Unit("text", 3, 7)]
        >>> proof_units({"facts": [{"name": "days", "span": [4, 6]}]}, units)
        {1}
    """
    spans = list(_spans(proof))
    return {at for at, unit in enumerate(units) if any(unit.start < end and start < unit.end for start, end in spans)}


def _spans(value: Any) -> Iterator[tuple[int, int]]:
    if isinstance(value, list):
        for item in value:
            yield from _spans(item)
    elif isinstance(value, dict):
        pair = [value.get("start"), value.get("end")] if "document" not in value else []
        for ends in (pair, value.get("span")):
            if isinstance(ends, list) and [type(end) for end in ends] == [int, int]:
                yield (ends[0], ends[1])
        for item in value.values():
            yield from _spans(item)
