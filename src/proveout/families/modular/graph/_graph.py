"""A graph of typed steps, checked when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.modular.graph._flat import flat
from proveout.families.modular.graph._kept import decoder_of
from proveout.families.modular.graph._model import AnyGraph
from proveout.families.modular.graph._nodes import Maker, Node
from proveout.families.modular.graph._references import parse_reference
from proveout.families.modular.graph._settings import check_fields, check_names, check_settings
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.modular.graph._bindings import Binding
    from proveout.families.modular.graph._model import StepSpec

__all__ = ["Graph"]


class Graph(AnyGraph):
    """A typed acyclic graph of steps.

    Args:
        name: of the graph: letters, digits, ``-`` and ``_``.
        takes: fields of the run's input, with their types; one that may be None may be left out of the input.
        steps: in any order.
        gives: reference to what the run gives.

    Attributes:
        nodes: the steps made ready, sub-graphs laid flat, each behind those it needs.
        behind: the steps that read from each.
        output: where what the run gives comes from.
        output_type: type of what it gives.
        decoders: of each input field's JSON.
        fingerprint: a hash of the shape and of each step's version: runs of another fingerprint are runs of another
            version. The order in which steps are declared, and how they are retried, timed, isolated and written down,
            are no part of it.

    Raises:
        WorkflowInvalid: a name stands twice, a setting is wrong, a reference leads nowhere, a type does not fit, or
            steps need each other.

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
        check_names(name, [spec.name for spec in self.steps])
        check_fields(self.takes, name)
        for spec in self.steps:
            check_settings(spec, f"{name}: {spec.name}")
        self.decoders = {field: decoder_of(of, f"input.{field}", name) for field, of in self.takes.items()}
        laid = flat(name, self.steps, parse_reference(gives, name))
        maker = Maker(name, self.takes)
        self.nodes: dict[str, Node] = {one.name: maker.node(one) for one in laid.steps}
        # In the graph around this one, conditions are as typed here.
        self.bound = tuple(one._replace(when=self.nodes[one.name].when) for one in laid.steps)
        self.output = laid.output
        for border in laid.borders:
            maker.check_border(border)
        self.output_type = maker.type_of(self.output)
        self.behind: dict[str, list[Node]] = {name: [] for name in self.nodes}
        for node in self.nodes.values():
            for need in node.needs:
                self.behind[need].append(node)
        self.fingerprint = _fingerprint(self)


def _fingerprint(graph: Graph) -> str:
    steps = {
        node.name: [
            *(node.version, node.spec.each, node.spec.keyed, node.spec.approval, _plain(node.takes)),
            [[_plain_one(one.binding), msgspec.to_builtins(list(one.values))] for one in node.when],
            [_plain_one(one) for one in node.requires],
        ]
        for node in graph.nodes.values()
    }
    takes = {field: repr(of) for field, of in graph.takes.items()}
    return content_hash([graph.name, takes, steps, _plain_one(graph.output)])[:16]


def _plain(takes: Mapping[str, Binding]) -> dict[str, Any]:
    return {name: _plain_one(binding) for name, binding in takes.items()}


def _plain_one(binding: Binding) -> list[Any]:
    references = [[step, list(path)] for step, path in binding.references]
    if binding.fields is not None:
        return [references, "fields", _plain(dict(binding.fields))]
    return [references, "constant", msgspec.to_builtins(binding.constant)] if binding.closed else [references]
