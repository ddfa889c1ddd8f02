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
    from typing import TypeVar

    from proveout.families.symbolic.policy._model import Policy

    _Struct = TypeVar("_Struct", bound=msgspec.Struct)

__all__ = ["explicit"]


def explicit(policy: Policy, typer: Typer | None = None) -> Policy:
    """The same policy with units written out: ``late > 30`` is ``late > days(30)`` where ``late`` counts days.

    Units that convert into no other, as currencies, are left out: there a bare number can mean one thing only. What is
    written out already stays the object that it is.

    Args:
        policy: to write out.
        typer: that knows its expressions.

    Raises:
        PolicyInvalid: an expression has no type.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> late = Fact(name="late", type="duration", unit="day")
        >>> rule = Rule(id="r", when=parse_expression("late in [1, 2]", "here"), then="a")
        >>> explicit(Policy(name="p", version=1, decisions=("a",), facts=(late,), rules=(rule,))).rules[0].when.of
        (Constant(value=1, unit='day'), Constant(value=2, unit='day'))
    """
    write = _Writer(typer or Typer(policy.facts, policy.definitions)).write
    definitions = tuple(_kept(one, means=write(one.means)) for one in policy.definitions)
    rules = tuple(_kept(rule, when=write(rule.when)) for rule in policy.rules)
    return _kept(policy, definitions=_same(policy.definitions, definitions), rules=_same(policy.rules, rules))


def _kept(struct: _Struct, **fields: Any) -> _Struct:
    """The struct with these fields; itself where they are its own."""
    if all(getattr(struct, name) is value for name, value in fields.items()):
        return struct
    return msgspec.structs.replace(struct, **fields)


def _same(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """The old parts where the new ones are the same objects."""
    return old if all(one is other for one, other in zip(old, new, strict=True)) else new


class _Writer:
    def __init__(self, typer: Typer) -> None:
        self._kind = typer.kind
        self._writers: dict[type, Callable[[Any], Expression]] = {
            Constant: self._constant,
            Name: lambda node: node,
            Not: lambda node: _kept(node, of=self.write(node.of)),
            All: lambda node: _kept(node, of=_same(node.of, tuple(map(self.write, node.of)))),
            AnyOf: lambda node: _kept(node, of=_same(node.of, tuple(map(self.write, node.of)))),
            Negative: lambda node: _kept(node, of=self.write(node.of)),
            Compare: self._sides,
            Call: lambda node: _kept(node, arguments=_same(node.arguments, tuple(self._alike(node.arguments)))),
            Choose: self._choose,
            In: self._in,
            Arithmetic: self._arithmetic,
        }

    def write(self, expression: Expression) -> Expression:
        return self._writers[type(expression)](expression)

    def _constant(self, node: Constant) -> Expression:
        unit = canonical_unit(node.unit)
        return node if unit == node.unit else Constant(node.value, unit)

    def _choose(self, node: Choose) -> Expression:
        then, otherwise = self._alike([node.then, node.otherwise])
        return _kept(node, condition=self.write(node.condition), then=then, otherwise=otherwise)

    def _in(self, node: In) -> Expression:
        item, *literals = self._alike([node.item, *node.of])
        return _kept(node, item=item, of=_same(node.of, tuple(cast("Constant", literal) for literal in literals)))

    def _sides(self, node: Compare | Arithmetic) -> Expression:
        left, right = self._alike([node.left, node.right])
        return _kept(node, left=left, right=right)

    def _arithmetic(self, node: Arithmetic) -> Expression:
        if node.op in {"+", "-"} and "date" not in {
            self._kind(side, "policy").name for side in (node.left, node.right)
        }:
            return self._sides(node)
        return _kept(node, left=self.write(node.left), right=self.write(node.right))

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
