"""Types and units of expressions, checked when a policy is read."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import msgspec

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
from proveout.families.symbolic.policy._units import ONE, Unit, unit_of
from proveout.families.symbolic.policy._unparse import expression_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from proveout.families.symbolic.policy._model import Definition, Fact

__all__ = ["Kind", "Typer", "common_unit", "near"]

DAY = unit_of("day")
MOST_DEFINITIONS_DEEP = 40


class Kind(msgspec.Struct, frozen=True, gc=False):
    """What an expression gives.

    Attributes:
        name: a quantity is a number, with its unit.
        unit: of a quantity.
        bare: a quantity of literals without a unit, which takes the unit of the other side.
        mixed: computed from several units, so that a bare number beside it could mean any of them.
        values: of an enum.
    """

    name: Literal["boolean", "quantity", "date", "enum", "text"]
    unit: Unit = ONE
    bare: bool = False
    mixed: bool = False
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.name != "quantity":
            return f"a {self.name}" if self.name != "enum" else "an enum"
        return "a plain number" if not self.unit.powers else f"a quantity in {self.unit.name}"


BOOLEAN, DATE, BARE = Kind("boolean"), Kind("date"), Kind("quantity", bare=True)


def near(word: str, known: Iterable[str]) -> str:
    """The beginning of an instruction: the nearest known word, if there is one, and then the known ones.

    Example:
        >>> near("prise", ["price", "photo"])
        "did you mean 'price'? Known: photo, price"
    """
    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    shown = ", ".join(names[:30]) + (", …" if len(names) > 30 else "")  # noqa: PLR2004  as many as fit a few lines
    return f"did you mean {close[0]!r}? Known: {shown}" if close else f"use one of: {shown or 'nothing is declared'}"


def common_unit(kinds: Sequence[Kind]) -> Unit:
    """The unit in which these are computed together: the finest."""
    units = [kind.unit for kind in kinds if not kind.bare]
    return min(units, key=lambda unit: unit.scale) if len(units) > 1 else units[0] if units else ONE


class Typer:
    """Finds the kind of each expression, and refuses those that mean nothing.

    Args:
        facts: of the policy.
        definitions: of the policy.
        place: makes of ``definition NAME`` what errors say of where it stands.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, parse_expression
        >>> typer = Typer([Fact(name="late", type="duration", unit="day")], [])
        >>> str(typer.kind(parse_expression("late * 2", "here"), "here"))
        'a quantity in day'
    """

    def __init__(
        self, facts: Sequence[Fact], definitions: Sequence[Definition], place: Callable[[str], str] = str
    ) -> None:
        self._place = place
        self._facts = {fact.name: fact_kind(fact) for fact in facts}
        self._definitions = {definition.name: definition for definition in definitions}
        self._known: dict[str, Kind] = {}
        # By the place of an expression, which is kept with its kind so that the place stays its own.
        self._kinds: dict[int, tuple[Expression, Kind]] = {}
        self._open: list[str] = []
        self._readers: dict[type, Callable[[Any, str], Kind]] = {
            Constant: self._constant,
            Name: self._name,
            Not: lambda node, about: self._booleans([node.of], about),
            All: lambda node, about: self._booleans(node.of, about),
            AnyOf: lambda node, about: self._booleans(node.of, about),
            Compare: self._compare,
            In: self._in,
            Arithmetic: self._arithmetic,
            Negative: lambda node, about: self._same([node.of], about),
            Call: lambda node, about: self._same(node.arguments, about),
            Choose: self._choose,
        }

    def kind(self, expression: Expression, about: str) -> Kind:
        """The kind of ``expression``; ``about`` says in errors where it stands.

        Raises:
            PolicyInvalid: it names something unknown, compares or computes what does not belong together, or a
                definition means itself.
        """
        known = self._kinds.get(id(expression))
        if known is not None:
            return known[1]
        kind = self._readers[type(expression)](expression, about)
        self._kinds[id(expression)] = expression, kind
        return kind

    def boolean(self, expression: Expression, about: str) -> None:
        """Refuse what is no condition.

        Raises:
            PolicyInvalid: as `kind`, or it gives no boolean.
        """
        self._booleans([expression], about)

    def _wrong(self, why: str, fix: str, about: str) -> PolicyInvalid:
        return PolicyInvalid("an expression that means nothing", why=why, fix=fix, about=about)

    def _constant(self, node: Constant, about: str) -> Kind:
        if isinstance(node.value, bool):
            return BOOLEAN
        if isinstance(node.value, str):
            if any("\ud800" <= letter <= "\udfff" for letter in node.value):
                raise self._wrong("a text holds half of a surrogate pair", "write the whole character", about)
            return Kind("text", values=(node.value,))
        if isinstance(node.value, date):
            return DATE
        if not node.unit:
            return BARE
        return Kind("quantity", self._unit(node.unit, about))

    def _unit(self, text: str, about: str) -> Unit:
        try:
            return unit_of(text)
        except ValueError as error:
            raise self._wrong(str(error), "write a unit as day, USD or USD/day", about) from error

    def _name(self, node: Name, about: str) -> Kind:
        if node.name in self._facts:
            return self._facts[node.name]
        if node.name not in self._definitions:
            known = [*self._facts, *self._definitions]
            raise self._wrong(f"{node.name!r} is neither a fact nor a definition", near(node.name, known), about)
        if node.name not in self._known:
            self._known[node.name] = self._defined(node.name, about)
        return self._known[node.name]

    def _defined(self, name: str, about: str) -> Kind:
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise self._wrong(f"definitions go in a circle: {circle}", "define one of them by facts alone", about)
        if len(self._open) >= MOST_DEFINITIONS_DEEP:
            why = f"definitions build on each other more than {MOST_DEFINITIONS_DEEP} deep"
            raise self._wrong(why, "write some of them out", about)
        self._open.append(name)
        try:
            return self.kind(self._definitions[name].means, self._place(f"definition {name}"))
        finally:
            self._open.pop()

    def _booleans(self, parts: Sequence[Expression], about: str) -> Kind:
        for part in parts:
            kind = self.kind(part, about)
            if kind.name != "boolean":
                why = f"{_short(part)} is {kind}, and a condition is needed"
                raise self._wrong(why, "compare it with something", about)
        return BOOLEAN

    def _compare(self, node: Compare, about: str) -> Kind:
        kind = self._alike([node.left, node.right], about)
        if node.op not in {"==", "!="} and kind.name not in {"quantity", "date"}:
            why = f"{_short(node)} orders what has no order: {kind}"
            raise self._wrong(why, "compare it with == or !=", about)
        return BOOLEAN

    def _in(self, node: In, about: str) -> Kind:
        for literal in node.of:
            self._alike([node.item, literal], about)
        return BOOLEAN

    def _choose(self, node: Choose, about: str) -> Kind:
        self._booleans([node.condition], about)
        return self._alike([node.then, node.otherwise], about)

    def _same(self, parts: Sequence[Expression], about: str) -> Kind:
        """min, max, abs and the sign: of quantities, and min and max of dates."""
        kind = self._alike(parts, about)
        if kind.name != "quantity" and (kind.name != "date" or len(parts) == 1):
            raise self._wrong(f"{_short(parts[0])} is {kind}, and a number is needed", "use a number", about)
        return kind

    def _alike(self, parts: Sequence[Expression], about: str) -> Kind:
        """The kind that these have in common."""
        kinds = [self.kind(part, about) for part in parts]
        first = kinds[0]
        for part, kind in zip(parts[1:], kinds[1:], strict=True):
            if {kind.name, first.name} <= {"enum", "text"}:
                self._texts((parts[0], first), (part, kind), about)
            elif kind.name != first.name:
                why = f"{_short(parts[0])} is {first}, and {_short(part)} is {kind}"
                raise self._wrong(why, _advice(first, kind), about)
        if first.name != "quantity":
            return first if first.name != "text" else kinds[-1]
        return self._quantity(parts, kinds, about)

    def _quantity(self, parts: Sequence[Expression], kinds: Sequence[Kind], about: str) -> Kind:
        with_unit = [(part, kind) for part, kind in zip(parts, kinds, strict=True) if not kind.bare]
        for part, kind in with_unit[1:]:
            if kind.unit.powers != with_unit[0][1].unit.powers:
                why = f"{_short(with_unit[0][0])} is {with_unit[0][1]}, and {_short(part)} is {kind}"
                raise self._wrong(why, _advice(with_unit[0][1], kind), about)
        first = with_unit[0][1].unit.scale if with_unit else 1
        mixed = any(kind.mixed or kind.unit.scale != first for _, kind in with_unit)
        bare = next((part for part, kind in zip(parts, kinds, strict=True) if kind.bare), None)
        if mixed and bare is not None and with_unit:
            why = f"{_short(bare)} has no unit, and stands beside several"
            raise self._wrong(why, "write it with its unit, as days(30)", about)
        return Kind("quantity", common_unit(kinds), bare=not with_unit, mixed=mixed)

    def _texts(self, left: tuple[Expression, Kind], right: tuple[Expression, Kind], about: str) -> None:
        for (_, enum), (part, kind) in ((left, right), (right, left)):
            if enum.name == "enum" and kind.values and not set(kind.values) & set(enum.values):
                why = f"{_short(part)} is none of its values"
                raise self._wrong(why, near(kind.values[0], enum.values), about)

    def _arithmetic(self, node: Arithmetic, about: str) -> Kind:
        left, right = self.kind(node.left, about), self.kind(node.right, about)
        if "date" in {left.name, right.name}:
            return self._dates(node, left, right, about)
        for part, kind in ((node.left, left), (node.right, right)):
            if kind.name != "quantity":
                raise self._wrong(f"{_short(part)} is {kind}, and a number is needed", "use a number", about)
        if node.op in {"+", "-"}:
            return self._alike([node.left, node.right], about)
        unit = left.unit.times(right.unit, 1 if node.op == "*" else -1)
        # A quotient of hours and days is a plain number, so that it is given as one.
        mixed = bool(unit.powers) and (left.mixed or right.mixed)
        return Kind("quantity", unit if unit.powers else ONE, bare=left.bare and right.bare, mixed=mixed)

    def _dates(self, node: Arithmetic, left: Kind, right: Kind, about: str) -> Kind:
        if node.op == "-" and left.name == right.name == "date":
            return Kind("quantity", DAY)
        other = right if left.name == "date" else left
        fits = node.op == "+" or (node.op == "-" and left.name == "date")
        if fits and other.name == "quantity" and not other.bare and other.unit.powers == DAY.powers:
            return DATE
        fix = "add or subtract days() or weeks(): a month has no fixed number of days, and a bare number no unit"
        raise self._wrong(f"{_short(node)}: {left} {node.op} {right}", fix, about)


def fact_kind(fact: Fact) -> Kind:
    """The kind of a fact.

    Raises:
        PolicyInvalid: its unit is not written like one.
    """
    if fact.type == "enum":
        return Kind("enum", values=fact.values)
    if fact.type in {"boolean", "date", "text"}:
        return {"boolean": BOOLEAN, "date": DATE, "text": Kind("text")}[fact.type]
    try:
        return Kind("quantity", unit_of(fact.unit))
    except ValueError as error:
        fix = "write a unit as day, USD or USD/day"
        raise PolicyInvalid("no unit", why=str(error), fix=fix, about=f"fact {fact.name}") from error


def _advice(left: Kind, right: Kind) -> str:
    if "date" in {left.name, right.name}:
        return 'write a date as date("2026-01-31") and a span of time as days(30)'
    if left.name == right.name == "quantity":
        return "convert one of them; days and months, and two currencies, have no fixed rate"
    return "compare two values of one type"


def _short(expression: Expression) -> str:
    text = expression_text(expression)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004  what fits a line beside the rest
