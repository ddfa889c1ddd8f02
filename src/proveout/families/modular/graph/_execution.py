"""One run of a graph as a pure state machine: what to call next, and what follows from each outcome."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from proveout.errors import DeterminismBroken, StepOutputInvalid, WorkflowInvalid
from proveout.families.modular.graph._kept import NOT_PLAIN, read_back
from proveout.families.modular.graph._references import INPUT, PartMissing, value_at
from proveout.families.modular.graph._words import known, near

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.families.modular.graph._bindings import Binding
    from proveout.families.modular.graph._graph import Graph
    from proveout.families.modular.graph._nodes import Node

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

    Calls that are `ready` may be made in any order or at once; each ends in `finished`, `skip` or `failed`. The order
    in which they stand in `ready` depends only on the graph, the input, and the order in which calls ended. What each
    step is called with, and what the run gives, do not depend on that order. Not for several threads at once.

    Args:
        graph: that is run.
        inputs: fields of the run's input: plain JSON values or what those are read as.

    Raises:
        WorkflowInvalid: the input has other fields than the graph takes, or values of another type.

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
        self.graph = graph
        self.outputs: dict[str, Any] = {INPUT: _typed_inputs(graph, inputs)}
        self.ready: deque[Call] = deque()
        self.completed: list[Call] = []
        self.error: Exception | None = None
        self._output: Any = None
        self._items: dict[str, list[Any]] = {}
        self._items_left: dict[str, int] = {}
        self._open = len(graph.nodes)
        self._missing = {name: len(node.needs) for name, node in graph.nodes.items()}
        self._advance(deque(node for node in graph.nodes.values() if not node.needs))

    @property
    def outcome(self) -> Outcome:
        """Whether the run goes on."""
        if self.error is not None:
            return "failed"
        return "running" if self._open else "done"

    @property
    def output(self) -> Any:
        """What the graph gives; None before the run is done, and when all that it could give was skipped."""
        return self._output

    def finished(self, call: Call, output: Any) -> None:
        """A call gave its output. After a failure it is noted, to be undone, and nothing follows from it.

        A part that later steps refer to and this output has not (only where its type is Any) fails the run: `outcome`
        says so.

        Raises:
            DeterminismBroken: the call had ended before.
        """
        self._check_open(call)
        self.completed.append(call)
        name = call.node.name
        if call.item == WHOLE:
            self._settle(name, output)
            return
        self._items[name][call.item] = output
        self._items_left[name] -= 1
        if self._items_left[name] == 0:
            self._settle(name, self._items[name])

    def skip(self, call: Call) -> None:
        """A call is not to be made, so its step has no output: a person said no.

        Raises:
            DeterminismBroken: the call had ended before.
        """
        self._check_open(call)
        self.ready = deque(one for one in self.ready if one.node.name != call.node.name)
        self._settle(call.node.name, SKIPPED)

    def failed(self, error: Exception) -> None:
        """A call failed for good, and with it the run: nothing more is ready. The first failure counts."""
        if self.error is None:
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

    def _check_open(self, call: Call) -> None:
        name, item = call.node.name, call.item
        items = self._items.get(name, [])
        if name in self.outputs or (item != WHOLE and (item >= len(items) or items[item] is not SKIPPED)):
            fix = "end each ready call once"
            raise DeterminismBroken("a call that is not open ended", why=call.name, fix=fix, about=self.graph.name)

    def _settle(self, name: str, output: Any) -> None:
        self.outputs[name] = output
        self._open -= 1
        self._advance(self._freed(name))

    def _freed(self, name: str) -> deque[Node]:
        """Steps for which the settled one was the last that they needed."""
        freed: deque[Node] = deque()
        for node in self.graph.behind[name]:
            self._missing[node.name] -= 1
            if self._missing[node.name] == 0:
                freed.append(node)
        return freed

    def _advance(self, freed: deque[Node]) -> None:
        """Call or skip each of these, and what that frees; a queue, as a chain of skipped steps may be long."""
        try:
            while freed and self.error is None:
                node = freed.popleft()
                if self._arrive(node):
                    self._open -= 1
                    freed += self._freed(node.name)
            if self._open == 0 and self.error is None:
                value = self._value(self.graph.output)
                self._output = None if value is SKIPPED else value
        except PartMissing as error:
            fix = "correct the reference, or annotate what the step gives"
            self.failed(StepOutputInvalid("a part is missing", why=str(error), fix=fix, about=self.graph.name))

    def _arrive(self, node: Node) -> bool:
        """All that a step needs is settled: call it, or give it an output without a call, and say so."""
        arguments = self._arguments(node) if self._holds(node) else None
        if arguments is None:
            self.outputs[node.name] = SKIPPED
            return True
        if node.spec.each:
            return self._fan_out(node, arguments)
        self.ready.append(Call(node, WHOLE, arguments))
        return False

    def _holds(self, node: Node) -> bool:
        for binding in node.requires:
            if self._value(binding) is SKIPPED:
                return False
        for one in node.when:  # noqa: SIM110  this runs for each step, and a generator costs as much as the test
            if not _among(self._value(one.binding), one.values):
                return False
        return True

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
        for step, path in binding.references:
            whole = self.outputs.get(step, SKIPPED)
            if whole is not SKIPPED:
                return value_at(whole, path) if path else whole
        if binding.fields is not None:
            return {name: self._value(inner) for name, inner in binding.fields}
        return binding.constant if binding.closed else SKIPPED

    def _fan_out(self, node: Node, arguments: dict[str, Any]) -> bool:
        """One call an item; True where there is none."""
        items = arguments[node.spec.each]
        if items is None or items in ([], ()):
            self.outputs[node.name] = []
            return True
        if not isinstance(items, list | tuple):
            raise PartMissing(f"{node.name} maps a list, and {node.spec.each} is {type(items).__name__}")
        self._items[node.name] = [SKIPPED] * len(items)
        self._items_left[node.name] = len(items)
        self.ready.extend(Call(node, at, {**arguments, node.spec.each: item}) for at, item in enumerate(items))
        return False


def _typed_inputs(graph: Graph, inputs: Mapping[str, Any]) -> dict[str, Any]:
    stray = sorted(inputs.keys() - graph.takes.keys())
    if stray:
        why = f"it has {known(stray)}, and {graph.name} takes {known(graph.takes)}"
        fix = f"{near(stray[0], graph.takes)}give the fields of the graph's input, and no other"
        raise WorkflowInvalid("the input does not fit", why=why, fix=fix, about=graph.name)
    found = {}
    for name, decoder in graph.decoders.items():
        try:
            found[name] = read_back(inputs.get(name), decoder)
        except NOT_PLAIN as error:
            missing = name not in inputs
            why = f"{name} is missing" if missing else f"{name}: {error}"
            fix = "give each field of the graph's input a value of its type"
            raise WorkflowInvalid("the input does not fit", why=why, fix=fix, about=graph.name) from error
    return found


def _among(value: Any, values: tuple[Any, ...]) -> bool:
    # In Python True is 1, and in JSON it is not.
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in values)
