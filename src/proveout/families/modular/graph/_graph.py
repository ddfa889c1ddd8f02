"""A graph of typed steps, checked when it is made."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._bindings import SEPARATOR, Binding, Bound, bound_steps, extended, inlined
from proveout.families.modular.graph._code import code_of
from proveout.families.modular.graph._references import INPUT, Reference, parse_reference
from proveout.families.modular.graph._types import (
    NO_FIELD,
    Signature,
    fits,
    item_type,
    part_type,
    shown,
    signature_of,
    whole_type,
)
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.modular.graph._model import StepSpec

__all__ = ["Graph", "Node"]


class Node(NamedTuple):
    """A step made ready to run.

    Attributes:
        name: unique in the flat graph; the steps of a sub-graph ``pay`` are ``pay/…``.
        spec: as declared.
        takes: where each argument comes from.
        when: conditions, all of which must hold.
        needs: steps it reads from.
        optional: parameters that may be left out when what they refer to was skipped.
        gives: type of one output.
        decoder: of an output's JSON.
        version: of its code or micro-model.
    """

    name: str
    spec: StepSpec
    takes: dict[str, Binding]
    when: tuple[tuple[Binding, tuple[Any, ...]], ...]
    needs: tuple[str, ...]
    optional: frozenset[str]
    gives: Any
    decoder: msgspec.json.Decoder[Any]
    version: str


class Graph:
    """A typed acyclic graph of steps.

    Args:
        name: of the graph.
        takes: fields of the run's input, with their types.
        steps: in any order.
        gives: reference to what the run gives.

    Raises:
        WorkflowInvalid: a name stands twice, a reference leads nowhere, a type does not fit, or steps need each other.

    Example:
        >>> from proveout.families.modular.graph import StepSpec, run_graph
        >>> def words(text: str) -> list[str]:
        ...     return text.split()
        >>> def count(items: list[str]) -> int:
        ...     return len(items)
        >>> steps = [
        ...     StepSpec(name="words", run=words, takes={"text": "input.text"}),
        ...     StepSpec(name="count", run=count, takes={"items": "words"}),
        ... ]
        >>> run_graph(Graph("counter", takes={"text": str}, steps=steps, gives="count"), {"text": "one two"}).output
        2
    """

    def __init__(self, name: str, *, takes: Mapping[str, Any], steps: Sequence[StepSpec], gives: str) -> None:
        self.name = name
        self.takes = dict(takes)
        self.steps = tuple(steps)
        self.gives = gives
        self._check_names()
        self.bound, outputs = _flat(self.steps, name)
        self.output = _resolved(parse_reference(gives, name), outputs)
        self.nodes = _Maker(self).nodes()
        self.output_type = self._type_of(Binding(self.output))

    def _check_names(self) -> None:
        counts = Counter([INPUT, *(spec.name for spec in self.steps)])
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            why = f"{', '.join(twice)} stands more than once" if twice != [INPUT] else "input is the run's own input"
            raise WorkflowInvalid("a step's name is taken", why=why, fix="give each step its own name", about=self.name)

    def _type_of(self, binding: Binding) -> Any:
        types = {one.name: whole_type(one.gives, mapped=bool(one.spec.each)) for one in self.nodes.values()}
        return _union([_reference_type(self, types, one) for one in binding.references])

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the shape and of each step's version: runs of another fingerprint are runs of another version."""
        steps = [
            [
                *(node.name, node.version, node.spec.each, node.spec.keyed, node.spec.approval, _plain(node.takes)),
                [[_plain_one(one), list(values)] for one, values in node.when],
            ]
            for node in self.nodes.values()
        ]
        return content_hash([self.name, sorted(self.takes), steps, [list(one) for one in self.output]])[:16]


def _plain(takes: Mapping[str, Binding]) -> dict[str, Any]:
    return {name: _plain_one(binding) for name, binding in sorted(takes.items())}


def _plain_one(binding: Binding) -> list[Any]:
    return [[[step, list(path)] for step, path in binding.references], msgspec.to_builtins(binding.constant)]


