"""Probability terms and the formulas made of them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Difference",
    "Expression",
    "Product",
    "Ratio",
    "Sum",
    "Term",
    "events",
    "expanded",
    "term",
    "terms_of",
    "value_of",
]

# A value, or the name of the variable whose value a sum runs over.
Value = int | str
Events = tuple[tuple[str, Value], ...]


class Term(msgspec.Struct, frozen=True):
    """A probability: P(of | given) after setting ``do``, or had ``had`` been so.

    With ``mediators``, those take the values that they would have had under ``as_if`` (a nested counterfactual).

    Example:
        >>> print(Term((("Y", 1),), given=(("X", 0),)))
        P(Y=1 | X=0)
        >>> print(Term((("Y", 1),), do=(("X", 1),)), Term((("Y", 1),), given=(("X", 1),), had=(("X", 0),)))
        P(Y=1 | do(X=1)) P(Y[X=0]=1 | X=1)
    """

    of: Events
    given: Events = ()
    do: Events = ()
    had: Events = ()
    mediators: tuple[str, ...] = ()
    as_if: Events = ()

    def __str__(self) -> str:
        inner = [_listed(self.had)] if self.had else []
        inner += [f"{name}[{_listed(self.as_if)}]" for name in self.mediators]
        world = f"[{', '.join(inner)}]" if inner else ""
        of = _listed(tuple((f"{name}{world}", value) for name, value in self.of))
        after = [f"do({_listed(self.do)})"] if self.do else []
        after += [_listed(self.given)] if self.given else []
        return f"P({of}{' | ' if after else ''}{', '.join(after)})"


class Product(msgspec.Struct, frozen=True):
    """Factors multiplied; none make 1."""

    factors: tuple[Any, ...]

    def __str__(self) -> str:
        return " ".join(f"({f})" if isinstance(f, Difference) else str(f) for f in self.factors) or "1"


class Difference(msgspec.Struct, frozen=True):
    """One formula less another."""

    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{self.left} - {self.right}"


class Ratio(msgspec.Struct, frozen=True):
    """One formula divided by another."""

    over: Any
    under: Any

    def __str__(self) -> str:
        return f"[{self.over}] / [{self.under}]"


class Sum(msgspec.Struct, frozen=True):
    """A formula summed over the values of variables; inside, a value that is a variable's name stands for it."""

    over: tuple[str, ...]
    body: Any

    def __str__(self) -> str:
        return f"sum over {', '.join(f'{name}={name.lower()}' for name in self.over)} of [{self.body}]"


Expression = Term | Product | Difference | Ratio | Sum


def _listed(of: Events) -> str:
    return ", ".join(f"{name}={value.lower() if isinstance(value, str) else value}" for name, value in of)


def events(values: Mapping[str, Value]) -> Events:
    """Events of a term, sorted by name."""
    return tuple(sorted(values.items()))


def term(of: Mapping[str, Value], given: Mapping[str, Value] | None = None) -> Term:
    """P(of | given).

    Example:
        >>> print(term({"Y": 1}, {"X": 0}))
        P(Y=1 | X=0)
    """
    return Term(events(of), events(given or {}))


def _filled(of: Events, letters: Mapping[str, int]) -> Events:
    return tuple((name, letters.get(value, value) if isinstance(value, str) else value) for name, value in of)


def value_of(
    formula: Expression,
    probability: Callable[[Term], Any],
    domains: Mapping[str, Iterable[int]] | None = None,
    letters: Mapping[str, int] | None = None,
) -> Any:
    """The value of a formula, given the value of each term; any numbers with the four operations will do.

    Args:
        formula: what to compute.
        probability: the number of a term whose letters are all filled.
        domains: values of each variable that a sum runs over; 0 and 1 when absent.
        letters: values of letters, for the inside of a sum.

    Raises:
        ZeroDivisionError: a ratio with nothing below the line.

    Example:
        >>> value_of(Sum(("Z",), term({"Z": "Z"})), lambda one: dict(one.of)["Z"] + 1)
        3
    """
    known = letters or {}
    if isinstance(formula, Term):
        return probability(
            msgspec.structs.replace(formula, of=_filled(formula.of, known), given=_filled(formula.given, known))
        )
    if isinstance(formula, Sum):
        spaces = [(domains or {}).get(name, (0, 1)) for name in formula.over]
        settings = [dict(zip(formula.over, values, strict=True)) for values in product(*spaces)]
        found = [value_of(formula.body, probability, domains, {**known, **setting}) for setting in settings]
        return sum(found[1:], found[0])
    if isinstance(formula, Product):
        result: Any = 1
        for factor in formula.factors:
            result = result * value_of(factor, probability, domains, known)
        return result
    if isinstance(formula, Difference):
        return value_of(formula.left, probability, domains, known) - value_of(
            formula.right, probability, domains, known
        )
    return value_of(formula.over, probability, domains, known) / value_of(formula.under, probability, domains, known)


def terms_of(formula: Expression) -> tuple[Term, ...]:
    """The terms of a formula with sums written out, in order of first use; values are 0 and 1."""
    found: dict[Term, None] = {}

    def note(one: Term) -> float:
        found[one] = None
        return 1.0

    value_of(formula, lambda one: _Noted(note(one)))
    return tuple(found)


class _Noted:
    """A number that survives any arithmetic, to walk a formula with."""

    def __init__(self, _: float) -> None:
        pass

    def _same(self, _: object) -> _Noted:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same


class _Text:
    """A number that is a text, to write a formula out with."""

    def __init__(self, text: str, *, sums: bool = False) -> None:
        self.text, self.sums = text, sums

    def _factor(self) -> str:
        return f"({self.text})" if self.sums else self.text

    def __add__(self, other: Any) -> _Text:
        return _Text(f"{self.text} + {other.text}", sums=True)

    def __rmul__(self, other: int) -> _Text:
        return self

    def __mul__(self, other: Any) -> _Text:
        return _Text(f"{self._factor()} * {other._factor()}")

    def __sub__(self, other: Any) -> _Text:
        return _Text(f"{self.text} - {other._factor()}", sums=True)

    def __rsub__(self, other: int) -> _Text:
        return _Text(f"{other} - {self._factor()}", sums=True)

    def __truediv__(self, other: Any) -> _Text:
        return _Text(f"({self.text}) / ({other.text})")


def expanded(formula: Expression, write: Callable[[Term], str] = str) -> str:
    """A formula with its sums written out.

    Example:
        >>> expanded(Sum(("Z",), Product((term({"Y": 1}, {"Z": "Z"}), term({"Z": "Z"})))))
        'P(Y=1 | Z=0) * P(Z=0) + P(Y=1 | Z=1) * P(Z=1)'
    """
    found = value_of(formula, lambda one: _Text(write(one)))
    return str(found.text) if isinstance(found, _Text) else str(found)
