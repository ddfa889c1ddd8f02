"""Thresholds: the cells of a fact's values that a policy cannot tell apart."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy._expressions import Compare, Constant, Expression, In, Name
from proveout.families.symbolic.policy._plain import Plainer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import msgspec

    from proveout.families.symbolic.policy._model import Fact, Policy, Scalar

__all__ = ["Cell", "Cells", "bounds", "code_of", "find_cells", "is_numeric", "parts_of", "step_of", "value_of"]

Code = bool | int | Fraction | str
_NUMERIC = frozenset({"number", "money", "date", "duration"})
_LISTED = frozenset({"boolean", "enum"})
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
# Of a comparison with c: whether something changes just below c, and just above it.
_CUTS = {"<": (False,), ">=": (False,), "<=": (True,), ">": (True,), "==": (False, True), "!=": (False, True)}


def is_numeric(fact: Fact) -> bool:
    """Whether its values have an order."""
    return fact.type in _NUMERIC


def step_of(fact: Fact) -> Fraction | None:
    """What its values are multiples of; dates are days."""
    return Fraction(1) if fact.type == "date" else fact.step


def code_of(fact: Fact, value: Scalar) -> Code | None:
    """A value as the prover counts it: in steps of the fact; None when the fact cannot have that value.

    Raises:
        FactInvalid: the value is not of the fact's type.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> code_of(Fact(name="price", type="money", step=Fraction(1, 100), low=1), Fraction("2.5"))
        250
    """
    wanted: Any = {"boolean": bool, "date": date, "enum": str, "text": str}.get(fact.type, int | Fraction)
    if not isinstance(value, wanted) or (isinstance(value, bool) and fact.type != "boolean"):
        fix = f"give a value of type {fact.type}"
        raise FactInvalid("a fact has another type", why=f"{value!r}", fix=fix, about=f"fact {fact.name}")
    if isinstance(value, bool | str):
        return None if fact.type == "enum" and value not in fact.values else value
    number = Fraction(value.toordinal() if isinstance(value, date) else value)
    step = step_of(fact)
    code = number / step if step else number
    low, high = bounds(fact)
    inside = (low is None or code >= low) and (high is None or code <= high)
    if not inside or (step and code.denominator != 1):
        return None
    return code.numerator if step else code


def value_of(fact: Fact, code: Code) -> Scalar:
    """The value that a code stands for.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> value_of(Fact(name="price", type="money", step=Fraction(1, 100)), 250)
        Fraction(5, 2)
    """
    if isinstance(code, bool | str):
        return code
    if fact.type == "date":
        return date.fromordinal(int(code))
    number = Fraction(code) * (step_of(fact) or 1)
    return number.numerator if number.denominator == 1 else number


def bounds(fact: Fact) -> tuple[int | Fraction | None, int | Fraction | None]:
    """The lowest and highest code, None where there is no limit.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> bounds(Fact(name="days", type="duration", low=0, step=Fraction(1)))
        (0, None)
    """
    if fact.type == "date":
        low, high = cast("date", fact.low or date.min), cast("date", fact.high or date.max)
        return low.toordinal(), high.toordinal()
    step = step_of(fact)
    low_code, high_code = (
        None if end is None else Fraction(cast("int", end)) / (step or 1) for end in (fact.low, fact.high)
    )
    if not step:
        return low_code, high_code
    return None if low_code is None else ceil(low_code), None if high_code is None else floor(high_code)


class Cell(NamedTuple):
    """Values between two thresholds: all of them are treated alike.

    ``low`` and ``high`` are codes, inclusive unless ``open_low`` or ``open_high``; None without a limit, or where the
    fact's values have no order. ``sample`` is one of its values.
    """

    sample: Scalar
    low: int | Fraction | None = None
    high: int | Fraction | None = None
    open_low: bool = False
    open_high: bool = False


class Cells(NamedTuple):
    """The cells of one fact; ``exact`` when the policy compares it with literals alone, and cannot see into a cell."""

    cells: tuple[Cell, ...]
    exact: bool

    def number_of(self, fact: Fact, value: Scalar) -> int:
        """Which cell a value is in, that the fact may have."""
        if not is_numeric(fact):
            known = [cell.sample for cell in self.cells]
            return known.index(value) if value in known else len(known) - 1
        code = cast("Fraction", code_of(fact, value))
        return next(
            number
            for number, cell in enumerate(self.cells)
            if cell.high is None or code < cell.high or (code == cell.high and not cell.open_high)
        )


def find_cells(*policies: Policy, facts: Sequence[Fact] = ()) -> dict[str, Cells]:
    """The cells of every fact, by all thresholds of the policies; ``facts`` stands in for their own where given.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> late = Rule(id="late", when=parse_expression("days > 30", "late"), then="refuse")
        >>> days = Fact(name="days", type="duration", low=0, high=365, step=Fraction(1))
        >>> policy = Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=(late,))
        >>> [(cell.low, cell.high) for cell in find_cells(policy)["days"].cells]
        [(0, 30), (31, 365)]
    """
    found = _Literals()
    for policy in policies:
        plainer = Plainer(policy.facts, policy.definitions)
        for definition in policy.definitions:
            found.read(plainer.definition(definition.name))
        for rule in policy.rules:
            found.read(plainer.plain(rule.when))
    declared = facts or [fact for policy in policies for fact in policy.facts]
    return {fact.name: _cells(fact, found) for fact in declared}


class _Literals:
    """What each name is compared with."""

    def __init__(self) -> None:
        self.cuts: dict[str, set[tuple[Fraction, bool]]] = {}
        self.texts: dict[str, set[str]] = {}
        self.inexact: set[str] = set()

    def read(self, node: Expression) -> None:
        if isinstance(node, Compare) and self._compare(node):
            return
        if isinstance(node, In) and isinstance(node.item, Name):
            for literal in node.of:
                self._literal(node.item.name, "==", literal)
            return
        if isinstance(node, Name):
            self.inexact.add(node.name)
        for part in parts_of(node):
            self.read(part)

    def _compare(self, node: Compare) -> bool:
        sides = ((node.left, node.right, node.op), (node.right, node.left, _FLIPPED[node.op]))
        for name, literal, op in sides:
            if isinstance(name, Name) and isinstance(literal, Constant):
                self._literal(name.name, op, literal)
                return True
        return False

    def _literal(self, name: str, op: str, literal: Constant) -> None:
        if isinstance(literal.value, str):
            self.texts.setdefault(name, set()).add(literal.value)
        elif not isinstance(literal.value, bool):
            cuts = self.cuts.setdefault(name, set())
            cuts.update((Fraction(cast("int", literal.value)), after) for after in _CUTS[op])


def parts_of(node: Expression) -> Iterator[Expression]:
    """The expressions that an expression is made of."""
    for field in node.__struct_fields__:
        value = getattr(node, field)
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "__struct_fields__"):
                yield cast("Expression", cast("msgspec.Struct", part))


def _cells(fact: Fact, found: _Literals) -> Cells:
    if fact.type in _LISTED:
        return Cells(tuple(Cell(value) for value in (fact.values or (False, True))), exact=True)
    exact = fact.name not in found.inexact
    if fact.type == "text":
        literals = sorted(found.texts.get(fact.name, set()))
        return Cells(tuple(Cell(text) for text in (*literals, other_text(literals))), exact)
    cuts = found.cuts.get(fact.name, set())
    return Cells(tuple(_stepped(fact, cuts) if step_of(fact) else _continuous(fact, cuts)), exact)


def other_text(known: Mapping[str, Any] | list[str]) -> str:
    """A text that is none of the known ones."""
    number = 1
    while f"other text {number}" in known:
        number += 1
    return f"other text {number}"


def _stepped(fact: Fact, cuts: set[tuple[Fraction, bool]]) -> Iterator[Cell]:
    low, high = bounds(fact)
    step = step_of(fact) or Fraction(1)
    starts = sorted({floor(cut / step) + 1 if after else ceil(cut / step) for cut, after in cuts})
    inside = [start for start in starts if (low is None or start > low) and (high is None or start <= high)]
    for first, following in zip([low, *inside], [*inside, None], strict=True):
        last = high if following is None else following - 1
        sample = first if first is not None else 0 if last is None else min(0, last)
        yield Cell(value_of(fact, sample), first, last)


def _continuous(fact: Fact, cuts: set[tuple[Fraction, bool]]) -> Iterator[Cell]:
    low, high = bounds(fact)
    # A limit is a cut too: before the lowest value, and after the highest.
    inside = sorted(
        (cut, after)
        for cut, after in cuts
        if (low is None or (cut, after) > (low, False)) and (high is None or (cut, after) < (high, True))
    )
    first = None if low is None else (Fraction(low), False)
    last = None if high is None else (Fraction(high), True)
    for start, end in zip([first, *inside], [*inside, last], strict=True):
        yield _between(fact, start, end)


def _between(fact: Fact, start: tuple[Fraction, bool] | None, end: tuple[Fraction, bool] | None) -> Cell:
    if start and not start[1]:
        sample = start[0]
    elif end and end[1]:
        sample = end[0]
    elif start and end:
        sample = (start[0] + end[0]) / 2
    else:
        sample = start[0] + 1 if start else end[0] - 1 if end else Fraction(0)
    return Cell(
        value_of(fact, sample),
        start and start[0],
        end and end[0],
        open_low=bool(start and start[1]),
        open_high=bool(end and not end[1]),
    )
