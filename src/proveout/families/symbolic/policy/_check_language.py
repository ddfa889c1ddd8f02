"""A second interpreter of policies, for checkers alone: nothing of the evaluator or the encoder is in it."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import date
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.policy._check_units import UNITS, times, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.families.symbolic.policy._check_logic import Logic

__all__ = ["Reader"]


class Reader:
    """Evaluates a policy given as JSON. A quantity is a number in base units and its unit; None is a bare one."""

    def __init__(self, policy: dict[str, Any], logic: Logic) -> None:
        self.facts = {fact["name"]: fact for fact in policy["facts"]}
        self.means = {one["name"]: _tree(one["means"]) for one in policy.get("definitions", [])}
        self.rules = [(rule, _tree(rule["if"])) for rule in policy["rules"]]
        self.known = {*self.facts, *self.means}
        self.logic, self.codes = logic, {"": 0}

    def trees(self) -> list[ast.expr]:
        """All expressions of the policy."""
        return [*self.means.values(), *(tree for _, tree in self.rules)]

    @cached_property
    def uses(self) -> tuple[Counter[str], dict[str, list[list[ast.expr]]]]:
        """How often each name stands anywhere, and the literals of each comparison of it with literals alone."""
        nodes = [node for tree in self.trees() for node in ast.walk(tree)]
        beside: dict[str, list[list[ast.expr]]] = {}
        for node in nodes:
            if isinstance(node, ast.Compare):
                for name, literals in self._compared([node.left, *node.comparators]):
                    beside.setdefault(name, []).append(literals)
        return Counter(node.id for node in nodes if isinstance(node, ast.Name)), beside

    def _compared(self, sides: list[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
        for name in {side.id for side in sides if isinstance(side, ast.Name)}:
            others = [side for side in sides if not (isinstance(side, ast.Name) and side.id == name)]
            literals = [one for side in others for one in getattr(side, "elts", [side])]
            names = {part.id for one in literals for part in ast.walk(one) if isinstance(part, ast.Name)}
            if len(others) == len(sides) - 1 and not names & self.known:
                yield name, literals

    def in_unit_of(self, name: str, literal: ast.expr) -> Any:
        """The value of a literal, in the unit of a fact."""
        if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
            return literal.value
        value, unit = self.read(literal, {})
        fact = self.facts[name]
        own = unit_of("day" if fact["type"] == "date" else fact.get("unit", ""))
        return value / own[0] if unit and not isinstance(value, bool) else value

    def number(self, value: Any) -> Any:
        """A value as a truth value or an exact number; texts are numbered."""
        if isinstance(value, str):
            return Fraction(self.codes.setdefault(value, len(self.codes)))
        return value if isinstance(value, bool) else Fraction(value)

    def decides(self, case: dict[str, Any], wanted: str) -> Any:
        """Whether the case, of exact numbers, is decided as wanted.

        So it is where a rule for that is active, no rule of a higher priority is, and no rule of at least its priority
        for anything else is, or may be where a division by zero leaves it open.
        """
        logic = self.logic
        active: dict[str, Any] = {}
        ways: list[Any] = []
        before: list[Any] = []
        fires = {rule["id"]: self.value(tree, case) for rule, tree in self.rules}

        def is_active(name: str) -> Any:
            if name not in active:
                over = [is_active(rule["id"]) for rule, _ in self.rules if name in rule.get("overrides", [])]
                active[name] = logic.both([fires[name], *(logic.no(one) for one in over)])
            return active[name]

        for priority in sorted({rule.get("priority", 0) for rule, _ in self.rules}, reverse=True):
            level = [rule for rule, _ in self.rules if rule.get("priority", 0) == priority]
            sides = {
                yes: [is_active(one["id"]) for one in level if (one["then"] == wanted) is yes] for yes in (True, False)
            }
            before += [logic.no(logic.maybe(one)) for one in sides[False]]
            ways.append(logic.both([*before, logic.either([logic.surely(one) for one in sides[True]])]))
            before += [logic.no(logic.surely(one)) for one in sides[True]]
        return logic.either(ways)

    def value(self, tree: ast.expr, case: dict[str, Any]) -> Any:
        return self.read(tree, case)[0]

    def read(self, tree: ast.expr, case: dict[str, Any]) -> tuple[Any, Any]:
        found: tuple[Any, Any] = getattr(self, f"_{type(tree).__name__.lower()}")(tree, case)
        return found

    def _constant(self, tree: ast.Constant, _: Any) -> tuple[Any, Any]:
        value = Fraction(repr(tree.value)) if isinstance(tree.value, float) else tree.value
        return self.logic.literal(self.number(value)), None

    def _name(self, tree: ast.Name, case: dict[str, Any]) -> tuple[Any, Any]:
        if tree.id in self.means:
            return self.read(self.means[tree.id], case)
        fact, value = self.facts[tree.id], case[tree.id]
        if fact["type"] not in {"number", "money", "duration", "date"}:
            return value, None
        unit = unit_of("day" if fact["type"] == "date" else fact.get("unit", ""))
        return self._scaled(value, unit), unit

    def _scaled(self, value: Any, unit: tuple[Fraction, dict[str, int]]) -> Any:
        return self.logic.apply("Mult", value, self.logic.literal(unit[0]))

    def _boolop(self, tree: ast.BoolOp, case: dict[str, Any]) -> tuple[Any, Any]:
        parts = [self.value(part, case) for part in tree.values]
        return (self.logic.both if isinstance(tree.op, ast.And) else self.logic.either)(parts), None

    def _unaryop(self, tree: ast.UnaryOp, case: dict[str, Any]) -> tuple[Any, Any]:
        value, unit = self.read(tree.operand, case)
        if isinstance(tree.op, ast.Not):
            return self.logic.no(value), None
        return self._opposite(value), unit

    def _opposite(self, value: Any) -> Any:
        return self.logic.apply("Sub", self.logic.literal(Fraction(0)), value)

    def _compare(self, tree: ast.Compare, case: dict[str, Any]) -> tuple[Any, Any]:
        sides = [tree.left, *tree.comparators]
        return self.logic.both([self._pair(*one, case) for one in zip(tree.ops, sides, sides[1:], strict=False)]), None

    def _pair(self, op: ast.cmpop, left: ast.expr, right: ast.expr, case: dict[str, Any]) -> Any:
        if isinstance(op, ast.In | ast.NotIn):
            listed = self.logic.either([self._pair(ast.Eq(), left, one, case) for one in right.elts])  # type: ignore[attr-defined]
            return self.logic.no(listed) if isinstance(op, ast.NotIn) else listed
        one, other = _aligned(self.logic, [self.read(left, case), self.read(right, case)])[0]
        return self.logic.apply(type(op).__name__, one, other)

    def _binop(self, tree: ast.BinOp, case: dict[str, Any]) -> tuple[Any, Any]:
        left, right = self.read(tree.left, case), self.read(tree.right, case)
        if isinstance(tree.op, ast.Mult | ast.Div):
            sign = 1 if isinstance(tree.op, ast.Mult) else -1
            return self.logic.apply(type(tree.op).__name__, left[0], right[0]), times(left[1], right[1], sign)
        sides, unit = _aligned(self.logic, [left, right])
        return self.logic.apply(type(tree.op).__name__, *sides), unit

    def _ifexp(self, tree: ast.IfExp, case: dict[str, Any]) -> tuple[Any, Any]:
        sides, unit = _aligned(self.logic, [self.read(tree.body, case), self.read(tree.orelse, case)])
        return self.logic.choose(self.value(tree.test, case), *sides), unit

    def _call(self, tree: ast.Call, case: dict[str, Any]) -> tuple[Any, Any]:
        name = str(tree.func.id)  # type: ignore[attr-defined]
        if name == "date":
            day = date.fromisoformat(tree.args[0].value)  # type: ignore[attr-defined]
            return self.logic.literal(Fraction(day.toordinal() * 86_400)), unit_of("day")
        found = [self.read(one, case) for one in tree.args]
        if name.removesuffix("s") in UNITS:
            unit = unit_of(name)
            return self._scaled(found[0][0], unit), unit
        (best, *others), unit = _aligned(
            self.logic, found if name != "abs" else [found[0], (self._opposite(found[0][0]), found[0][1])]
        )
        for other in others:
            best = self.logic.choose(self.logic.apply("LtE" if name == "min" else "GtE", best, other), best, other)
        return best, unit


@lru_cache(maxsize=4096)
def _tree(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _aligned(logic: Logic, sides: list[tuple[Any, Any]]) -> tuple[list[Any], Any]:
    """A bare number takes the unit of what it stands beside."""
    unit = min((one for _, one in sides if one), key=lambda one: one[0], default=None)
    if unit is None or unit[0] == 1:
        return [value for value, _ in sides], unit
    return [value if known else logic.apply("Mult", value, logic.literal(unit[0])) for value, known in sides], unit
