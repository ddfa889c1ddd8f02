"""Expressions compiled once to nested functions over three-valued logic; nothing is evaluated as code."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from proveout.families.symbolic.policy._expressions import (
    All,
    AnyOf,
    Arithmetic,
    Call,
    Choose,
    Compare,
    Constant,
    Expression,
    In,
    Name,
    Negative,
    Not,
)
from proveout.families.symbolic.policy._types import Kind, Typer, common_unit
from proveout.families.symbolic.policy._units import Unit, unit_of

if TYPE_CHECKING:
    from datetime import date

    from proveout.families.symbolic.policy._model import Policy

__all__ = ["Compiled", "Compiler", "Values", "conjunction", "disjunction", "negation"]

Values = dict[str, Any]
Compiled = Callable[[Values], Any]

SECONDS_A_DAY = unit_of("day").scale
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_CALLS: dict[str, Callable[[Any], Any]] = {"min": min, "max": max, "abs": lambda values: abs(values[0])}


class Compiler:
    """Compiles the expressions of one policy.

    A compiled expression takes the values of the facts by name and gives its value, or None where it is unknown.
    ``and``, ``or`` and ``not`` are Kleene's (1952); everything else is unknown when a part that it needs is. A quotient
    by zero has no value and counts as unknown, whatever else is stated. Dates are day numbers, and a quantity is a
    number of its own unit.

    Args:
        policy: a valid one.
        typer: that knows its expressions.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, parse_expression
        >>> policy = Policy(name="p", version=1, decisions=("a",), facts=(Fact(name="n", type="number"),))
        >>> big = Compiler(policy).compile(parse_expression("n > 2 or n != n + 0", "here"))
        >>> big({"n": 3}), big({"n": 1}), big({"n": None})
        (True, False, None)
    """

    def __init__(self, policy: Policy, typer: Typer | None = None) -> None:
        self._typer = typer or Typer(policy.facts, policy.definitions)
        self._dates = {fact.name for fact in policy.facts if fact.type == "date"}
        self._meanings = {definition.name: definition.means for definition in policy.definitions}
        self._defined: dict[str, Compiled] = {}
        self._writers: dict[type, Callable[[Any], Compiled]] = {
            Constant: self._constant,
            Name: self._name,
            Not: lambda node: negation(self.compile(node.of)),
            All: lambda node: conjunction([self.compile(part) for part in node.of]),
            AnyOf: lambda node: disjunction([self.compile(part) for part in node.of]),
            Compare: self._compare,
            In: self._in,
            Arithmetic: self._arithmetic,
            Negative: lambda node: _applied(operator.neg, self.compile(node.of)),
            Call: self._call,
            Choose: self._choose,
        }

    def compile(self, expression: Expression) -> Compiled:
        """The expression as a function of the facts' values."""
        return self._writers[type(expression)](expression)

    def _kind(self, expression: Expression) -> Kind:
        return self._typer.kind(expression, "policy")

    def _constant(self, node: Constant) -> Compiled:
        value = _plain(node)
        return lambda _: value

    def _name(self, node: Name) -> Compiled:
        name = node.name
        if name in self._meanings:
            if name not in self._defined:
                self._defined[name] = self.compile(self._meanings[name])
            return self._defined[name]
        if name in self._dates:
            return _applied(lambda day: day.toordinal(), operator.itemgetter(name))
        return operator.itemgetter(name)

    def _compare(self, node: Compare) -> Compiled:
        apply = _OPERATORS[node.op]
        left, right = self._alike([node.left, node.right])
        if isinstance(node.right, Constant):
            constant = right({})
            if isinstance(node.left, Name) and left is not self._defined.get(node.left.name):
                return self._fact_against(node.left.name, apply, constant)
            return _applied(lambda value: apply(value, constant), left)
        return _both(apply, left, right)

    def _fact_against(self, name: str, apply: Callable[[Any, Any], Any], constant: Any) -> Compiled:
        """A fact against a literal: what conditions mostly consist of, without a call for either side."""
        if name in self._dates:
            return _applied(lambda value: apply(value.toordinal(), constant), operator.itemgetter(name))

        # Bound as defaults: of ten thousand conditions, cells would be most of what the garbage collector visits.
        def compared(values: Values, name: str = name, constant: Any = constant, apply: Any = apply) -> Any:
            value = values[name]
            return None if value is None else apply(value, constant)

        return compared

    def _in(self, node: In) -> Compiled:
        item, *literals = self._alike([node.item, *node.of])
        members = frozenset(literal({}) for literal in literals)
        if isinstance(node.item, Name) and node.item.name not in self._meanings and node.item.name not in self._dates:
            name = node.item.name

            def among(values: Values) -> Any:
                value = values[name]
                return None if value is None else value in members

            return among
        return _applied(lambda value: value in members, item)

    def _arithmetic(self, node: Arithmetic) -> Compiled:
        kinds = [self._kind(node.left), self._kind(node.right)]
        left, right = self.compile(node.left), self.compile(node.right)
        if node.op == "/":
            return _scaled(_both(_divided, left, right), _ratio(kinds[0].unit.times(kinds[1].unit, -1)))
        if node.op == "*":
            return _scaled(_both(operator.mul, left, right), _ratio(kinds[0].unit.times(kinds[1].unit)))
        if "date" in {kinds[0].name, kinds[1].name}:
            left, right = (_in_days(side, kind) for side, kind in zip((left, right), kinds, strict=True))
        else:
            left, right = self._alike([node.left, node.right])
        return _both(_OPERATORS[node.op], left, right)

    def _call(self, node: Call) -> Compiled:
        apply, parts = _CALLS[node.function], self._alike(node.arguments)

        def called(values: Values) -> Any:
            found = [part(values) for part in parts]
            return None if None in found else apply(found)

        return called

    def _choose(self, node: Choose) -> Compiled:
        condition, (then, otherwise) = self.compile(node.condition), self._alike([node.then, node.otherwise])

        def chosen(values: Values) -> Any:
            held = condition(values)
            return None if held is None else then(values) if held else otherwise(values)

        return chosen

    def _alike(self, parts: Sequence[Expression]) -> list[Compiled]:
        """The parts as numbers of one unit."""
        kinds = [self._kind(part) for part in parts]
        compiled = [self.compile(part) for part in parts]
        if any(kind.name != "quantity" for kind in kinds):
            return compiled
        unit = common_unit(kinds)
        return [
            one
            if kind.bare or kind.unit is unit
            else _scaled(one, kind.unit.scale / unit.scale, constant=isinstance(part, Constant))
            for one, kind, part in zip(compiled, kinds, parts, strict=True)
        ]