def _flat(steps: tuple[StepSpec, ...], about: str) -> tuple[tuple[Bound, ...], dict[str, tuple[Reference, ...]]]:
    """All steps with sub-graphs laid flat, and for each of those the references of what it gives."""
    found: list[Bound] = []
    outputs: dict[str, tuple[Reference, ...]] = {}
    for one in bound_steps(steps, about):
        run = one.spec.run
        if not isinstance(run, Graph) or one.spec.each:
            found.append(one)
            continue
        _check_plain(one.spec, about)
        _check_inputs(one, dict.fromkeys(run.takes, NO_FIELD), frozenset(), about)
        found += inlined(one, run.bound)
        outputs[one.name] = tuple(Reference(f"{one.name}{SEPARATOR}{step}", path) for step, path in run.output)
    return tuple(_redirected(one, outputs) for one in found), outputs


def _check_plain(spec: StepSpec, about: str) -> None:
    """What a sub-graph's steps may say, and the step that is the sub-graph may not."""
    bare = type(spec)(name=spec.name, run=spec.run, takes=spec.takes, given=spec.given, when=spec.when)
    if spec != bare:
        why = f"{spec.name} is a graph, whose steps run one by one"
        fix = "set retry, timeout, approval and the rest on the steps in it"
        raise WorkflowInvalid("a setting has no effect", why=why, fix=fix, about=about)


def _resolved(references: tuple[Reference, ...], outputs: Mapping[str, tuple[Reference, ...]]) -> tuple[Reference, ...]:
    """References to a sub-graph become references to what it gives."""
    found: list[Reference] = []
    for one in references:
        found += extended(outputs[one.step], one.path) if one.step in outputs else (one,)
    return tuple(found)


def _redirected(one: Bound, outputs: Mapping[str, tuple[Reference, ...]]) -> Bound:
    def moved(binding: Binding) -> Binding:
        return Binding(_resolved(binding.references, outputs), binding.constant)

    takes = {name: moved(binding) for name, binding in one.takes.items()}
    return one._replace(takes=takes, when=tuple((moved(binding), values) for binding, values in one.when))


