"""Expressions of the policy language: parsed to a whitelisted tree, never evaluated as code."""

from __future__ import annotations

import ast
import math
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from proveout.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "All",
    "AnyOf",
    "Arithmetic",
    "Call",
    "Choose",
    "Compare",
    "Constant",
    "Expression",
    "In",
    "Name",
    "Negative",
    "Not",
    "names_in",
    "parse_expression",
]

CompareOp = Literal["==", "!=", "<", "<=", ">", ">="]
ArithmeticOp = Literal["+", "-", "*", "/"]
MOST_CHARACTERS = 10_000
MOST_DEPTH = 60


class Constant(msgspec.Struct, frozen=True, gc=False):
    """A literal: bool, int, Fraction, str or date; ``unit`` where it was written with one, as in ``days(30)``."""

    value: bool | int | Fraction | str | date
    unit: str = ""


class Name(msgspec.Struct, frozen=True, gc=False):
    """A fact or a definition."""

    name: str


class Not(msgspec.Struct, frozen=True, gc=False):
    """Negation."""

    of: Expression


class All(msgspec.Struct, frozen=True, gc=False):
    """Conjunction."""

    of: tuple[Expression, ...]


class AnyOf(msgspec.Struct, frozen=True, gc=False):
    """Disjunction."""

    of: tuple[Expression, ...]


class Compare(msgspec.Struct, frozen=True, gc=False):
    """A comparison of two values; a chain ``a < b < c`` is a conjunction of these."""

    op: CompareOp
    left: Expression
    right: Expression


class In(msgspec.Struct, frozen=True, gc=False):
    """Membership in a list of literals; ``not in`` is a `Not` of it."""

    item: Expression
    of: tuple[Constant, ...]


class Arithmetic(msgspec.Struct, frozen=True, gc=False):
    """Exact arithmetic on numbers, money, durations and dates."""

    op: ArithmeticOp
    left: Expression
    right: Expression


class Negative(msgspec.Struct, frozen=True, gc=False):
    """The number with its sign changed."""

    of: Expression


class Call(msgspec.Struct, frozen=True, gc=False):
    """``min``, ``max`` or ``abs``."""

    function: Literal["min", "max", "abs"]
    arguments: tuple[Expression, ...]


