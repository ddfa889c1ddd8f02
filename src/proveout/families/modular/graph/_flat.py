"""Laying sub-graphs flat: what a step that is a graph becomes."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._bindings import (
    SEPARATOR,
    Binding,
    Bound,
    bound_step,
    inlined,
    moved,
    redirected,
    resolved,
)
from proveout.families.modular.graph._kept import typed_constant
from proveout.families.modular.graph._model import AnyGraph, StepSpec
from proveout.families.modular.graph._references import INPUT, PartMissing, Reference
from proveout.families.modular.graph._words import known, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Border", "Flat", "check_inputs", "flat"]

# Of a step that is a graph and maps nothing, the settings that mean something.
OF_A_GRAPH = ("name", "run", "takes", "given", "when")
# Of the steps in a graph that is mapped, the settings that nobody keeps: an item is one call.
NOT_IN_A_MAP = ("retry", "timeout_seconds", "approval", "undo", "isolated", "sync")
DEFAULTS = StepSpec(name="", run=AnyGraph())


class Border(NamedTuple):
    """What is given to a field of a sub-graph's input, whose type is to be checked."""

    about: str
    name: str
    binding: Binding
    wanted: Any


class Flat(NamedTuple):
    """A graph's steps without sub-graphs, each behind those it needs; what is given at their borders; what it gives."""

    steps: tuple[Bound, ...]
    borders: tuple[Border, ...]
    output: Binding


def flat(name: str, steps: Sequence[StepSpec], gives: Sequence[Reference]) -> Flat:
    """The steps laid flat.

    Raises:
        WorkflowInvalid: a reference leads to no step, steps need each other, or a setting of a sub-graph is lost.
    """
    bound = {spec.name: bound_step(spec, f"{name}: {spec.name}") for spec in steps}
    found: list[Bound] = []
    borders: list[Border] = []
    outputs: dict[str, Binding] = {}
    for one in _ordered(bound, name):
        placed, run = redirected(one, outputs), one.spec.run
        if not isinstance(run, AnyGraph):
            found.append(placed)
            continue
        about = f"{name}: {one.name}"
        if one.spec.each:
            _check_mapped(run, about)
            found.append(placed)
            continue
        _check_plain(one.spec, about)
        check_inputs(placed, dict(run.takes), frozenset(), about)
        borders += [Border(about, field, binding, run.takes[field]) for field, binding in placed.takes.items()]
        takes = {field: _typed(binding, run.takes[field], field, about) for field, binding in placed.takes.items()}
        placed = placed._replace(takes=takes)
        try:
            found += inlined(placed, run.bound)
            outputs[one.name] = moved(run.output, placed)
        except PartMissing as error:
            fix = "give a constant that has it"
            raise WorkflowInvalid("a reference leads nowhere", why=str(error), fix=fix, about=about) from error
    check_step(gives, bound, "what the graph gives", name)
    return Flat(tuple(found), tuple(borders), _output(gives, outputs, name))


def _output(gives: Sequence[Reference], outputs: Mapping[str, Binding], about: str) -> Binding:
    try:
        return resolved(Binding(tuple(gives)), outputs)
    except PartMissing as error:
        fix = "correct what the graph gives"
        raise WorkflowInvalid("a reference leads nowhere", why=str(error), fix=fix, about=about) from error


def _ordered(bound: Mapping[str, Bound], about: str) -> list[Bound]:
    needs: dict[str, list[str]] = {}
    for one in bound.values():
        references = [reference for binding in one.bindings() for reference in binding.references]
        check_step(references, bound, one.name, about)
        needs[one.name] = [reference.step for reference in references if reference.step != INPUT]
    try:
        return [bound[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        why = " needs ".join(reversed(error.args[1]))
        fix = "take one of these references out"
        raise WorkflowInvalid("steps need each other", why=why, fix=fix, about=about) from error


def check_step(references: Iterable[Reference], steps: Mapping[str, Any], who: str, about: str) -> None:
    """Each reference names the input or a step."""
    for reference in references:
        if reference.step != INPUT and reference.step not in steps:
            why = f"{who} refers to {reference.step}, and the steps are {known(steps)}"
            fix = f"{near(reference.step, [INPUT, *steps])}correct the reference"
            raise WorkflowInvalid("no such step", why=why, fix=fix, about=about)


def check_inputs(one: Bound, takes: Mapping[str, Any], optional: frozenset[str], about: str) -> None:
    """A step is given each argument that it takes, and no other.

    Raises:
        WorkflowInvalid: which one is missing, or stands there for nothing.
    """
    given = set(one.takes)
    missing, stray = sorted(takes.keys() - given - optional), sorted(given - takes.keys())
    if missing or stray:
        said = [f"{known(missing)} is not given"] if missing else []
        said += [f"it takes {known(takes)}, not {known(stray)}"] if stray else []
        hint = near(stray[0], takes) if stray else ""
        fix = f"{hint}name each parameter of the step in takes or given"
        raise WorkflowInvalid("the step's arguments do not match", why="; ".join(said), fix=fix, about=about)
    if one.spec.each and one.spec.each not in given:
        fix = f"{near(one.spec.each, given)}name a parameter that takes a list"
        raise WorkflowInvalid("nothing to map", why=f"each is {one.spec.each!r}", fix=fix, about=about)


def _typed(binding: Binding, wanted: Any, name: str, about: str) -> Binding:
    if binding.references or not binding.closed:
        return binding
    return binding._replace(constant=typed_constant(binding.constant, wanted, name, about))


def _check_plain(spec: StepSpec, about: str) -> None:
    """What a sub-graph's steps may say, and the step that is the sub-graph may not."""
    lost = _set(spec, [name for name in spec.__struct_fields__ if name not in OF_A_GRAPH])
    if lost:
        why = f"{known(lost)} is set on a graph, whose steps run one by one"
        raise WorkflowInvalid("a setting has no effect", why=why, fix="set it on the steps in it", about=about)


def _check_mapped(run: AnyGraph, about: str) -> None:
    for one in run.bound:
        lost = _set(one.spec, NOT_IN_A_MAP)
        if lost:
            why = f"{known(lost)} is set on {one.name}, and one item of a mapped graph runs as one call"
            fix = "set it on the step that maps, or map the steps one by one"
            raise WorkflowInvalid("a setting has no effect", why=why, fix=fix, about=f"{about}{SEPARATOR}{one.name}")


def _set(spec: StepSpec, names: Iterable[str]) -> list[str]:
    default = msgspec.structs.replace(DEFAULTS, run=spec.run)
    return [name for name in names if getattr(spec, name) != getattr(default, name)]
