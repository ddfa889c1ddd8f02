"""Static checks of decision tables: rules that overlap, inputs that none covers, rules that never decide."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.dmn import _feel_tree as tree
from proveout.families.symbolic.dmn._feel_evaluate import INPUT, Frame, Run, compile_expression
from proveout.families.symbolic.dmn._feel_functions import BUILTINS
from proveout.families.symbolic.dmn._feel_times import Months
from proveout.families.symbolic.dmn._feel_types import SCALARS, canonical
from proveout.families.symbolic.dmn._feel_values import Fault, Range, kind, to_json
from proveout.families.symbolic.dmn._model import Finding, Table
from proveout.families.symbolic.dmn._tables import Column, CompiledTable, bits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proveout.families.symbolic.dmn._execute import DecisionModel

__all__ = ["check_model", "decision_table_rules"]

# Cells looked at in one table, and findings of one kind told about it.
MOST, TOLD = 100_000, 20
EVALUATIONS = 2_000_000


class _TooMuchError(Exception):
    """The table has more cells than are looked at."""


def check_model(model: DecisionModel) -> list[Finding]:
    """What is wrong, or may be, with a model.

    Names that nothing defines; and in each decision table types that do not fit, rules that overlap where the hit
    policy forbids it, inputs that no rule covers, and rules that never decide. Each cell of a table whose tests have
    fixed ends is looked at once, by a value on each end, between and beyond them; a finding's witness is such values.
    Tables with other tests, or with too many cells, are reported as not checked.

    Example:
        >>> from proveout.families.symbolic.dmn import from_json
        >>> rules = [{"if": ["<18"], "then": ["1"]}, {"if": [">=17"], "then": ["2"]}]
        >>> table = {"inputs": [{"expression": "age"}], "outputs": [{}], "rules": rules}
        >>> logic = {"decision_table": table}
        >>> model = from_json(
        ...     {"inputs": [{"name": "age"}], "decisions": [{"name": "fee", "requires": ["age"], "logic": logic}]}
        ... )
        >>> [(finding.kind, finding.rules, finding.witness) for finding in check_model(model)]
        [('overlap', (1, 2), {'age': 17})]
    """
    found = [
        Finding("unknown name", decision, f"nothing in its scope is named {name!r}") for decision, name in model.unknown
    ]
    for decision, table in model.tables:
        found += _checked(decision, table)
    return found


def _checked(decision: str, table: CompiledTable) -> list[Finding]:
    try:
        grid = _Grid(decision, table)
    except Fault as fault:
        return [Finding("not checked", decision, str(fault))]
    found = list(grid.types)
    for check in (grid.overlaps, grid.gaps, grid.unreachable):
        try:
            found += check()
        except _TooMuchError:
            found.append(Finding("not checked", decision, f"{check.__name__}: the table has more than {MOST} cells"))
    return found


def _ends(node: tree.Node) -> list[Any]:
    """Values at which a unary test may change its answer.

    Raises:
        Fault: the test depends on more than the input and fixed values.
    """
    if isinstance(node, tree.Compare) and isinstance(node.left, tree.Input):
        return [_fixed(node.right)]
    if isinstance(node, tree.RangeOf):
        return [_fixed(end) for end in (node.start, node.end) if end is not None]
    value = _fixed(node)
    if isinstance(value, Range):
        return [end for end in (value.start, value.end) if end is not None]
    return value if isinstance(value, list) else [value]


def _fixed(node: tree.Node) -> Any:
    for one in tree.walk(node):
        if isinstance(one, tree.Input) or (isinstance(one, tree.Name) and one.name not in BUILTINS):
            raise Fault("a test depends on more than its input and fixed values")
    return compile_expression(node)(Frame({}, Run()))


STEPS: dict[str, Any] = {
    "number": Decimal(1),
    "date": timedelta(days=1),
    "date and time": timedelta(seconds=1),
    "days and time duration": timedelta(seconds=1),
    "years and months duration": Months(1),
}


def _spread(ends: list[Any], what: str) -> list[Any]:
    """The ends with a value before, between and after them."""
    if what == "boolean":
        return [True, False]
    if what == "string":
        other = "other"
        while other in ends:
            other += "s"
        return [*ends, other]
    if what not in STEPS or not ends:
        return ends or [None]
    ordered = sorted(ends)
    between = [_between(low, high) for low, high in pairwise(ordered)]
    return [_moved(ordered[0], -1), *ordered, *(one for one in between if one is not None), _moved(ordered[-1], 1)]


def _moved(value: Any, by: int) -> Any:
    if isinstance(value, Months):
        return Months(value.months + by)
    return value + by * STEPS[kind(value)]


def _between(low: Any, high: Any) -> Any:
    if isinstance(low, Decimal):
        return (low + high) / 2
    after = _moved(low, 1)
    return after if after < high else None


class _Grid:
    """A table's columns, each as values that stand for all others, with the rules that each passes."""

    def __init__(self, decision: str, table: CompiledTable) -> None:
        self.decision = decision
        self.table = table
        self.types: list[Finding] = []
        self.values = [self._values(column) for column in table.columns]
        self.masks = [
            [column.passed(Frame({INPUT: value}, Run()), table.all) for value in values]
            for column, values in zip(table.columns, self.values, strict=True)
        ]
        # Rules that pass every value of all columns from each on.
        self.covering = [table.all]
        for masks in reversed(self.masks):
            self.covering.insert(0, self.covering[0] & _all(masks))

    def _values(self, column: Column) -> list[Any]:
        tests = [one for text in column.trees.values() for one in text.tests]
        allowed = self.table.scope.tests(column.made.allowed)[1].tests if column.made.allowed else ()
        ends = [end for one in (*tests, *allowed) for end in _ends(one) if end is not None]
        kinds = {kind(end) for end in ends}
        wanted = canonical(column.made.type)
        if wanted in SCALARS and kinds - {wanted}:
            others = ", ".join(sorted(kinds - {wanted}))
            what = f"input {column.made.expression} is {wanted} and is tested against {others}"
            self.types.append(Finding("type", self.decision, what))
        if len(kinds) > 1:
            raise Fault(f"input {column.made.expression} is tested against values of several types")
        unique = (
            list(dict.fromkeys(ends))
            if kinds <= {"string", "number"}
            else [end for at, end in enumerate(ends) if end not in ends[:at]]
        )
        spread = _spread(unique, next(iter(kinds), str(wanted)))
        if len(spread) * len(column.others) > EVALUATIONS:
            raise Fault("the table has too many tests")
        if column.allowed is not None:
            spread = [value for value in spread if column.permits(Frame({INPUT: value}, Run()))]
        return spread

    def _cells(self, stop: Callable[[int, int], bool]) -> Iterator[tuple[int, list[Any]]]:
        """Rules alive with the values that leave them so, at each place where ``stop(column, alive)`` says so."""
        waiting: list[tuple[int, int, list[Any]]] = [(0, self.table.all, [])]
        seen = 0
        while waiting:
            column, alive, chosen = waiting.pop()
            seen += 1
            if seen > MOST:
                raise _TooMuchError
            if stop(column, alive):
                yield alive, chosen
            elif column < len(self.masks):
                pairs = zip(self.values[column], self.masks[column], strict=True)
                waiting += [(column + 1, alive & mask, [*chosen, value]) for value, mask in reversed(list(pairs))]

    def _witness(self, chosen: list[Any]) -> dict[str, Any]:
        rest = [values[0] if values else None for values in self.values[len(chosen) :]]
        names = [column.made.expression for column in self.table.columns]
        return {name: to_json(value) for name, value in zip(names, [*chosen, *rest], strict=True)}

    def overlaps(self) -> list[Finding]:
        """Pairs of rules that match together, where the hit policy says that none, or none with other outputs, may."""
        policy, rules = self.table.table.policy, self.table.table.rules
        if policy not in {"UNIQUE", "ANY"}:
            return []
        found: dict[tuple[int, int], Finding] = {}
        for alive, chosen in self._cells(lambda column, alive: column == len(self.masks) or alive & (alive - 1) == 0):
            for low, high in combinations(list(bits(alive))[:TOLD], 2):
                if policy == "ANY" and rules[low].outputs == rules[high].outputs:
                    continue
                what = f"rules {low + 1} and {high + 1} match together and the hit policy is {policy}"
                found.setdefault(
                    (low, high), Finding("overlap", self.decision, what, (low + 1, high + 1), self._witness(chosen))
                )
            if len(found) >= TOLD:
                break
        return list(found.values())

    def gaps(self) -> list[Finding]:
        """Inputs that no rule matches, where the hit policy gives one output and there is no default."""
        if self.table.table.policy in {"COLLECT", "RULE ORDER", "OUTPUT ORDER"} or any(self.table.defaults):
            return []
        found = []
        for alive, chosen in self._cells(lambda column, alive: not alive or bool(alive & self.covering[column])):
            if not alive:
                found.append(Finding("gap", self.decision, "no rule matches these inputs", (), self._witness(chosen)))
            if len(found) >= TOLD:
                break
        return found

    def unreachable(self) -> list[Finding]:
        """Rules that no input matches, or that earlier rules always decide before."""
        reached = self.table.all
        for masks in self.masks:
            reached &= _any(masks)
        if self.table.table.policy == "FIRST":
            reached &= self._first()
        missing = list(bits(self.table.all & ~reached))[:TOLD]
        return [Finding("unreachable", self.decision, f"rule {at + 1} never decides", (at + 1,)) for at in missing]

    def _first(self) -> int:
        reached = 0

        def decided(column: int, alive: int) -> bool:
            return not alive & ~reached or bool(alive & -alive & self.covering[column])

        for alive, _ in self._cells(decided):
            reached |= alive & -alive
        return reached