class _Maker:
    """Checks the flat steps of a graph and makes them ready, each behind those it needs."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known = {one.name: one for one in graph.bound}
        self._types: dict[str, Any] = {}

    def nodes(self) -> dict[str, Node]:
        """By name, in an order in which they can run."""
        needs = {one.name: self._needs(one) for one in self._graph.bound}
        try:
            order = list(TopologicalSorter(needs).static_order())
        except CycleError as error:
            why = f"{' needs '.join(reversed(error.args[1]))}"
            fix = "take one of these references out"
            raise WorkflowInvalid("steps need each other", why=why, fix=fix, about=self._graph.name) from error
        found = {name: self._node(self._known[name], needs[name]) for name in order}
        for one in self._graph.output:
            self._check_step(one, "what the graph gives")
            _reference_type(self._graph, self._types, one)
        return found

    def _needs(self, one: Bound) -> tuple[str, ...]:
        bindings = [*one.takes.values(), *(binding for binding, _ in one.when)]
        references = [reference for binding in bindings for reference in binding.references]
        for reference in references:
            self._check_step(reference, one.name)
        return tuple(dict.fromkeys(reference.step for reference in references if reference.step != INPUT))

    def _check_step(self, reference: Reference, who: str) -> None:
        if reference.step == INPUT or reference.step in self._known:
            return
        why = f"{who} refers to {reference.step}, and the steps are {', '.join(self._known)}"
        raise WorkflowInvalid("no such step", why=why, fix="correct the reference", about=self._graph.name)

    def _node(self, one: Bound, needs: tuple[str, ...]) -> Node:
        spec, about = one.spec, f"{self._graph.name}: {one.name}"
        signature = _signature(spec)
        takes = {name: of for name, of in signature.takes.items() if not (spec.keyed and name == "key")}
        if signature.rest is not NO_FIELD:
            takes = dict.fromkeys(one.takes, signature.rest) | takes
        _check_inputs(one, takes, signature.optional, about)
        for name, binding in one.takes.items():
            self._check_argument(one, name, binding, takes[name])
        for binding, _ in one.when:
            for reference in binding.references:
                _reference_type(self._graph, self._types, reference)
        gives = signature.gives
        self._types[one.name] = whole_type(gives, mapped=bool(spec.each))
        decoder = _decoder(gives, about)
        version = spec.version or (spec.run.fingerprint if isinstance(spec.run, Graph) else code_of(spec.run))
        return Node(one.name, spec, one.takes, one.when, needs, signature.optional, gives, decoder, version)

    def _check_argument(self, one: Bound, name: str, binding: Binding, wanted: Any) -> None:
        about = f"{self._graph.name}: {one.name}"
        for reference in binding.references:
            given = _reference_type(self._graph, self._types, reference)
            if name == one.spec.each:
                given = self._item(given, reference, about)
            if not fits(given, wanted):
                why = f"{name} takes {shown(wanted)} and {_text(reference)} gives {shown(given)}"
                fix = "refer to a value of that type, or change the annotation"
                raise WorkflowInvalid("a type does not fit", why=why, fix=fix, about=about)
        if not binding.references:
            _check_constant(binding.constant, wanted, name, about)

    def _item(self, given: Any, reference: Reference, about: str) -> Any:
        found = item_type(given)
        if found is NO_FIELD:
            why = f"{_text(reference)} gives {shown(given)}"
            raise WorkflowInvalid("nothing to map", why=why, fix="map a list", about=about)
        return found


def _signature(spec: StepSpec) -> Signature:
    if isinstance(spec.run, Graph):
        return Signature(spec.run.takes, frozenset(), spec.run.output_type)
    return signature_of(spec.run)


def _check_inputs(one: Bound, takes: Mapping[str, Any], optional: frozenset[str], about: str) -> None:
    given = set(one.takes)
    missing, stray = sorted(takes.keys() - given - optional), sorted(given - takes.keys())
    if missing or stray:
        said = [f"{', '.join(missing)} is not given"] if missing else []
        said += [f"it takes {', '.join(takes) or 'nothing'}, not {', '.join(stray)}"] if stray else []
        fix = "name each parameter of the step in takes or given"
        raise WorkflowInvalid("the step's arguments do not match", why="; ".join(said), fix=fix, about=about)
    if one.spec.each and one.spec.each not in given:
        fix = "name the parameter whose list is mapped"
        raise WorkflowInvalid("nothing to map", why=f"each is {one.spec.each}", fix=fix, about=about)


def _check_constant(value: Any, wanted: Any, name: str, about: str) -> None:
    if wanted is NO_FIELD:
        return
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        fix = "give a value of that type"
        raise WorkflowInvalid(f"{name} cannot be {value!r}", why=str(error), fix=fix, about=about) from error


def _decoder(gives: Any, about: str) -> msgspec.json.Decoder[Any]:
    try:
        return msgspec.json.Decoder(gives)
    except TypeError as error:
        fix = "give plain values, dataclasses or msgspec structs: outputs are kept as JSON"
        raise WorkflowInvalid(f"{shown(gives)} cannot be kept", why=str(error), fix=fix, about=about) from error


def _reference_type(graph: Graph, types: Mapping[str, Any], reference: Reference) -> Any:
    """The type of what is referred to.

    Raises:
        WorkflowInvalid: there is no such part.
    """
    step, path = reference
    if step != INPUT:
        found = part_type(types[step], path)
    elif path:
        found = part_type(graph.takes.get(path[0], NO_FIELD), path[1:])
    else:
        found = dict[str, Any]
    if found is NO_FIELD:
        where = f"the input has {', '.join(graph.takes)}" if step == INPUT else f"{step} gives {shown(types[step])}"
        why = f"{_text(reference)}: {where}"
        raise WorkflowInvalid("a reference leads nowhere", why=why, fix="correct the reference", about=graph.name)
    return found


def _text(reference: Reference) -> str:
    return ".".join([reference.step, *reference.path])


def _union(types: Sequence[Any]) -> Any:
    found = types[0]
    for one in types[1:]:
        found = found if one == found else found | one
    return found
