"""Compiles decision tables: rows as bits of an integer, so that thousands of rules are met in a few operations."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.dmn import _feel_tree as tree
from proveout.families.symbolic.dmn._feel_evaluate import INPUT, Closure, Frame
from proveout.families.symbolic.dmn._feel_functions import called
from proveout.families.symbolic.dmn._feel_values import Fault, bounded, equal, exact, kind
from proveout.families.symbolic.dmn._model import AGGREGATIONS, Table, TableInput, TableOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proveout.families.symbolic.dmn._scope import Scope

__all__ = ["Column", "CompiledTable", "Step", "bits"]

Step = dict[str, Any]
Key = tuple[str, Any]
Span = tuple[Decimal | None, bool, Decimal | None, bool]


def bits(mask: int) -> Iterator[int]:
    """Places of the bits that are set, lowest first.

    Example:
        >>> list(bits(0b1010))
        [1, 3]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Column:
    """One input: rows that any value passes, rows by the literals they accept, and the rest by their tests."""

    def __init__(self, made: TableInput, texts: list[str], scope: Scope) -> None:
        self.made = made
        self.scope = scope
        self.read = scope.expression(made.expression)
        self.allowed = scope.tests(made.allowed)[0] if made.allowed else None
        self.trees: dict[str, tree.Tests] = {}
        self.always = 0
        self.literals: dict[Key, int] = {}
        self.spans: list[tuple[Span, int]] = []
        self.others: list[tuple[Closure, int]] = []
        rows: dict[str, list[int]] = {}
        for at, text in enumerate(texts):
            rows.setdefault(text, []).append(at)
        for text, places in rows.items():
            self._add(text, sum(1 << at for at in places))

    def _add(self, text: str, mask: int) -> None:
        closure, tests = self.scope.tests(text)
        self.trees[text] = tests
        if not tests.tests:
            self.always |= mask
            return
        keys = [_key(one.value) if isinstance(one, tree.Literal) else None for one in tests.tests]
        if tests.negated or None in keys:
            span = None if tests.negated or len(keys) > 1 else _span(tests.tests[0])
            if span is not None:
                self.spans.append((span, mask))
            else:
                self.others.append((closure, mask))
            return
        for key in keys:
            if key is not None:
                self.literals[key] = self.literals.get(key, 0) | mask

    def value(self, frame: Frame) -> Any:
        """What the rows' tests are applied to."""
        return self.scope.typed(self.read(frame), self.made.type, frame, f"input {self.made.expression}")

    def permits(self, frame: Frame) -> bool:
        """Whether the frame's ``?`` is among the values allowed."""
        return self.allowed is None or self.allowed(frame) is True

    def passed(self, frame: Frame, alive: int) -> int:
        """Those of the rows alive whose test the frame's ``?`` passes."""
        value = frame.names[INPUT]
        key = _key(value)
        found = self.always | (self.literals.get(key, 0) if key is not None else 0)
        if isinstance(value, Decimal):
            for (low, with_low, high, with_high), mask in self.spans:
                above = low is None or low < value or (with_low and low == value)
                if above and (high is None or value < high or (with_high and value == high)):
                    found |= mask
        for closure, mask in self.others:
            if mask & alive & ~found and closure(frame) is True:
                found |= mask
        return found & alive


def _key(value: Any) -> Key | None:
    """What equal simple values share; None for any other value."""
    return (kind(value), value) if value is None or isinstance(value, str | bool | Decimal) else None


def _span(node: tree.Node) -> Span | None:
    """A comparison with a number, or a range of two, as bounds and whether each is within; None for another test."""
    if isinstance(node, tree.Compare) and isinstance(node.left, tree.Input) and isinstance(node.right, tree.Literal):
        end = node.right.value
        return SPANS[node.operator](end) if isinstance(end, Decimal) and node.operator in SPANS else None
    if isinstance(node, tree.RangeOf) and isinstance(node.start, tree.Literal) and isinstance(node.end, tree.Literal):
        low, high = node.start.value, node.end.value
        if isinstance(low, Decimal) and isinstance(high, Decimal):
            return low, node.start_included, high, node.end_included
    return None


SPANS: dict[str, Callable[[Decimal], Span]] = {
    "<": lambda end: (None, False, end, False),
    "<=": lambda end: (None, False, end, True),
    ">": lambda end: (end, False, None, False),
    ">=": lambda end: (end, True, None, False),
}


