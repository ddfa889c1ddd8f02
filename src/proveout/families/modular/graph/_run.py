"""Running a graph in this process, once, with nothing written down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import ProveoutError, RunNotReady, StepFailed, StepOutputInvalid, WorkflowInvalid
from proveout.families.modular.graph._execution import SKIPPED, Call, Execution
from proveout.task import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.families.modular.graph._graph import Graph, Node

__all__ = ["GraphRun", "invoke", "kept", "run_graph"]


class GraphRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one run gave.

    Attributes:
        output: of the graph; None when every step it could come from was skipped.
        outputs: of each step that ran.
        trace: the steps that ran in the order they ended, their outputs as plain JSON.
    """

    output: Any
    outputs: dict[str, Any]
    trace: tuple[Step, ...]


def run_graph(
    graph: Graph, inputs: Mapping[str, Any], *, replace: Mapping[str, Callable[[Any], Any]] | None = None
) -> GraphRun:
    """Run a graph in this process, each step once it can run, one at a time; a step that raises ends the run.

    Nothing is written down, retried or undone, and timeouts are not kept: that is the engine's part.

    Args:
        graph: that is run.
        inputs: fields of its input.
        replace: by step, what is put in place of its output: called with that output as plain JSON, it gives another.

    Raises:
        WorkflowInvalid: the input does not fit, or ``replace`` names no step.
        StepFailed: a step raised.
        StepOutputInvalid: a step, or what replaces it, gave another type than declared.
        RunNotReady: a step waits for a person.

    Example:
        >>> from proveout.families.modular.graph import Graph, StepSpec
        >>> def size(text: str) -> int:
        ...     return len(text)
        >>> graph = Graph(
        ...     "g",
        ...     takes={"text": str},
        ...     gives="size",
        ...     steps=[StepSpec(name="size", run=size, takes={"text": "input.text"})],
        ... )
        >>> run_graph(graph, {"text": "abc"}).trace[0].output
        3
        >>> run_graph(graph, {"text": "abc"}, replace={"size": lambda own: own + 1}).output
        4
    """
    replace = replace or {}
    _check_replaced(graph, replace)
    execution = Execution(graph, inputs)
    trace: list[Step] = []
    while execution.ready:
        call = execution.ready.popleft()
        started = time.perf_counter()
        output, content = _output(call, replace.get(call.node.name))
        plain = msgspec.json.decode(content)
        trace.append(Step(name=call.name, output=plain, wall_seconds=time.perf_counter() - started))
        execution.finished(call, output)
    outputs = {name: value for name, value in execution.outputs.items() if name in graph.nodes and value is not SKIPPED}
    return GraphRun(output=execution.output, outputs=outputs, trace=tuple(trace))


def _check_replaced(graph: Graph, replace: Mapping[str, Any]) -> None:
    stray = sorted(replace.keys() - graph.nodes.keys())
    if stray:
        why = f"{', '.join(stray)}, and the steps are {', '.join(graph.nodes)}"
        raise WorkflowInvalid("no such step", why=why, fix="correct the name", about=graph.name)


def _output(call: Call, replaced: Callable[[Any], Any] | None) -> tuple[Any, bytes]:
    if call.node.spec.approval:
        fix = "start the run with the engine, which keeps it until a person answers"
        raise RunNotReady("a step waits for a person", why=call.node.spec.approval, fix=fix, about=call.name)
    output, content = kept(call.node, invoke(call))
    if replaced is None:
        return output, content
    return kept(call.node, replaced(msgspec.json.decode(content)))


def invoke(call: Call, key: str = "") -> Any:
    """Call the step's function or micro-model.

    Raises:
        StepFailed: it raised.
    """
    from proveout.families.modular.graph._graph import Graph  # noqa: PLC0415  a graph may hold graphs

    run, arguments = call.node.spec.run, call.arguments
    if isinstance(run, Graph):
        return run_graph(run, arguments).output
    if call.node.spec.keyed:
        arguments = {**arguments, "key": key}
    try:
        return run(**arguments)
    except ProveoutError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise StepFailed("a step raised", why=why, fix="correct the step or its input", about=call.name) from error


def kept(node: Node, output: Any) -> tuple[Any, bytes]:
    """The output as it is when read back from its JSON, and that JSON: a resumed run sees what the first one saw.

    Raises:
        StepOutputInvalid: it is not of the declared type.
    """
    try:
        content = msgspec.json.encode(output)
        return node.decoder.decode(content), content
    except (msgspec.ValidationError, TypeError, ValueError, OverflowError) as error:
        fix = "give what the step's annotation says"
        raise StepOutputInvalid("a step gave another type", why=str(error), fix=fix, about=node.name) from error
