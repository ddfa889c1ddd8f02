"""One run of a graph as a pure state machine: what to call next, and what follows from each outcome."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._references import INPUT, value_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.families.modular.graph._bindings import Binding
    from proveout.families.modular.graph._graph import Graph, Node

__all__ = ["SKIPPED", "WHOLE", "Call", "Execution", "Outcome"]

# The output of a step that did not run.
SKIPPED: Any = object()
# The item of a call that maps nothing.
WHOLE = -1
Outcome = Literal["running", "done", "failed"]


class Call(NamedTuple):
    """A step to call, or one item of a mapped step.

    Attributes:
        node: the step.
        item: the item's place, or `WHOLE`.
        arguments: by parameter.
    """

    node: Node
    item: int
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """The step's name, with the item's number where it maps."""
        return self.node.name if self.item == WHOLE else f"{self.node.name}[{self.item}]"


class Execution:
    """The state of one run. It calls nothing, waits for nothing and knows no clock.

    Calls that are `ready` may be made in any order or at once; each ends in `finished`, `skip` or `failed`.

    Args:
        graph: that is run.
        inputs: fields of the run's input.

    Raises:
        WorkflowInvalid: the input has other fields than the graph takes.

    Example:
        >>> from proveout.families.modular.graph import Graph, StepSpec
        >>> def shout(text: str) -> str:
        ...     return text.upper()
        >>> step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
        >>> execution = Execution(Graph("g", takes={"text": str}, steps=[step], gives="shout"), {"text": "hi"})
        >>> call = execution.ready.popleft()
        >>> execution.finished(call, call.node.spec.run(**call.arguments))
        >>> execution.outcome, execution.output
        ('done', 'HI')
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, Any]) -> None:
        if inputs.keys() != graph.takes.keys():
            why = f"it has {', '.join(sorted(inputs)) or 'no field'}, and {graph.name} takes {', '.join(graph.takes)}"
            fix = "give each field of the graph's input, and no other"
            raise WorkflowInvalid("the input does not fit", why=why, fix=fix, about=graph.name)
        self.graph = graph
        self.outputs: dict[str, Any] = {INPUT: dict(inputs)}
        self.ready: deque[Call] = deque()
        self.completed: list[Call] = []
        self.error: Exception | None = None
        self._missing = {name: len(node.needs) for name, node in graph.nodes.items()}
        self._behind: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for name, node in graph.nodes.items():
            for need in node.needs:
                self._behind[need].append(name)
        self._items: dict[str, list[Any]] = {}
        self._open = len(graph.nodes)
        for name, missing in list(self._missing.items()):
            if missing == 0:
                self._arrive(graph.nodes[name])

    @property
    def outcome(self) -> Outcome:
        """Whether the run goes on."""
        if self.error is not None:
            return "failed"
        return "running" if self._open else "done"

    @property
    def output(self) -> Any:
        """What the graph gives; None when all that it could give was skipped."""
        value = self._first(self.graph.output)
        return None if value is SKIPPED else value

    def finished(self, call: Call, output: Any) -> None:
        """A call gave its output."""
        self.completed.append(call)
        if call.item == WHOLE:
            self._settle(call.node.name, output)
            return
        items = self._items[call.node.name]
        items[call.item] = output
        if SKIPPED not in items:
            self._settle(call.node.name, items)

    def skip(self, call: Call) -> None:
        """A call is not to be made, so its step has no output: a person said no."""
        self.ready = deque(one for one in self.ready if one.node.name != call.node.name)
        self._settle(call.node.name, SKIPPED)

    def failed(self, error: Exception) -> None:
        """A call failed for good, and with it the run: nothing more is ready."""
        self.error = error
        self.ready.clear()

    def undone(self) -> list[tuple[Call, Any]]:
        """Calls whose effects are to be undone after a failure, with their outputs, the last first."""
        with_undo = [call for call in reversed(self.completed) if call.node.spec.undo]
        return [(call, self._output_of(call)) for call in with_undo]

    def _output_of(self, call: Call) -> Any:
        if call.item == WHOLE:
            return self.outputs[call.node.name]
        return self._items[call.node.name][call.item]

    def _settle(self, name: str, output: Any) -> None:
        self.outputs[name] = output
        self._open -= 1
        for behind in self._behind[name]:
            self._missing[behind] -= 1
            if self._missing[behind] == 0:
                self._arrive(self.graph.nodes[behind])

    def _arrive(self, node: Node) -> None:
        """All that a step needs is settled: call it, or skip it."""
        arguments = self._arguments(node) if self._holds(node) else None
        if arguments is None:
            self._settle(node.name, SKIPPED)
        elif not node.spec.each:
            self.ready.append(Call(node, WHOLE, arguments))
        else:
            self._fan_out(node, arguments)

    def _holds(self, node: Node) -> bool:
        return all(self._first(binding.references) in values for binding, values in node.when)

    def _arguments(self, node: Node) -> dict[str, Any] | None:
        """None when one of them was skipped and may not be left out."""
        found = {}
        for name, binding in node.takes.items():
            value = self._value(binding)
            if value is not SKIPPED:
                found[name] = value
            elif name not in node.optional:
                return None
        return found

    def _value(self, binding: Binding) -> Any:
        return self._first(binding.references) if binding.references else binding.constant

    def _first(self, references: tuple[tuple[str, tuple[str, ...]], ...]) -> Any:
        for step, path in references:
            whole = self.outputs.get(step, SKIPPED)
            if whole is not SKIPPED:
                return value_at(whole, path)
        return SKIPPED

    def _fan_out(self, node: Node, arguments: dict[str, Any]) -> None:
        items = arguments[node.spec.each] or []
        if not items:
            self._settle(node.name, [])
            return
        self._items[node.name] = [SKIPPED] * len(items)
        self.ready.extend(Call(node, at, {**arguments, node.spec.each: item}) for at, item in enumerate(items))
