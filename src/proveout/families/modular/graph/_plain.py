"""Graphs written down: as plain values, and as TOML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._graph import Graph
from proveout.families.modular.graph._imports import name_of
from proveout.families.modular.graph._input_types import type_text
from proveout.families.modular.graph._model import StepSettings, StepSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["graph_to_plain", "graph_to_toml"]

PLAIN_FIELDS = [field for field in msgspec.structs.fields(StepSettings) if field.name != "retry"]


def graph_to_plain(graph: Graph, steps: Mapping[str, Callable[..., Any] | Graph] | None = None) -> dict[str, Any]:
    """A graph as the tables of a graph file, in JSON values; `graph_from_plain` makes the same graph of them.

    Args:
        graph: to write down.
        steps: names for what it runs; what has none is named ``module:function``.

    Raises:
        WorkflowInvalid: a step has no such name, or an input's type none in TOML.

    Example:
        >>> import textwrap
        >>> from proveout.families.modular.graph import StepSpec
        >>> step = StepSpec(name="cut", run=textwrap.dedent, takes={"text": "input.text"})
        >>> graph_to_plain(Graph("g", takes={"text": str}, steps=[step], gives="cut"))["steps"]
        {'cut': {'takes': {'text': 'input.text'}, 'run': 'textwrap:dedent'}}
    """
    names = {id(run): name for name, run in (steps or {}).items()}
    return {
        "name": graph.name,
        "takes": {field: type_text(of, f"{graph.name}: {field}") for field, of in graph.takes.items()},
        "gives": graph.gives,
        "steps": {spec.name: _step(spec, names, steps or {}, graph.name) for spec in graph.steps},
    }


def graph_to_toml(graph: Graph, steps: Mapping[str, Callable[..., Any] | Graph] | None = None) -> str:
    """A graph as TOML; `graph_from_toml` makes the same graph of it.

    Args:
        graph: to write down.
        steps: names for what it runs; what has none is named ``module:function``.

    Raises:
        WorkflowInvalid: as `graph_to_plain`, or a constant is null, which TOML does not have.
    """
    import tomli_w  # noqa: PLC0415  only writing needs it

    plain = graph_to_plain(graph, steps)
    try:
        return tomli_w.dumps(plain)
    except (TypeError, ValueError) as error:
        fix = "leave the constant out, or store the graph as JSON with graph_to_plain"
        raise WorkflowInvalid("TOML cannot hold a constant", why=str(error), fix=fix, about=graph.name) from error


def _step(spec: StepSpec, names: Mapping[int, str], steps: Mapping[str, Any], about: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        field.name: msgspec.to_builtins(getattr(spec, field.name))
        for field in PLAIN_FIELDS
        if getattr(spec, field.name) != field.default and getattr(spec, field.name) != {}
    }
    retry = {
        field.name: getattr(spec.retry, field.name)
        for field in msgspec.structs.fields(spec.retry)
        if getattr(spec.retry, field.name) != field.default
    }
    if retry:
        found["retry"] = retry
    where = f"{about}: {spec.name}"
    if id(spec.run) in names:
        found["run"] = names[id(spec.run)]
    elif isinstance(spec.run, Graph):
        found["graph"] = graph_to_plain(spec.run, steps)
    else:
        found["run"] = name_of(spec.run, where)
    if spec.undo:
        found["undo"] = names.get(id(spec.undo)) or name_of(spec.undo, where)
    return found
