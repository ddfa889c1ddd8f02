"""Expressions in which every number beside a span of time says its unit, so that all can be computed in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

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
from proveout.families.symbolic.policy._types import Typer, common_unit
from proveout.families.symbolic.policy._units import canonical_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.families.symbolic.policy._model import Policy

__all__ = ["explicit"]


def explicit(policy: Policy) -> Policy:
    """The same policy with units written out: ``late > 30`` is ``late > days(30)`` where ``late`` counts days.

    Units that convert into no other, as currencies, are left out: there a bare number can mean one thing only.

    Raises:
        PolicyInvalid: an expression has no type.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> late = Fact(name="late", type="duration", unit="day")
        >>> rule = Rule(id="r", when=parse_expression("late in [1, 2]", "here"), then="a")
        >>> explicit(Policy(name="p", version=1, decisions=("a",), facts=(late,), rules=(rule,))).rules[0].when.of
        (Constant(value=1, unit='day'), Constant(value=2, unit='day'))
    """
    write = _Writer(Typer(policy.facts, policy.definitions)).write
    replace = msgspec.structs.replace
    return replace(
        policy,
        definitions=tuple(replace(one, means=write(one.means)) for one in policy.definitions),
        rules=tuple(replace(rule, when=write(rule.when)) for rule in policy.rules),
    )


class _Writer:
    def __init__(self, typer: Typer) -> None:
        self._kind = typer.kind
        self._writers: dict[type, Callable[[Any], Expression]] = {
            Constant: lambda node: Constant(node.value, canonical_unit(node.unit)),
            Name: lambda node: node,
            Not: lambda node: Not(self.write(node.of)),
            All: lambda node: All(tuple(map(self.write, node.of))),
            AnyOf: lambda node: AnyOf(tuple(map(self.write, node.of))),
            Negative: lambda node: Negative(self.write(node.of)),
            Compare: lambda node: Compare(node.op, *self._alike([node.left, node.right])),
            Call: lambda node: Call(node.function, tuple(self._alike(node.arguments))),
            Choose: lambda node: Choose(self.write(node.condition), *self._alike([node.then, node.otherwise])),
            In: self._in,
            Arithmetic: self._arithmetic,
        }

    def write(self, expression: Expression) -> Expression:
        return self._writers[type(expression)](expression)

    def _in(self, node: In) -> Expression:
        item, *literals = self._alike([node.item, *node.of])
        return In(item, tuple(cast("Constant", literal) for literal in literals))

    def _arithmetic(self, node: Arithmetic) -> Expression:
        sides = [node.left, node.right]
        if node.op in {"+", "-"} and "date" not in {self._kind(side, "policy").name for side in sides}:
            return Arithmetic(node.op, *self._alike(sides))
        return Arithmetic(node.op, *map(self.write, sides))

    def _alike(self, parts: Sequence[Expression]) -> list[Expression]:
        kinds = [self._kind(part, "policy") for part in parts]
        unit = common_unit(kinds) if kinds[0].name == "quantity" else None
        return [
            self._in_unit(part, unit.name) if unit is not None and unit.convertible and kind.bare else self.write(part)
            for part, kind in zip(parts, kinds, strict=True)
        ]

    def _in_unit(self, part: Expression, unit: str) -> Expression:
        if isinstance(part, Constant):
            return Constant(part.value, unit)
        return Arithmetic("*", self.write(part), Constant(1, unit))
