"""Running a graph in this process, once, with nothing written down."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import ProveoutError, RunNotReady, StepFailed, WorkflowInvalid
from proveout.families.modular.graph._execution import SKIPPED, Call, Execution
from proveout.families.modular.graph._graph import Graph
from proveout.families.modular.graph._kept import kept
from proveout.families.modular.graph._words import known, near, said
from proveout.task import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["GraphRun", "invoke", "run_graph"]


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
    graph: Graph,
    inputs: Mapping[str, Any],
    *,
    replace: Mapping[str, Callable[[Any], Any]] | None = None,
    threads: int = 1,
    key: str = "",
    clock: Callable[[], float] = time.perf_counter,
) -> GraphRun:
    """Run a graph in this process, each step once it can run; a step that raises ends the run.

    Nothing is written down, retried or undone, no timeout is kept and no step has a process of its own: that is the
    engine's part.

    Args:
        graph: that is run.
        inputs: fields of its input.
        replace: by step, what is put in place of its output: called with that output as plain JSON, it gives another.
        threads: how many steps, or items of a mapped one, may run at once. With one, the order of the trace is fixed.
        key: names the run in the keys of keyed steps; "" makes a new name.
        clock: seconds, for the times in the trace.

    Raises:
        WorkflowInvalid: the input does not fit, or ``replace`` names no step.
        StepFailed: a step raised; an error of ours that it raised is passed on as it is.
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
    replaced = replace or {}
    _check_replaced(graph, replaced)
    execution = Execution(graph, inputs)
    trace: list[Step] = []
    key = key or uuid.uuid4().hex

    def work(call: Call) -> tuple[Any, Step]:
        started = clock()
        output, content = _output(call, replaced.get(call.node.name), key)
        return output, Step(name=call.name, output=msgspec.json.decode(content), wall_seconds=clock() - started)

    def ended(call: Call, result: tuple[Any, Step]) -> None:
        trace.append(result[1])
        execution.finished(call, result[0])

    if threads > 1:
        _in_threads(execution, work, ended, threads)
    else:
        while execution.ready:
            call = execution.ready.popleft()
            ended(call, work(call))
    if execution.error is not None:
        raise execution.error
    outputs = {name: value for name, value in execution.outputs.items() if name in graph.nodes and value is not SKIPPED}
    return GraphRun(output=execution.output, outputs=outputs, trace=tuple(trace))


def _in_threads(
    execution: Execution,
    work: Callable[[Call], tuple[Any, Step]],
    ended: Callable[[Call, tuple[Any, Step]], None],
    threads: int,
) -> None:
    """After a failure no call is begun, and those that run are waited for."""
    calls: dict[Future[tuple[Any, Step]], Call] = {}
    with ThreadPoolExecutor(threads) as pool:
        while execution.ready or calls:
            while execution.ready and len(calls) < threads:
                call = execution.ready.popleft()
                calls[pool.submit(work, call)] = call
            done, _ = wait(calls, return_when=FIRST_COMPLETED)
            for future in [one for one in calls if one in done]:
                ended(calls.pop(future), future.result())


def _check_replaced(graph: Graph, replace: Mapping[str, Any]) -> None:
    stray = sorted(replace.keys() - graph.nodes.keys())
    if stray:
        why = f"{known(stray)}, and the steps are {known(graph.nodes)}"
        fix = f"{near(stray[0], graph.nodes)}correct the name"
        raise WorkflowInvalid("no such step", why=why, fix=fix, about=graph.name)


def _output(call: Call, replaced: Callable[[Any], Any] | None, key: str) -> tuple[Any, bytes]:
    if call.node.spec.approval:
        fix = "start the run with the engine, which keeps it until a person answers"
        raise RunNotReady("a step waits for a person", why=call.node.spec.approval, fix=fix, about=call.name)
    output, content = kept(call.node, invoke(call, f"{key}/{call.name}"))
    if replaced is None:
        return output, content
    return kept(call.node, replaced(msgspec.json.decode(content)))


def invoke(call: Call, key: str = "") -> Any:
    """Call the step's function or micro-model; an item of a mapped graph runs as a whole.

    Args:
        call: that is made.
        key: the same for each attempt of this call; the keyed steps of a mapped graph get keys made of it.

    Raises:
        StepFailed: it raised, or tried to end the process; an error of ours that it raised is passed on as it is.
    """
    run: Any = call.node.spec.run
    arguments = call.arguments
    try:
        if isinstance(run, Graph):
            return run_graph(run, arguments, key=key).output
        if call.node.spec.keyed:
            arguments = {**arguments, "key": key}
        return run(**arguments)
    except (ProveoutError, KeyboardInterrupt):
        raise
    except BaseException as error:
        # Cancelled tasks of asyncio and panics of Rust extensions are no Exception, and concern this step alone.
        raise StepFailed(
            "a step raised", why=said(error), fix="correct the step or its input", about=call.name
        ) from error
