"""Steps made ready to run, their types checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._bindings import Condition
from proveout.families.modular.graph._code import code_of
from proveout.families.modular.graph._flat import check_inputs
from proveout.families.modular.graph._kept import NOT_PLAIN, decoder_of, loose_decoder, read_back, typed_constant
from proveout.families.modular.graph._model import AnyGraph, StepSpec
from proveout.families.modular.graph._references import INPUT, Reference
from proveout.families.modular.graph._signature import Signature, signature_of
from proveout.families.modular.graph._types import NO_FIELD, fits, item_type, part_type, shown, union_of, whole_type
from proveout.families.modular.graph._words import known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import msgspec

    from proveout.families.modular.graph._bindings import Binding, Bound
    from proveout.families.modular.graph._flat import Border

__all__ = ["Maker", "Node"]

OUTPUT = "output"


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
        version: of its code or micro-model, and of what undoes it.
        requires: what the graphs around it take; where one of them was skipped, so is the step.
    """

    name: str
    spec: StepSpec
    takes: dict[str, Binding]
    when: tuple[Condition, ...]
    needs: tuple[str, ...]
    optional: frozenset[str]
    gives: Any
    decoder: msgspec.json.Decoder[Any]
    version: str
    requires: tuple[Binding, ...] = ()


class Maker:
    """Makes the flat steps of a graph ready, one by one, each behind those it needs.

    Args:
        about: name of the graph, for messages.
        takes: fields of its input with their types.
    """

    def __init__(self, about: str, takes: Mapping[str, Any]) -> None:
        self._about = about
        self._takes = takes
        self._types: dict[str, Any] = {}
        self._seen: dict[tuple[int, int, str], tuple[Signature, str]] = {}

    def node(self, one: Bound) -> Node:
        """One step made ready.

        Raises:
            WorkflowInvalid: its arguments, their types, its conditions or its output do not fit.
        """
        spec, about = one.spec, f"{self._about}: {one.name}"
        signature, version = self._read(spec, about)
        declared = _without_key(spec, signature, one.takes, about)
        check_inputs(one, declared, signature.optional, about)
        takes = {name: self._argument(one, name, binding, declared[name]) for name, binding in one.takes.items()}
        when = tuple(condition if condition.typed else self._typed(condition, about) for condition in one.when)
        decoder = decoder_of(signature.gives, f"what {one.name} gives", about)
        optional = signature.optional - {spec.each}
        if spec.undo:
            arguments = {name: declared[name] for name in takes}
            _check_undo(spec.undo, arguments, optional & spec.takes.keys(), signature.gives, about)
        self._types[one.name] = whole_type(signature.gives, mapped=bool(spec.each))
        needs = [reference.step for binding in one.bindings() for reference in binding.all_references()]
        return Node(
            name=one.name,
            spec=spec,
            takes=takes,
            when=when,
            needs=tuple(dict.fromkeys(step for step in needs if step != INPUT)),
            optional=optional,
            gives=signature.gives,
            decoder=decoder,
            version=version,
            requires=one.requires,
        )

    def _read(self, spec: StepSpec, about: str) -> tuple[Signature, str]:
        """Reading a function's source takes a millisecond, and many steps may call the same one."""
        runs = (id(spec.run), id(spec.undo), spec.version)
        if runs not in self._seen:
            self._seen[runs] = (_signature(spec, about), _version(spec))
        return self._seen[runs]

    def check_border(self, border: Border) -> None:
        """What is given to a sub-graph is of the type that it takes."""
        self._checked(border.binding, border.wanted, border.name, border.about)

    def type_of(self, binding: Binding) -> Any:
        """The type of what a binding gives.

        Raises:
            WorkflowInvalid: a reference leads nowhere.
        """
        found = [self._reference_type(one) for one in binding.references]
        if binding.fields is not None:
            found.append(dict[str, Any])
        elif binding.closed:
            found.append(Any)
        return union_of(found)

    def _argument(self, one: Bound, name: str, binding: Binding, wanted: Any) -> Binding:
        about = f"{self._about}: {one.name}"
        if name != one.spec.each:
            return self._checked(binding, wanted, name, about)
        for reference in binding.references:
            given = item_type(self._reference_type(reference))
            if given is NO_FIELD:
                why = f"{reference} gives {shown(self._reference_type(reference))}"
                raise WorkflowInvalid("nothing to map", why=why, fix="map a list", about=about)
            _check_fit(given, wanted, name, f"an item of {reference}", about)
        if binding.closed and binding.fields is None:
            constant = typed_constant(binding.constant, list[wanted], name, about)
            return binding._replace(constant=constant)
        return binding

    def _checked(self, binding: Binding, wanted: Any, name: str, about: str) -> Binding:
        for reference in binding.references:
            _check_fit(self._reference_type(reference), wanted, name, str(reference), about)
        # The fields of a whole input are checked at the border, and that it is an object in its own graph.
        if binding.closed and binding.fields is None:
            return binding._replace(constant=typed_constant(binding.constant, wanted, name, about))
        return binding

    def _typed(self, condition: Condition, about: str) -> Condition:
        """The condition with values of the type that they are compared with."""
        binding = condition.binding
        wanted = self.type_of(binding)
        decoder = loose_decoder(wanted)
        found = []
        for value in condition.values:
            try:
                found.append(read_back(value, decoder))
            except NOT_PLAIN as error:
                text = str(binding.references[0]) if binding.references else "a constant"
                why = f"{text} is {shown(wanted)}, never {value!r:.80}"
                raise WorkflowInvalid(
                    "a condition cannot hold", why=why, fix="correct the value", about=about
                ) from error
        return Condition(binding, tuple(found), typed=True)

    def _reference_type(self, reference: Reference) -> Any:
        step, path = reference
        if step != INPUT:
            found = part_type(self._types[step], path)
        elif path:
            found = part_type(self._takes.get(path[0], NO_FIELD), path[1:])
        else:
            found = dict[str, Any]
        if found is NO_FIELD:
            where = (
                f"the input has {known(self._takes)}" if step == INPUT else f"{step} gives {shown(self._types[step])}"
            )
            fix = "correct the reference"
            raise WorkflowInvalid("a reference leads nowhere", why=f"{reference}: {where}", fix=fix, about=self._about)
        return found