class Choose(msgspec.Struct, frozen=True, gc=False):
    """``then if condition else otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression


Expression = Constant | Name | Not | All | AnyOf | Compare | In | Arithmetic | Negative | Call | Choose

_COMPARES: dict[type[ast.cmpop], CompareOp] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ARITHMETIC: dict[type[ast.operator], ArithmeticOp] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_UNITS = {
    "seconds": "second",
    "minutes": "minute",
    "hours": "hour",
    "days": "day",
    "weeks": "week",
    "months": "month",
    "years": "year",
}
_FUNCTIONS = {"min", "max", "abs"}


def parse_expression(text: str, about: str) -> Expression:
    """Read an expression over names and literals.

    It knows ``and or not == != < <= > >= in``, ``+ - * /``, ``min max abs``, ``x if c else y``, ``date("2026-01-31")``
    and units, as ``days(30)`` or ``quantity(3, "USD/day")``.

    Raises:
        PolicyInvalid: it is not one; ``about`` says where it stands.

    Example:
        >>> parse_expression("price >= 25 and not photo", "rule damage").of[0]
        Compare(op='>=', left=Name(name='price'), right=Constant(value=25, unit=''))
    """
    parser = _Parser(about)
    if len(text) > MOST_CHARACTERS:
        raise parser.invalid(f"it has {len(text):,} characters, and {MOST_CHARACTERS:,} are allowed")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise parser.invalid(f"{why} in {text[:80]!r}") from error
    return parser.read(tree.body, 0)


class _Parser:
    """Turns Python's own tree into ours, and refuses whatever is not listed."""

    def __init__(self, about: str) -> None:
        self._about = about
        self._readers: dict[type[ast.expr], Callable[[ast.expr, int], Expression]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BoolOp: self._bool,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.BinOp: self._binary,
            ast.Call: self._call,
            ast.IfExp: self._choose,
        }

    def invalid(self, why: str) -> PolicyInvalid:
        fix = "write it with facts, literals, and/or/not, comparisons, in, + - * /, min, max, abs, date(), days()"
        return PolicyInvalid("not an expression", why=why, fix=fix, about=self._about)

    def read(self, node: ast.expr, depth: int) -> Expression:
        reader = self._readers.get(type(node))
        if reader is None:
            raise self.invalid(f"{type(node).__name__} is not allowed: {ast.unparse(node)[:80]!r}")
        if depth > MOST_DEPTH:
            raise self.invalid(f"it is nested more than {MOST_DEPTH} deep")
        return reader(node, depth + 1)

    def _constant(self, node: ast.expr, _depth: int) -> Constant:
        value = cast("ast.Constant", node).value
        if isinstance(value, bool | int | str):
            return Constant(value)
        if isinstance(value, float) and math.isfinite(value):
            # The decimal that was written, and not the binary number next to it.
            return Constant(_whole(Fraction(repr(value))))
        raise self.invalid(f"{value!r} is no literal")

    def _name(self, node: ast.expr, _depth: int) -> Name:
        return Name(cast("ast.Name", node).id)

    def _bool(self, node: ast.expr, depth: int) -> Expression:
        node = cast("ast.BoolOp", node)
        parts = tuple(self.read(value, depth) for value in node.values)
        return All(parts) if isinstance(node.op, ast.And) else AnyOf(parts)

    def _unary(self, node: ast.expr, depth: int) -> Expression:
        node = cast("ast.UnaryOp", node)
        of = self.read(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return Not(of)
        if not isinstance(node.op, ast.USub):
            raise self.invalid(f"{type(node.op).__name__} is not allowed")
        if isinstance(of, Constant) and isinstance(of.value, int | Fraction) and not isinstance(of.value, bool):
            return Constant(-of.value, of.unit)
        return Negative(of)

    def _compare(self, node: ast.expr, depth: int) -> Expression:
        node = cast("ast.Compare", node)
        sides = [node.left, *node.comparators]
        parts = [
            self._pair(op, left, right, depth) for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
        ]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _pair(self, op: ast.cmpop, left: ast.expr, right: ast.expr, depth: int) -> Expression:
        if isinstance(op, ast.In | ast.NotIn):
            member = In(self.read(left, depth), self._literals(right, depth))
            return Not(member) if isinstance(op, ast.NotIn) else member
        name = _COMPARES.get(type(op))
        if name is None:
            raise self.invalid(f"{type(op).__name__} is not allowed")
        return Compare(name, self.read(left, depth), self.read(right, depth))

    def _literals(self, node: ast.expr, depth: int) -> tuple[Constant, ...]:
        if not isinstance(node, ast.List | ast.Tuple | ast.Set):
            raise self.invalid("what follows `in` must be a list of literals")
        found = [self.read(item, depth) for item in node.elts]
        literals = tuple(item for item in found if isinstance(item, Constant))
        if len(literals) != len(found) or not literals:
            raise self.invalid("what follows `in` must be a list of literals, and not an empty one")
        return literals

    def _binary(self, node: ast.expr, depth: int) -> Arithmetic:
        node = cast("ast.BinOp", node)
        op = _ARITHMETIC.get(type(node.op))
        if op is None:
            raise self.invalid(f"{type(node.op).__name__} is not allowed")
        return Arithmetic(op, self.read(node.left, depth), self.read(node.right, depth))

    def _choose(self, node: ast.expr, depth: int) -> Choose:
        node = cast("ast.IfExp", node)
        return Choose(self.read(node.test, depth), self.read(node.body, depth), self.read(node.orelse, depth))

    def _call(self, node: ast.expr, depth: int) -> Expression:
        node = cast("ast.Call", node)
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.invalid(f"{ast.unparse(node)[:80]!r} is no call of a known function")
        arguments = tuple(self.read(argument, depth) for argument in node.args)
        name = node.func.id
        if name == "date":
            return self._date(arguments)
        if name in _UNITS:
            return self._with_unit(name, _UNITS[name], arguments)
        if name == "quantity":
            unit = arguments[-1].value if len(arguments) == 2 and isinstance(arguments[-1], Constant) else None  # noqa: PLR2004  a number and its unit
            return self._with_unit(name, unit, arguments[:1])
        if name not in _FUNCTIONS or not arguments or (name == "abs" and len(arguments) != 1):
            raise self.invalid(f"{name}() with {len(arguments)} arguments is no known function")
        return Call(cast("Literal['min', 'max', 'abs']", name), arguments)

    def _date(self, arguments: tuple[Expression, ...]) -> Constant:
        only = arguments[0] if len(arguments) == 1 else None
        if isinstance(only, Constant) and isinstance(only.value, str):
            try:
                return Constant(date.fromisoformat(only.value))
            except ValueError as error:
                raise self.invalid(f"{only.value!r} is no date: {error}") from error
        raise self.invalid('date() takes one text such as "2026-01-31"')

    def _with_unit(self, name: str, unit: object, arguments: tuple[Expression, ...]) -> Constant:
        only = arguments[0] if len(arguments) == 1 else None
        plain = isinstance(only, Constant) and not isinstance(only.value, bool) and not only.unit
        if plain and isinstance(only, Constant) and isinstance(only.value, int | Fraction) and isinstance(unit, str):
            return Constant(only.value, unit)
        raise self.invalid(
            f"{name}() takes one number" if name != "quantity" else "quantity() takes a number and a unit"
        )


def _whole(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def names_in(expression: Expression) -> frozenset[str]:
    """The facts and definitions it mentions.

    Example:
        >>> sorted(names_in(parse_expression("a and (b > 3 or not c)", "here")))
        ['a', 'b', 'c']
    """
    found: set[str] = set()
    todo: list[Any] = [expression]
    while todo:
        node = todo.pop()
        if isinstance(node, Name):
            found.add(node.name)
        elif isinstance(node, tuple):
            todo += node
        elif isinstance(node, msgspec.Struct) and not isinstance(node, Constant):
            todo += (getattr(node, field) for field in node.__struct_fields__)
    return frozenset(found)