def _plain(node: Constant) -> Any:
    return cast("date", node.value).toordinal() if hasattr(node.value, "toordinal") else node.value


def conjunction(parts: Sequence[Compiled]) -> Compiled:
    """``and`` of compiled parts."""

    def every(values: Values) -> bool | None:
        unknown = False
        for part in parts:
            value = part(values)
            if value is False:
                return False
            if value is None:
                unknown = True
        return None if unknown else True

    return every


def disjunction(parts: Sequence[Compiled]) -> Compiled:
    """``or`` of compiled parts."""

    def some(values: Values) -> bool | None:
        unknown = False
        for part in parts:
            value = part(values)
            if value is True:
                return True
            if value is None:
                unknown = True
        return None if unknown else False

    return some


def negation(of: Compiled) -> Compiled:
    """``not`` of a compiled part."""
    return _applied(operator.not_, of)


def _applied(apply: Callable[[Any], Any], of: Compiled) -> Compiled:
    def applied(values: Values) -> Any:
        value = of(values)
        return None if value is None else apply(value)

    return applied


def _both(apply: Callable[[Any, Any], Any], left: Compiled, right: Compiled) -> Compiled:
    def both(values: Values) -> Any:
        one, other = left(values), right(values)
        return None if one is None or other is None else apply(one, other)

    return both


def _divided(left: Any, right: Any) -> Fraction | None:
    return Fraction(left) / right if right else None


def _scaled(of: Compiled, times: Fraction, *, constant: bool = False) -> Compiled:
    if times == 1:
        return of
    factor = times.numerator if times.denominator == 1 else times
    if constant:
        value = of({}) * factor
        return lambda _: value
    return _applied(lambda value: value * factor, of)


def _ratio(unit: Unit) -> Fraction:
    """What makes a quotient of hours and days a plain number."""
    return Fraction(1) if unit.powers else unit.scale


def _in_days(side: Compiled, kind: Kind) -> Compiled:
    return side if kind.name == "date" else _scaled(side, kind.unit.scale / SECONDS_A_DAY)
