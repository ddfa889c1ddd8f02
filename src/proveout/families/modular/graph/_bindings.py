"""Where each argument of a step comes from, with sub-graphs laid flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.families.modular.graph._references import INPUT, PartMissing, Reference, parse_reference, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proveout.families.modular.graph._model import StepSpec

__all__ = ["NOTHING", "SEPARATOR", "Binding", "Bound", "Condition", "bound_step", "inlined", "redirected", "resolved"]

# Between the name of a sub-graph's step and that of a step in it.
SEPARATOR = "/"
# The constant of a binding that has none.
NOTHING: Any = msgspec.UNSET


class Binding(NamedTuple):
    """Where a value comes from: the first reference that was not skipped, else the constant or the fields.

    Attributes:
        references: in the order in which they are tried.
        constant: or `NOTHING`.
        fields: a value put together of others, which is how a sub-graph's whole input is referred to.
    """

    references: tuple[Reference, ...] = ()
    constant: Any = NOTHING
    fields: tuple[tuple[str, Binding], ...] | None = None

    @property
    def closed(self) -> bool:
        """Whether there is a value though every reference was skipped."""
        return self.constant is not NOTHING or self.fields is not None

    def all_references(self) -> Iterator[Reference]:
        """Every reference, those of its fields included."""
        yield from self.references
        for _, binding in self.fields or ():
            yield from binding.all_references()

    def part(self, path: tuple[str, ...]) -> Binding:
        """Where a part of the value comes from.

        Raises:
            PartMissing: the constant has no such part.
        """
        if not path:
            return self
        moved = tuple(Reference(step, (*before, *path)) for step, before in self.references)
        if self.fields is not None:
            inner = dict(self.fields).get(path[0])
            if inner is None:
                raise PartMissing(f"the input has no field {path[0]}")
            return joined(moved, inner.part(path[1:]))
        return Binding(moved, NOTHING if self.constant is NOTHING else value_at(self.constant, path))


class Condition(NamedTuple):
    """Values one of which a step asks for.

    Attributes:
        binding: where the value comes from.
        values: those on which the step runs.
        typed: whether they are of the type that they are compared with, as declared.
    """

    binding: Binding
    values: tuple[Any, ...]
    typed: bool = False


class Bound(NamedTuple):
    """A step with its place in the flat graph and all it reads.

    Attributes:
        name: in the flat graph.
        spec: as declared.
        takes: parameter to where its argument comes from.
        when: conditions, those of the graphs around it first.
        requires: what the graphs around it take; where one of them was skipped, so is the step.
    """

    name: str
    spec: StepSpec
    takes: dict[str, Binding]
    when: tuple[Condition, ...]
    requires: tuple[Binding, ...] = ()

    def bindings(self) -> list[Binding]:
        """All that must be settled before it can run."""
        return [*self.takes.values(), *(one.binding for one in self.when), *self.requires]


def joined(references: tuple[Reference, ...], last: Binding) -> Binding:
    """References, and after them what another binding says."""
    return Binding(references + last.references, last.constant, last.fields)


def bound_step(spec: StepSpec, about: str) -> Bound:
    """A step as it stands in its own graph.

    Raises:
        WorkflowInvalid: a reference cannot be read.
    """
    takes = {name: Binding(parse_reference(text, about)) for name, text in spec.takes.items()}
    takes |= {name: Binding(constant=value) for name, value in spec.given.items()}
    when = tuple(Condition(Binding(parse_reference(text, about)), values) for text, values in spec.when.items())
    return Bound(spec.name, spec, takes, when)


def inlined(outer: Bound, inner: tuple[Bound, ...]) -> Iterator[Bound]:
    """The steps of a sub-graph, as they stand in the graph around it.

    Args:
        outer: the step that is the sub-graph.
        inner: the sub-graph's own steps, flat.

    Raises:
        PartMissing: one of them reads a part that a constant does not have.
    """
    # The input of the run is never skipped, and a constant neither.
    gates = tuple(
        one
        for one in outer.takes.values()
        if one.references and not one.closed and all(reference.step != INPUT for reference in one.references)
    )
    for one in inner:
        yield Bound(
            f"{outer.name}{SEPARATOR}{one.name}",
            one.spec,
            {name: moved(binding, outer) for name, binding in one.takes.items()},
            (*outer.when, *(condition._replace(binding=moved(condition.binding, outer)) for condition in one.when)),
            (*outer.requires, *gates, *(moved(binding, outer) for binding in one.requires)),
        )


def moved(binding: Binding, outer: Bound) -> Binding:
    """A binding of a sub-graph's step, in the words of the graph around it."""
    found: tuple[Reference, ...] = ()
    for step, path in binding.references:
        if step != INPUT:
            found += (Reference(f"{outer.name}{SEPARATOR}{step}", path),)
            continue
        given = outer.takes[path[0]].part(path[1:]) if path else Binding(fields=tuple(outer.takes.items()))
        found += given.references
        if given.closed:
            return Binding(found, given.constant, given.fields)
    if binding.fields is not None:
        return Binding(found, fields=tuple((name, moved(one, outer)) for name, one in binding.fields))
    return Binding(found, binding.constant)


def resolved(binding: Binding, outputs: Mapping[str, Binding]) -> Binding:
    """References to a sub-graph become references to what it gives."""
    found: tuple[Reference, ...] = ()
    for one in binding.references:
        given = outputs[one.step].part(one.path) if one.step in outputs else Binding((one,))
        found += given.references
        if given.closed:
            return Binding(found, given.constant, given.fields)
    if binding.fields is not None:
        return Binding(found, fields=tuple((name, resolved(one, outputs)) for name, one in binding.fields))
    return Binding(found, binding.constant)


def redirected(one: Bound, outputs: Mapping[str, Binding]) -> Bound:
    """A step none of whose references leads to a sub-graph."""
    return one._replace(
        takes={name: resolved(binding, outputs) for name, binding in one.takes.items()},
        when=tuple(condition._replace(binding=resolved(condition.binding, outputs)) for condition in one.when),
        requires=tuple(resolved(binding, outputs) for binding in one.requires),
    )