def _check_fit(given: Any, wanted: Any, name: str, source: str, about: str) -> None:
    if not fits(given, wanted):
        why = f"{name} takes {shown(wanted)} and {source} gives {shown(given)}"
        fix = "refer to a value of that type, or change the annotation"
        raise WorkflowInvalid("a type does not fit", why=why, fix=fix, about=about)


def _signature(spec: StepSpec, about: str) -> Signature:
    if isinstance(spec.run, AnyGraph):
        return Signature(spec.run.takes, frozenset(), spec.run.output_type)
    return signature_of(spec.run, about)


def _without_key(spec: StepSpec, signature: Signature, takes: Mapping[str, Any], about: str) -> dict[str, Any]:
    """The parameters that takes and given are to name."""
    # A step that takes any keyword takes those it is given.
    extra = {} if signature.rest is NO_FIELD else dict.fromkeys(takes, signature.rest)
    if not spec.keyed:
        return extra | signature.takes
    if "key" not in signature.takes and signature.rest is NO_FIELD:
        fix = "give the function a parameter key: str"
        raise WorkflowInvalid("nothing takes the key", why="the step is keyed", fix=fix, about=about)
    _check_fit(str, signature.takes.get("key", signature.rest), "key", "the engine", about)
    return extra | {name: of for name, of in signature.takes.items() if name != "key"}


def _check_undo(
    undo: Callable[..., Any], arguments: Mapping[str, Any], optional: frozenset[str], gives: Any, about: str
) -> None:
    """What undoes a step takes that step's arguments and its output.

    Args:
        undo: to be called.
        arguments: of the step that are named in takes or given, with their types.
        optional: those among them that may be left out.
        gives: type of the output.
        about: the step.
    """
    signature = signature_of(undo, about)
    if OUTPUT in arguments:
        why = f"the step has a parameter {OUTPUT}, and undo takes what the step gave under that name"
        raise WorkflowInvalid("undo cannot be called", why=why, fix="rename the parameter", about=about)
    given = {**arguments, OUTPUT: gives}
    stray = [] if signature.rest is not NO_FIELD else sorted(given.keys() - signature.takes.keys())
    missing = sorted(signature.takes.keys() - signature.optional - given.keys())
    left_out = sorted((signature.takes.keys() - signature.optional) & optional)
    said = [f"it does not take {known(stray)}"] if stray else []
    said += [f"{known(missing)} is not among the step's arguments"] if missing else []
    said += [f"{known(left_out)} may be left out of the step's arguments, and has no default"] if left_out else []
    if said:
        fix = f"let undo take the step's arguments and {OUTPUT}"
        raise WorkflowInvalid("undo cannot be called", why="; ".join(said), fix=fix, about=about)
    for name, of in given.items():
        _check_fit(of, signature.takes.get(name, signature.rest), name, "the step", f"{about}: undo")


def _version(spec: StepSpec) -> str:
    version = spec.version
    if not version:
        version = spec.run.fingerprint if isinstance(spec.run, AnyGraph) else code_of(spec.run)
    return f"{version} undo {code_of(spec.undo)}" if spec.undo else version
