"""The graphs an engine knows, in each of their versions, and the inputs they take."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import GraphVersionMissing, WorkflowInvalid
from proveout.families.modular.engine._child import MAIN
from proveout.families.modular.engine._isolated import place_of
from proveout.families.modular.graph import Graph

if TYPE_CHECKING:
    from proveout.families.modular.graph import Node

__all__ = ["Graphs", "Versions"]

# By name: a graph, or its versions with the newest last.
Graphs = Mapping[str, Graph | Sequence[Graph]]
_encode = msgspec.json.Encoder(order="deterministic").encode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Versions:
    """Graphs by name and fingerprint.

    Args:
        graphs: by name, the newest version last.

    Raises:
        WorkflowInvalid: a setting of a step cannot be kept.
    """

    def __init__(self, graphs: Graphs) -> None:
        self._newest: dict[str, Graph] = {}
        self._known: dict[tuple[str, str], Graph] = {}
        self._decoders: dict[tuple[str, str], dict[str, msgspec.json.Decoder[Any]]] = {}
        for name, given in graphs.items():
            for graph in [given] if isinstance(given, Graph) else given:
                self._add(name, graph)

    def _add(self, name: str, graph: Graph) -> None:
        for node in graph.nodes.values():
            _check_isolated(node, graph.name)
        at = (name, graph.fingerprint)
        self._newest[name], self._known[at] = graph, graph
        try:
            self._decoders[at] = {field: msgspec.json.Decoder(of) for field, of in graph.takes.items()}
        except TypeError as error:
            fix = "take plain values, dataclasses or msgspec structs: inputs are kept as JSON"
            raise WorkflowInvalid("an input cannot be kept", why=str(error), fix=fix, about=graph.name) from error

    def newest(self, name: str) -> Graph:
        """The version on which new runs begin.

        Raises:
            WorkflowInvalid: no graph of that name is here.
        """
        if name not in self._newest:
            why = f"the engine knows {', '.join(self._newest) or 'none'}"
            raise WorkflowInvalid("no such graph", why=why, fix="correct the name, or give the engine it", about=name)
        return self._newest[name]

    def find(self, name: str, version: str, run_id: str) -> Graph:
        """The version on which a run began.

        Raises:
            GraphVersionMissing: it is not here; the run is left as it is.
        """
        found = self._known.get((name, version))
        if found is None:
            here = [fingerprint for known, fingerprint in self._known if known == name]
            why = f"it began on {name} {version}, and here is {', '.join(here) or 'no version of it'}"
            fix = "give the engine that version too, or cancel the run"
            raise GraphVersionMissing("cannot go on with the run", why=why, fix=fix, about=run_id)
        return found

    @property
    def names(self) -> list[str]:
        """Of the graphs that can be started."""
        return list(self._newest)

    @property
    def known(self) -> list[tuple[str, str]]:
        """Each (name, fingerprint)."""
        return list(self._known)

    def keep(self, name: str, graph: Graph, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Inputs as they are read back, and their JSON.

        Raises:
            WorkflowInvalid: they do not fit what the graph takes.
        """
        try:
            content = _encode(inputs)
        except (TypeError, ValueError, OverflowError) as error:
            fix = "give values that can be written as JSON"
            raise WorkflowInvalid("the input cannot be kept", why=str(error), fix=fix, about=name) from error
        return self.read(name, graph, content), content

    def read(self, name: str, graph: Graph, content: bytes) -> dict[str, Any]:
        """Inputs from their JSON, typed; fields the graph does not take are left for it to refuse.

        Raises:
            WorkflowInvalid: one is not of its type.
        """
        decoders = self._decoders[name, graph.fingerprint]
        found: dict[str, Any] = {}
        for field, raw in _fields(content).items():
            decoder = decoders.get(field)
            try:
                found[field] = decoder.decode(raw) if decoder else None
            except msgspec.ValidationError as error:
                why = f"{field}: {error}"
                fix = "give what the graph takes"
                raise WorkflowInvalid("the input does not fit", why=why, fix=fix, about=name) from error
        return found


def _check_isolated(node: Node, about: str) -> None:
    spec = node.spec
    if spec.memory_mb is not None and not spec.isolated:
        fix = "set isolated as well, or take memory_mb out"
        raise WorkflowInvalid("memory_mb has no effect", why=f"{node.name} is not isolated", fix=fix, about=about)
    if not spec.isolated:
        return
    if isinstance(spec.run, Graph):
        fix = "set isolated on the steps in it"
        raise WorkflowInvalid("a graph cannot be isolated", why=f"{node.name} is one", fix=fix, about=about)
    if place_of(spec.run) == (MAIN, ""):
        fix = "put it into a file"
        raise WorkflowInvalid("a step cannot be isolated", why=f"{node.name} was typed in", fix=fix, about=about)
    try:
        pickle.dumps(spec.run)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        why = f"{node.name} cannot be sent to a process of its own: {error}"
        fix = "use a function at the top of a module"
        raise WorkflowInvalid("a step cannot be isolated", why=why, fix=fix, about=about) from error
