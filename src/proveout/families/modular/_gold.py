"""Right outputs of steps that rows state in columns of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import RowInvalid, TaskInvalid
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proveout.families._composed import ComposedStep
    from proveout.families.modular.graph import Graph
    from proveout.task import Example

__all__ = ["check_gold", "stated_gold"]


def check_gold(gold: Mapping[str, str], steps: Collection[str]) -> None:
    """Each key of ``modular.gold`` is a step.

    Raises:
        TaskInvalid: one is not.
    """
    for step in gold:
        if step not in steps:
            why, fix = f"its steps are {', '.join(steps)}", "name one of these under [modular.gold] in task.toml"
            raise TaskInvalid("gold for no step", why=why, fix=fix, about=f"modular.gold.{step}")


def stated_gold(gold: Mapping[str, str], steps: Mapping[str, ComposedStep], graph: Graph, example: Example) -> Any:
    """The outputs that a row states, whole and as plain JSON, by step; a column it leaves empty states nothing.

    A column holds the output as JSON, or as text: of a step that is judged by one field, that field alone will do.

    Args:
        gold: column by step.
        steps: by name.
        graph: that has these steps, and the types of what they give.
        example: the row.

    Raises:
        RowInvalid: what a column states is no output of its step.
    """
    found = {}
    for name, column in gold.items():
        value = example.meta.get(column, (example.expected or {}).get(column))
        if value is None or value == "":
            continue
        whole = (_whole(one, graph.nodes[name].decoder) for one in _ways(value, steps[name].judged))
        found[name] = next((one for one in whole if one is not None), None)
        if found[name] is None:
            why = f"column {column} holds {str(value)[:60]!r}, which the step cannot give"
            fix = "write the whole output as JSON, or the field it is judged by"
            raise RowInvalid(f"no gold for {name}", why=why, fix=fix, about=example.provenance or example.id)
    return found


def _ways(value: Any, judged: tuple[str, ...]) -> Iterator[Any]:
    """What a column may mean, the likeliest first: JSON before text, a whole output before a field of it."""
    read = [value]
    if isinstance(value, str):
        with suppress(msgspec.DecodeError):
            read.insert(0, msgspec.json.decode(value))
    yield from read
    if len(judged) == 1:
        yield from ({judged[0]: one} for one in read)


def _whole(value: Any, decoder: msgspec.json.Decoder[Any]) -> Any:
    """The output with all its fields; None where it is none, or states a field that the output has not."""
    try:
        plain = msgspec.json.decode(canonical_json(decoder.decode(canonical_json(value))))
    except msgspec.ValidationError:
        return None
    strange = isinstance(value, dict) and not value.keys() <= plain.keys()
    return None if strange else plain
