"""Where each argument of a step comes from, with sub-graphs laid flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.families.modular.graph._references import INPUT, Reference, parse_reference

if TYPE_CHECKING:
    from proveout.families.modular.graph._model import StepSpec

__all__ = ["SEPARATOR", "Binding", "Bound", "bound_steps"]

# Between the name of a sub-graph's step and that of a step in it.
SEPARATOR = "/"


class Binding(NamedTuple):
    """A constant, or references of which the first that was not skipped counts."""

    references: tuple[Reference, ...] = ()
    constant: Any = None


class Bound(NamedTuple):
    """A step with its place in the flat graph and all it reads."""

    name: str
    spec: StepSpec
    takes: dict[str, Binding]
    when: tuple[tuple[Binding, tuple[Any, ...]], ...]


def bound_steps(steps: tuple[StepSpec, ...], about: str) -> Iterator[Bound]:
    """The steps in their order; a step that is a graph, and maps nothing, is replaced by the steps in it.

    Raises:
        WorkflowInvalid: a reference cannot be read.
    """
    for spec in steps:
        takes = {name: Binding(parse_reference(text, about)) for name, text in spec.takes.items()}
        takes |= {name: Binding(constant=value) for name, value in spec.given.items()}
        when = tuple((Binding(parse_reference(text, about)), values) for text, values in spec.when.items())
        yield Bound(spec.name, spec, takes, when)


def inlined(outer: Bound, inner: tuple[Bound, ...]) -> Iterator[Bound]:
    """The steps of a sub-graph, as they stand in the graph around it.

    Args:
        outer: the step that is the sub-graph.
        inner: the sub-graph's own steps, flat.
    """
    for one in inner:
        yield Bound(
            f"{outer.name}{SEPARATOR}{one.name}",
            one.spec,
            {name: _moved(binding, outer) for name, binding in one.takes.items()},
            (*outer.when, *((_moved(binding, outer), values) for binding, values in one.when)),
        )


def _moved(binding: Binding, outer: Bound) -> Binding:
    """A binding of a sub-graph's step, in the words of the graph around it."""
    found: list[Reference] = []
    for step, path in binding.references:
        if step != INPUT:
            found.append(Reference(f"{outer.name}{SEPARATOR}{step}", path))
            continue
        given = outer.takes[path[0]]
        if not given.references:
            return Binding(constant=_part(given.constant, path[1:]))
        found += [Reference(base, (*rest, *path[1:])) for base, rest in given.references]
    return Binding(tuple(found), binding.constant)


def _part(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name] if isinstance(value, Mapping) else getattr(value, name)
    return value


def extended(references: tuple[Reference, ...], path: tuple[str, ...]) -> tuple[Reference, ...]:
    """A further part of what is referred to."""
    return tuple(Reference(step, (*before, *path)) for step, before in references)