class CompiledTable:
    """A decision table ready to run in any frame of its scope."""

    def __init__(self, table: Table, scope: Scope) -> None:
        self.table = table
        self.scope = scope
        self.columns = [
            Column(made, [rule.tests[at] for rule in table.rules], scope.inner(()))
            for at, made in enumerate(table.inputs)
        ]
        self.outputs = [[scope.expression(text) for text in rule.outputs] for rule in table.rules]
        self.values = [scope.tests(one.values) if one.values else None for one in table.outputs]
        self.defaults = [scope.expression(one.default) if one.default else None for one in table.outputs]
        self.all = (1 << len(table.rules)) - 1
        scope.tables.append((scope.about, self))

    def run(self, frame: Frame) -> Any:
        """The table's value; the step of the proof that derives it goes to the run."""
        inputs = [column.value(frame) for column in self.columns]
        bounded(inputs)
        step: Step = {
            "type": "table",
            "policy": self.table.policy,
            "inputs": [exact(value) for value in inputs],
            "matched": [],
            "rules": [],
        }
        matched = self.matched(frame, inputs)
        value = None if matched is None else self._decided(frame, list(bits(matched)), step)
        frame.run.derived({**step, "value": exact(value)})
        return value

    def matched(self, frame: Frame, inputs: list[Any]) -> int | None:
        """The rows whose tests all pass, as bits; None when an input is not allowed."""
        alive: int | None = self.all
        for column, value in zip(self.columns, inputs, strict=True):
            inner = frame.inner({INPUT: value})
            if not column.permits(inner):
                frame.run.fail(f"{self.scope.about}: input {column.made.expression} has a value that is not allowed")
                alive = None
            alive = column.passed(inner, alive) if alive else alive
        return alive

    def _decided(self, frame: Frame, matched: list[int], step: Step) -> Any:
        step["matched"] = [at + 1 for at in matched]
        if not matched and any(default is not None for default in self.defaults):
            step["default"] = True
            return self._row([default(frame) if default else None for default in self.defaults])
        try:
            return POLICIES[self.table.policy](self, frame, matched, step)
        except Fault as fault:
            frame.run.fail(f"{self.scope.about}: {fault}")
            return None

    def _taken(self, frame: Frame, matched: list[int], step: Step) -> list[list[Any]]:
        """Outputs of these rows, each put down in the step."""
        rows = []
        for at in matched:
            row = [self._output(frame, closure, place) for place, closure in enumerate(self.outputs[at])]
            bounded(row)
            rows.append(row)
            step["rules"].append(
                {"rule": at + 1, "tests": list(self.table.rules[at].tests), "outputs": [exact(one) for one in row]}
            )
        return rows

    def _output(self, frame: Frame, closure: Closure, place: int) -> Any:
        made = self.table.outputs[place]
        value = self.scope.typed(closure(frame), made.type, frame, f"output {made.name or place + 1}")
        allowed = self.values[place]
        if allowed is not None and value is not None and allowed[0](frame.inner({INPUT: value})) is not True:
            frame.run.fail(f"{self.scope.about}: output {made.name or place + 1} has a value that is not allowed")
            return None
        return value

    def _row(self, row: list[Any]) -> Any:
        if len(row) == 1:
            return row[0]
        return {_named(made, at): value for at, (made, value) in enumerate(zip(self.table.outputs, row, strict=True))}

    def unique(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """The one rule's output; more than one rule is a fault."""
        if len(matched) > 1:
            raise Fault(f"rules {matched[0] + 1} and {matched[1] + 1} match and the hit policy is UNIQUE")
        rows = self._taken(frame, matched, step)
        return self._row(rows[0]) if rows else None

    def any(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """The output that all rules share; rules that differ are a fault."""
        rows = self._taken(frame, matched, step)
        for row in rows[1:]:
            if equal(rows[0], row) is not True:
                raise Fault("rules with different outputs match and the hit policy is ANY")
        return self._row(rows[0]) if rows else None

    def first(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """The first rule's output."""
        rows = self._taken(frame, matched[:1], step)
        return self._row(rows[0]) if rows else None

    def priority(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """The output of highest priority."""
        rows = self._ranked(frame, matched, step)
        return self._row(rows[0]) if rows else None

    def output_order(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """All outputs, the highest priority first."""
        return [self._row(row) for row in self._ranked(frame, matched, step)]

    def rule_order(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """All outputs, in the rules' order."""
        return [self._row(row) for row in self._taken(frame, matched, step)]

    def collect(self, frame: Frame, matched: list[int], step: Step) -> Any:
        """All outputs, or what they aggregate to."""
        rows = self._taken(frame, matched, step)
        if self.table.aggregation is None:
            return [self._row(row) for row in rows]
        name = AGGREGATIONS[self.table.aggregation]
        if name == "count":
            return Decimal(len(rows))
        if len(self.table.outputs) > 1:
            raise Fault("an aggregation needs a table with one output")
        return called(name, [[row[0] for row in rows]], ()) if rows else None

    def _ranked(self, frame: Frame, matched: list[int], step: Step) -> list[list[Any]]:
        rows = self._taken(frame, matched, step)
        return sorted(rows, key=lambda row: [self._rank(value, at) for at, value in enumerate(row)])

    def _rank(self, value: Any, place: int) -> int:
        allowed = self.values[place]
        if allowed is None:
            return 0
        for at, one in enumerate(allowed[1].tests):
            wanted = one.value if isinstance(one, tree.Literal) else None
            if equal(value, wanted) is True:
                return at
        return len(allowed[1].tests)


def _named(made: TableOutput, at: int) -> str:
    return made.name or f"output {at + 1}"


POLICIES: dict[str, Callable[[CompiledTable, Frame, list[int], Step], Any]] = {
    "UNIQUE": CompiledTable.unique,
    "ANY": CompiledTable.any,
    "FIRST": CompiledTable.first,
    "PRIORITY": CompiledTable.priority,
    "OUTPUT ORDER": CompiledTable.output_order,
    "RULE ORDER": CompiledTable.rule_order,
    "COLLECT": CompiledTable.collect,
}
