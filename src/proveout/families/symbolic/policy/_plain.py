"""Expressions without units and dates: what the solver side computes with."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, cast

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
from proveout.families.symbolic.policy._units import ONE, Unit, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from proveout.families.symbolic.policy._model import Definition, Fact

__all__ = ["Plainer"]

DAY = unit_of("day")
_DATE = Unit((("date", 1),))


class _Read(NamedTuple):
    expression: Expression
    unit: Unit


class Plainer:
    """Rewrites expressions so that only booleans, texts and pure numbers are left.

    A date becomes its day number (`datetime.date.toordinal`), and a constant takes the unit of what it is compared
    with or added to.

    Args:
        facts: their types and units.
        definitions: named expressions, which are kept by name.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, parse_expression
        >>> plainer = Plainer([Fact(name="age", type="duration", unit="day")], [])
        >>> plainer.plain(parse_expression("age > weeks(2)", "here"))
        Compare(op='>', left=Name(name='age'), right=Constant(value=14, unit=''))
    """

    def __init__(self, facts: Sequence[Fact], definitions: Sequence[Definition]) -> None:
        self._units = {fact.name: _DATE if fact.type == "date" else _unit(fact.unit) for fact in facts}
        self._meanings = {definition.name: definition.means for definition in definitions}
        self._definitions: dict[str, _Read] = {}
        self._readers: dict[type, Callable[[Any], _Read]] = {
            Constant: self._constant,
            Name: self._name,
            Not: lambda node: _Read(Not(self.plain(node.of)), ONE),
            All: lambda node: _Read(All(tuple(map(self.plain, node.of))), ONE),
            AnyOf: lambda node: _Read(AnyOf(tuple(map(self.plain, node.of))), ONE),
            Compare: self._compare,
            In: self._in,
            Arithmetic: self._arithmetic,
            Negative: self._negative,
            Call: self._call,
            Choose: self._choose,
        }

    def plain(self, expression: Expression) -> Expression:
        """The same without units and dates."""
        return self._read(expression).expression

    def definition(self, name: str) -> Expression:
        """What a definition means, without units and dates."""
        return self._defined(name).expression

    def _defined(self, name: str) -> _Read:
        if name not in self._definitions:
            self._definitions[name] = self._read(self._meanings[name])
        return self._definitions[name]

    def _read(self, expression: Expression) -> _Read:
        return self._readers[type(expression)](expression)

    def _constant(self, node: Constant) -> _Read:
        if hasattr(node.value, "toordinal"):
            return _Read(Constant(cast("date", node.value).toordinal()), _DATE)
        return _Read(Constant(node.value), _unit(node.unit))

    def _name(self, node: Name) -> _Read:
        unit = self._defined(node.name).unit if node.name in self._meanings else self._units.get(node.name, ONE)
        return _Read(node, unit)

    def _compare(self, node: Compare) -> _Read:
        left, right = self._same_unit([self._read(node.left), self._read(node.right)])
        return _Read(Compare(node.op, left.expression, right.expression), ONE)

    def _in(self, node: In) -> _Read:
        item, *literals = self._same_unit([self._read(node.item), *map(self._read, node.of)])
        return _Read(In(item.expression, tuple(cast("Constant", one.expression) for one in literals)), ONE)

    def _negative(self, node: Negative) -> _Read:
        of = self._read(node.of)
        return _Read(Negative(of.expression), of.unit)

    def _call(self, node: Call) -> _Read:
        arguments = self._same_unit([self._read(argument) for argument in node.arguments])
        return _Read(Call(node.function, tuple(one.expression for one in arguments)), _common(arguments))

    def _choose(self, node: Choose) -> _Read:
        then, otherwise = self._same_unit([self._read(node.then), self._read(node.otherwise)])
        chosen = Choose(self.plain(node.condition), then.expression, otherwise.expression)
        return _Read(chosen, _common([then, otherwise]))

    def _arithmetic(self, node: Arithmetic) -> _Read:
        left, right = self._read(node.left), self._read(node.right)
        if node.op in "*/":
            unit = left.unit.times(right.unit, 1 if node.op == "*" else -1)
            whole = _Read(Arithmetic(node.op, left.expression, right.expression), unit)
            # A quotient of two durations is a plain number.
            return whole if unit.powers else _in_unit(whole, ONE)
        if _DATE in (left.unit, right.unit):
            left, right = (side if side.unit == _DATE else _in_unit(side, DAY) for side in (left, right))
            unit = DAY if left.unit == right.unit else _DATE
        else:
            left, right = self._same_unit([left, right])
            unit = _common([left, right])
        return _Read(Arithmetic(node.op, left.expression, right.expression), unit)

    def _same_unit(self, sides: list[_Read]) -> list[_Read]:
        """In the unit of what is not a constant, so that thresholds stay thresholds; else in the finest."""
        named = [side.unit for side in sides if not isinstance(side.expression, Constant) and side.unit != ONE]
        units = named or [side.unit for side in sides if side.unit != ONE]
        if not units:
            return sides
        finest = min(units, key=lambda unit: unit.scale)
        return [_in_unit(side, finest) for side in sides]


def _unit(text: str) -> Unit:
    try:
        return unit_of(text)
    except ValueError:
        # A name that is no unit of measure, such as a currency sign, converts into nothing.
        return Unit(((text, 1),), name=text)


def _common(sides: Sequence[_Read]) -> Unit:
    return next((side.unit for side in sides if side.unit != ONE), ONE)


def _in_unit(side: _Read, unit: Unit) -> _Read:
    times = side.unit.scale / unit.scale if side.unit.powers == unit.powers else Fraction(1)
    if times == 1:
        return side
    if isinstance(side.expression, Constant):
        value = cast("Fraction", side.expression.value) * times
        return _Read(Constant(value.numerator if value.denominator == 1 else value), unit)
    return _Read(Arithmetic("*", side.expression, Constant(times)), unit)
