"""The canonical text of an expression: what `parse_expression` reads back to the same tree."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

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
from proveout.families.symbolic.policy._units import TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["exact_text", "expression_text"]

# How tightly each binds; a part that binds less than its place asks for gets brackets.
_CHOOSE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(9)


def expression_text(expression: Expression) -> str:
    """The expression as text, with few brackets and double quotes; the same on every version of Python.

    Raises:
        PolicyInvalid: a number in it has no literal that is read back as the same number.

    Example:
        >>> from proveout.families.symbolic.policy import parse_expression
        >>> print(expression_text(parse_expression("((a and b)) or kind not in ('x',) or late > days(3.0)", "here")))
        a and b or kind not in ["x"] or late > days(3)
    """
    return _text(expression, _CHOOSE)


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


def _text(expression: Expression, place: int) -> str:
    text, binds = _WRITERS[type(expression)](expression)
    return f"({text})" if binds < place else text


def _constant(constant: Constant) -> tuple[str, int]:
    value = constant.value
    if isinstance(value, date):
        return f'date("{value.isoformat()}")', _ATOM
    if isinstance(value, str):
        # As JSON quotes it, which Python reads as well; what repr escapes differs between versions of Python.
        return json.dumps(value, ensure_ascii=False), _ATOM
    text = repr(_literal(value) if isinstance(value, Fraction) else value)
    if not constant.unit:
        return text, _SIGN if text[0] == "-" else _ATOM
    if constant.unit in TIMES:
        return f"{constant.unit}s({text})", _ATOM
    return f"quantity({text}, {json.dumps(constant.unit, ensure_ascii=False)})", _ATOM


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


def _list(items: tuple[Constant, ...]) -> str:
    return f"[{', '.join(_constant(item)[0] for item in items)}]"


def _not(one: Not) -> tuple[str, int]:
    if isinstance(one.of, In):
        return f"{_text(one.of.item, _SUM)} not in {_list(one.of.of)}", _COMPARE
    return f"not {_text(one.of, _NOT)}", _NOT


def _joined(word: str, parts: tuple[Expression, ...], place: int) -> tuple[str, int]:
    # A conjunction in a conjunction keeps its brackets: it is another tree.
    return f" {word} ".join(_text(part, place + 1) for part in parts), place


def _pair(one: Compare | Arithmetic) -> tuple[str, int]:
    place = _COMPARE if isinstance(one, Compare) else _SUM if one.op in "+-" else _PRODUCT
    left = place + 1 if isinstance(one, Compare) else place
    return f"{_text(one.left, left)} {one.op} {_text(one.right, place + 1)}", place


def _choose(one: Choose) -> tuple[str, int]:
    then, condition = _text(one.then, _OR), _text(one.condition, _OR)
    return f"{then} if {condition} else {_text(one.otherwise, _CHOOSE)}", _CHOOSE


def _negative(one: Negative) -> tuple[str, int]:
    # A sign before a literal is part of the literal, and this one is not.
    text = _text(one.of, _SIGN)
    return f"-({text})" if isinstance(one.of, Constant) else f"-{text}", _SIGN


_WRITERS: dict[type, Callable[[Any], tuple[str, int]]] = {
    Constant: _constant,
    Name: lambda one: (one.name, _ATOM),
    Not: _not,
    All: lambda one: _joined("and", one.of, _AND),
    AnyOf: lambda one: _joined("or", one.of, _OR),
    Compare: _pair,
    In: lambda one: (f"{_text(one.item, _SUM)} in {_list(one.of)}", _COMPARE),
    Arithmetic: _pair,
    Negative: _negative,
    Call: lambda one: (f"{one.function}({', '.join(_text(part, _CHOOSE) for part in one.arguments)})", _ATOM),
    Choose: _choose,
}