def _all(masks: list[int]) -> int:
    found = -1
    for mask in masks:
        found &= mask
    return found


def _any(masks: list[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def decision_table_rules(table: Table) -> list[dict[str, Any]]:
    """A decision table as plain data: for each rule its number, its condition as one FEEL text, and its outputs.

    Example:
        >>> from proveout.families.symbolic.dmn._model import Rule, TableInput, TableOutput
        >>> inputs = (TableInput("age"), TableInput("risk"))
        >>> rules = (Rule((">=18", "-"), ('"yes"',)), Rule(("-", 'not("low")'), ('"no"',)))
        >>> for row in decision_table_rules(Table("FIRST", None, inputs, (TableOutput("open"),), rules)):
        ...     print(row["rule"], row["condition"], row["outputs"])
        1 age in (>=18) {'open': '"yes"'}
        2 not(risk in ("low")) {'open': '"no"'}
    """
    names = [made.name or f"output {at + 1}" for at, made in enumerate(table.outputs)]
    return [
        {
            "rule": at + 1,
            "condition": _condition(table, rule.tests),
            "outputs": dict(zip(names, rule.outputs, strict=True)),
        }
        for at, rule in enumerate(table.rules)
    ]


def _condition(table: Table, tests: tuple[str, ...]) -> str:
    parts = []
    for made, test in zip(table.inputs, tests, strict=True):
        text = test.strip()
        if text == "-":
            continue
        inner = text.removeprefix("not").strip()
        negated = text.startswith("not") and inner.startswith("(") and inner.endswith(")")
        parts.append(f"not({made.expression} in {inner})" if negated else f"{made.expression} in ({text})")
    return " and ".join(parts) or "true"
