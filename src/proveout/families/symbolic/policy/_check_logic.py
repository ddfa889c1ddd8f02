"""The logic of the checkers' interpreter: on Python's own values, or on formulas of z3."""

from __future__ import annotations

import operator
from importlib import import_module
from typing import Any

__all__ = ["Logic", "SolverLogic"]

_APPLY: dict[str, Any] = {
    "Eq": operator.eq, "NotEq": operator.ne, "Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt,
    "GtE": operator.ge, "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
}  # fmt: skip


class Logic:
    """Kleene's logic on Python's own values; None is what has no value, as a quotient by zero."""

    def both(self, parts: list[Any]) -> Any:
        """Conjunction."""
        return False if False in parts else None if None in parts else True

    def either(self, parts: list[Any]) -> Any:
        """Disjunction."""
        return True if True in parts else None if None in parts else False

    def no(self, of: Any) -> Any:
        """Negation."""
        return None if of is None else not of

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """One of two values."""
        return None if condition is None else then if condition else otherwise

    def apply(self, operation: str, left: Any, right: Any) -> Any:
        """A comparison or arithmetic."""
        if left is None or right is None or (operation == "Div" and right == 0):
            return None
        return _APPLY[operation](left, right)

    def literal(self, value: Any) -> Any:
        """A truth value or an exact number."""
        return value


class SolverLogic(Logic):
    """The same on formulas of z3, for domains too large to go through."""

    def __init__(self) -> None:
        self.z3 = import_module("z3")

    def both(self, parts: list[Any]) -> Any:
        """Conjunction."""
        return self.z3.And(self.literal(value=True), *parts)

    def either(self, parts: list[Any]) -> Any:
        """Disjunction."""
        return self.z3.Or(self.literal(value=False), *parts)

    def no(self, of: Any) -> Any:
        """Negation."""
        return self.z3.Not(of)

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """One of two values."""
        return self.z3.If(condition, then, otherwise)

    def apply(self, operation: str, left: Any, right: Any) -> Any:
        """A comparison or arithmetic."""
        return _APPLY[operation](left, right)

    def literal(self, value: Any) -> Any:
        """A truth value or an exact number."""
        return self.z3.BoolVal(value) if isinstance(value, bool) else self.z3.RealVal(str(value))
