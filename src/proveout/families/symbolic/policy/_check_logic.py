"""The logic of the checkers' interpreter: on Python's own values, or on formulas of z3."""

from __future__ import annotations

import operator
from importlib import import_module
from typing import Any, NamedTuple

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

    def surely(self, of: Any) -> Any:
        """That it holds, where it may be unknown."""
        return of is True

    def maybe(self, of: Any) -> Any:
        """That it does not fail."""
        return of is not False

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


class _Partial(NamedTuple):
    """A formula or a number of z3, and when it has a value at all."""

    value: Any
    defined: Any


class SolverLogic(Logic):
    """The same on formulas of z3, for domains too large to go through."""

    def __init__(self) -> None:
        self.z3 = import_module("z3")

    def both(self, parts: list[Any]) -> Any:
        """Conjunction."""
        if not any(isinstance(part, _Partial) for part in parts):
            return self.z3.And(self.literal(value=True), *parts)
        holds = self.z3.And([self.surely(part) for part in parts])
        return _Partial(holds, self.z3.Or([holds, *(self.surely(self.no(part)) for part in parts)]))

    def either(self, parts: list[Any]) -> Any:
        """Disjunction."""
        if not any(isinstance(part, _Partial) for part in parts):
            return self.z3.Or(self.literal(value=False), *parts)
        return self.no(self.both([self.no(part) for part in parts]))

    def no(self, of: Any) -> Any:
        """Negation."""
        return _Partial(self.z3.Not(of.value), of.defined) if isinstance(of, _Partial) else self.z3.Not(of)

    def surely(self, of: Any) -> Any:
        """That it holds, where it may be unknown."""
        return self.z3.And(of.value, of.defined) if isinstance(of, _Partial) else of

    def maybe(self, of: Any) -> Any:
        """That it does not fail."""
        return self.z3.Or(of.value, self.z3.Not(of.defined)) if isinstance(of, _Partial) else of

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """One of two values."""
        (test, known), (one, has_one), (other, has_other) = map(self._split, (condition, then, otherwise))
        value = self.z3.If(test, one, other)
        if not any(isinstance(part, _Partial) for part in (condition, then, otherwise)):
            return value
        return _Partial(value, self.z3.And(known, self.z3.If(test, has_one, has_other)))

    def apply(self, operation: str, left: Any, right: Any) -> Any:
        """A comparison or arithmetic."""
        (one, has_one), (other, has_other) = self._split(left), self._split(right)
        value = _APPLY[operation](one, other)
        if operation == "Div":
            has_other = self.z3.And(has_other, other != 0)
        elif not isinstance(left, _Partial) and not isinstance(right, _Partial):
            return value
        return _Partial(value, self.z3.And(has_one, has_other))

    def _split(self, of: Any) -> tuple[Any, Any]:
        return of if isinstance(of, _Partial) else (of, self.literal(value=True))

    def literal(self, value: Any) -> Any:
        """A truth value or an exact number."""
        return self.z3.BoolVal(value) if isinstance(value, bool) else self.z3.RealVal(str(value))
