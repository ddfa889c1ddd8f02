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
    "Total",
    "evaluated",
    "events",
    "expanded",
    "term",
    "terms_of",
    "value_of",
    "written_out",
    "written_terms",
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


class Total(msgspec.Struct, frozen=True):
    """Formulas added up: a sum that is written out."""

    parts: tuple[Any, ...]

    def __str__(self) -> str:
        return " + ".join(str(one) for one in self.parts)


Expression = Term | Product | Difference | Ratio | Sum | Total


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
    return tuple([(name, letters.get(value, value) if isinstance(value, str) else value) for name, value in of])


def _settled(one: Term, letters: Mapping[str, int]) -> Term:
    of, given = _filled(one.of, letters), _filled(one.given, letters)
    return Term(of, given, one.do, one.had, one.mediators, one.as_if)


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
    return evaluated(written_out(formula, domains, letters), probability)


def evaluated(formula: Expression, probability: Callable[[Term], Any]) -> Any:
    """The value of a formula that is written out, as `value_of`."""
    if isinstance(formula, Term):
        return probability(formula)
    if isinstance(formula, Product):
        result: Any = 1
        for factor in formula.factors:
            result = result * evaluated(factor, probability)
        return result
    if isinstance(formula, Total):
        first, *rest = [evaluated(one, probability) for one in formula.parts]
        return sum(rest, first)
    if isinstance(formula, Difference):
        return evaluated(formula.left, probability) - evaluated(formula.right, probability)
    if isinstance(formula, Ratio):
        return evaluated(formula.over, probability) / evaluated(formula.under, probability)
    return evaluated(written_out(formula), probability)


def written_out(
    formula: Expression, domains: Mapping[str, Iterable[int]] | None = None, letters: Mapping[str, int] | None = None
) -> Expression:
    """A formula with its sums written out and all letters filled; one without sums and letters is itself.

    Example:
        >>> print(written_out(Sum(("Z",), term({"Z": "Z"}))))
        P(Z=0) + P(Z=1)
    """
    if isinstance(formula, Term):
        return _settled(formula, letters) if letters else formula
    if isinstance(formula, Sum):
        spaces = [(domains or {}).get(name, (0, 1)) for name in formula.over]
        settings = [dict(zip(formula.over, values, strict=True)) for values in product(*spaces)]
        return Total(tuple([written_out(formula.body, domains, {**(letters or {}), **one}) for one in settings]))
    if isinstance(formula, Product):
        return Product(tuple([written_out(one, domains, letters) for one in formula.factors]))
    if isinstance(formula, Total):
        return Total(tuple([written_out(one, domains, letters) for one in formula.parts]))
    if isinstance(formula, Difference):
        return Difference(written_out(formula.left, domains, letters), written_out(formula.right, domains, letters))
    return Ratio(written_out(formula.over, domains, letters), written_out(formula.under, domains, letters))


def terms_of(formula: Expression) -> tuple[Term, ...]:
    """The terms of a formula with sums written out, in order of first use; values are 0 and 1."""
    return written_terms(written_out(formula))


def written_terms(formula: Expression) -> tuple[Term, ...]:
    """The terms of a formula that is written out, in order of first use."""
    if isinstance(formula, Term):
        return (formula,)
    found: dict[Term, None] = {}
    noted = _Noted()

    def note(one: Term) -> _Noted:
        found[one] = None
        return noted

    evaluated(formula, note)
    return tuple(found)


class _Noted:
    """A number that survives any arithmetic, to walk a formula with."""

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


def expanded(formula: Expression) -> str:
    """A formula with its sums written out, as text.

    Example:
        >>> expanded(Sum(("Z",), Product((term({"Y": 1}, {"Z": "Z"}), term({"Z": "Z"})))))
        'P(Y=1 | Z=0) * P(Z=0) + P(Y=1 | Z=1) * P(Z=1)'
    """
    found = evaluated(written_out(formula), lambda one: _Text(str(one)))
    return str(found.text) if isinstance(found, _Text) else str(found)
