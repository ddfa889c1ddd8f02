"""What leads from step to step in a picture: one wire for each pair, with the conditions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from proveout.families.modular.graph._references import INPUT, parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proveout.families.modular.graph._graph import Graph
    from proveout.families.modular.graph._model import StepSpec

__all__ = ["END", "Wire", "condition_text", "wires_of"]

# The name in a picture of what the graph gives; no step can have it.
END = "."


class Wire(NamedTuple):
    """From a step to another.

    Attributes:
        source: a step, or the input.
        target: a step, or `END`.
        labels: conditions of the target on the source.
        first_of: whether the source is one of several alternatives.
    """

    source: str
    target: str
    labels: tuple[str, ...] = ()
    first_of: bool = False


def wires_of(graph: Graph) -> list[Wire]:
    """All wires of one level of a graph.

    The input has wires only to steps that need no other step, and to those with a condition on it.
    """
    found: dict[tuple[str, str], Wire] = {}
    for spec in graph.steps:
        for text in spec.takes.values():
            _join(found, _sources(text, graph.name), spec.name, ())
        for text, values in spec.when.items():
            _join(found, _sources(text, graph.name), spec.name, (condition_text(text, values),))
    fed = {wire.target for wire in found.values() if wire.source != INPUT}
    kept = [wire for wire in found.values() if wire.source != INPUT or wire.labels or wire.target not in fed]
    joined = {wire.target for wire in kept}
    lonely = [Wire(INPUT, spec.name) for spec in graph.steps if spec.name not in joined]
    ends: dict[tuple[str, str], Wire] = {}
    _join(ends, _sources(graph.gives, graph.name), END, ())
    return [*lonely, *kept, *ends.values()]


def condition_text(reference: str, values: Iterable[object]) -> str:
    """A condition in words.

    Example:
        >>> condition_text("intent.label", ("refund", "cancel"))
        'intent.label is refund or cancel'
    """
    shown = [value if isinstance(value, str) else msgspec.json.encode(value).decode() for value in values]
    return f"{reference} is {' or '.join(shown)}"


def reads(spec: StepSpec) -> str:
    """What a step reads, in words."""
    return ", ".join(f"{name} from {text}" for name, text in spec.takes.items())


def _sources(text: str, about: str) -> list[str]:
    return [reference.step for reference in parse_reference(text, about)]


def _join(found: dict[tuple[str, str], Wire], sources: list[str], target: str, labels: tuple[str, ...]) -> None:
    for source in dict.fromkeys(sources):
        wire = found.get((source, target), Wire(source, target))
        found[source, target] = wire._replace(labels=wire.labels + labels, first_of=wire.first_of or len(sources) > 1)
