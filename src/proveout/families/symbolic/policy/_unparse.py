"""The canonical text of an expression: what `parse_expression` reads back to the same tree."""

from __future__ import annotations

import ast
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from proveout.errors import PolicyInvalid
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

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["exact_text", "expression_text"]

_COMPARES: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_ARITHMETIC: dict[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}


def expression_text(expression: Expression) -> str:
    """The expression as text, with the fewest brackets and single quotes.

    Python's own `ast.unparse` writes it, so that a checker which knows nothing of this package names each part of a
    condition by the same text.

    Raises:
        PolicyInvalid: a number in it has no literal that is read back as the same number.

    Example:
        >>> from proveout.families.symbolic.policy import parse_expression
        >>> expression_text(parse_expression('((a and b)) or kind not in ("x",) or late > days(3.0)', "here"))
        "a and b or kind not in ['x'] or late > days(3)"
    """
    return ast.unparse(_tree(expression))


def exact_text(value: int | Fraction) -> str:
    """An exact number as text: an integer, a decimal where there is one, or a fraction.

    Example:
        >>> exact_text(Fraction(49, 2)), exact_text(Fraction(1, 3)), exact_text(-4), exact_text(Fraction(-1, 200))
        ('24.5', '1/3', '-4', '-0.005')
    """
    if isinstance(value, int) or value.denominator == 1:
        return str(int(value))
    places, rest = 0, value.denominator
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest, power = rest // prime, power + 1
        places = max(places, power)
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _tree(expression: Expression) -> ast.expr:
    return _WRITERS[type(expression)](expression)


def _constant(constant: Constant) -> ast.expr:
    value = constant.value
    if isinstance(value, date):
        return _called("date", ast.Constant(value.isoformat()))
    if isinstance(value, Fraction):
        value = _literal(value)
    return _called(f"{constant.unit}s", ast.Constant(value)) if constant.unit else ast.Constant(value)


def _literal(value: Fraction) -> int | float:
    if value.denominator == 1:
        return int(value)
    try:
        nearest = float(value)
        if Fraction(repr(nearest)) == value:
            return nearest
    except OverflowError:
        nearest = 0.0
    raise PolicyInvalid(
        "a number without a literal",
        why=f"{value} is no decimal of at most 15 digits",
        fix="write it as a division of two literals",
        about="policy",
    )


def _called(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(func=ast.Name(name), args=list(arguments), keywords=[])


def _list(items: tuple[Constant, ...]) -> ast.expr:
    return ast.List(elts=[_constant(item) for item in items])


def _not(expression: Not) -> ast.expr:
    inner = expression.of
    if isinstance(inner, In):
        return ast.Compare(left=_tree(inner.item), ops=[ast.NotIn()], comparators=[_list(inner.of)])
    return ast.UnaryOp(op=ast.Not(), operand=_tree(inner))


def _bool(op: ast.boolop, expression: All | AnyOf) -> ast.expr:
    return ast.BoolOp(op=op, values=[_tree(part) for part in expression.of])


def _compare(one: Compare) -> ast.expr:
    return ast.Compare(left=_tree(one.left), ops=[_COMPARES[one.op]()], comparators=[_tree(one.right)])


def _arithmetic(one: Arithmetic) -> ast.expr:
    return ast.BinOp(left=_tree(one.left), op=_ARITHMETIC[one.op](), right=_tree(one.right))


def _choose(one: Choose) -> ast.expr:
    return ast.IfExp(test=_tree(one.condition), body=_tree(one.then), orelse=_tree(one.otherwise))


_WRITERS: dict[type, Callable[[Any], ast.expr]] = {
    Constant: _constant,
    Name: lambda one: ast.Name(cast("Name", one).name),
    Not: _not,
    All: lambda one: _bool(ast.And(), one),
    AnyOf: lambda one: _bool(ast.Or(), one),
    Compare: _compare,
    In: lambda one: ast.Compare(left=_tree(one.item), ops=[ast.In()], comparators=[_list(one.of)]),
    Arithmetic: _arithmetic,
    Negative: lambda one: ast.UnaryOp(op=ast.USub(), operand=_tree(one.of)),
    Call: lambda one: _called(one.function, *(_tree(part) for part in one.arguments)),
    Choose: _choose,
}
