"""What must hold of a policy as a whole before it may decide."""

from __future__ import annotations

import keyword
import unicodedata
from collections import Counter
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy._expressions import Name
from proveout.families.symbolic.policy._types import Typer, fact_kind, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proveout.families.symbolic.policy._model import Fact, Policy, Rule, Scalar

__all__ = ["override_order", "validate"]

QUANTITIES = {"number", "money", "duration"}
WORDS = {"min", "max", "abs", "date", "quantity", "seconds", "minutes", "hours", "days", "weeks", "months", "years"}
MOST_OVERRIDES_DEEP = 100


class _Place(NamedTuple):
    """Where an error is, for its message."""

    where: str
    lines: Mapping[str, int]

    def of(self, name: str) -> str:
        line = self.lines.get(name, 0)
        return f"{self.where}:{line}: {name}" if line else f"{self.where}: {name}"

    def wrong(self, name: str, what: str, why: str, fix: str) -> NoReturn:
        raise PolicyInvalid(what, why=why, fix=fix, about=self.of(name))


def validate(policy: Policy, where: str = "policy", lines: Mapping[str, int] | None = None) -> Typer:
    """Check names, types, units, ranges, defaults, decisions and overrides; what knows the types by then is returned.

    Args:
        policy: to check.
        where: its file, for errors.
        lines: of ``fact NAME``, ``definition NAME`` and ``rule ID``.

    Raises:
        PolicyInvalid: the first thing that is wrong.

    Example:
        >>> from proveout.families.symbolic.policy import Policy, parse_expression
        >>> str(validate(Policy(name="p", version=1, decisions=("yes",))).kind(parse_expression("1 > 2", ""), ""))
        'a boolean'
    """
    place = _Place(where, lines or {})
    _names(policy, place)
    for fact in policy.facts:
        _fact(fact, place)
    typer = Typer(policy.facts, policy.definitions, place.of)
    for definition in policy.definitions:
        typer.kind(Name(definition.name), place.where)
    if policy.undetermined:
        _decision(policy.undetermined, policy, "undetermined", place)
    for rule in policy.rules:
        _rule(rule, policy, typer, place)
    override_order(policy.rules, where)
    return typer


def override_order(rules: Iterable[Rule], where: str = "policy") -> dict[str, tuple[str, ...]]:
    """For each rule that is overridden, the rules that override it; overrides of unknown rules mean nothing.

    Raises:
        PolicyInvalid: they go in a circle, or more than 100 deep.

    Example:
        >>> from proveout.families.symbolic.policy import Rule, parse_expression
        >>> yes = parse_expression("True", "here")
        >>> override_order([Rule(id="a", when=yes, then="x"), Rule(id="b", when=yes, then="y", overrides=("a",))])
        {'a': ('b',)}
    """
    rules = list(rules)
    known = {rule.id for rule in rules}
    above: dict[str, list[str]] = {}
    for rule in rules:
        for other in rule.overrides:
            if other in known:
                above.setdefault(other, []).append(rule.id)
    try:
        order = list(TopologicalSorter(above).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        fix = "take one of these overrides away"
        raise PolicyInvalid("rules override each other in a circle", why=circle, fix=fix, about=where) from error
    depth: dict[str, int] = {}
    for rule_id in order:
        depth[rule_id] = 1 + max((depth[other] for other in above.get(rule_id, [])), default=0)
    if max(depth.values(), default=0) > MOST_OVERRIDES_DEEP:
        why = f"a chain of overrides is more than {MOST_OVERRIDES_DEEP} long"
        raise PolicyInvalid("too many overrides", why=why, fix="use priorities", about=where)
    return {rule_id: tuple(others) for rule_id, others in above.items()}


def _names(policy: Policy, place: _Place) -> None:
    names = [("fact", fact.name) for fact in policy.facts]
    names += [("definition", definition.name) for definition in policy.definitions]
    for noun, name in names:
        plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
        if not plain or keyword.iskeyword(name) or name in WORDS:
            fix = "use letters, digits and underscores, and no word of the language"
            place.wrong(f"{noun} {name}", "not a name", f"{name[:60]!r} cannot stand in an expression", fix)
    counts = Counter(name for _, name in names)
    for noun, name in names:
        if counts[name] > 1:
            place.wrong(f"{noun} {name}", "two of one name", f"{name!r} stands for two things", "rename one of them")
    rules = Counter(rule.id for rule in policy.rules)
    for rule in policy.rules:
        if rules[rule.id] > 1:
            place.wrong(f"rule {rule.id}", "two rules of one id", f"{rule.id!r} is there twice", "rename one of them")
        if not rule.id.isprintable():
            place.wrong(f"rule {rule.id!r}", "not an id", "it holds control characters", "use printable characters")


def _fact(fact: Fact, place: _Place) -> None:
    name = f"fact {fact.name}"
    kind = fact_kind(fact)
    if (fact.type == "enum") != bool(fact.values):
        why = f"it is of type {fact.type} and has {len(fact.values)} values"
        place.wrong(name, "wrong values", why, "give an enum its values, and values to an enum only")
    if fact.type in {"money", "duration"} and not fact.unit:
        place.wrong(name, "no unit", f"a {fact.type} has one", "add unit: USD, or unit: day")
    if fact.type == "duration" and kind.unit.powers not in {(("second", 1),), (("month", 1),)}:
        fix = "use second, minute, hour, day, week, month or year"
        place.wrong(name, "wrong unit", f"{fact.unit!r} is no unit of time", fix)
    if fact.type not in QUANTITIES and (fact.unit or fact.step is not None):
        why = f"a {fact.type} has neither unit nor step"
        place.wrong(name, "a unit or step too many", why, "take it away, or make it a number")
    _range(fact, place, name)
    _default(fact, place, name)


def _range(fact: Fact, place: _Place, name: str) -> None:
    ends = [end for end in (fact.low, fact.high) if end is not None]
    if ends and fact.type not in QUANTITIES | {"date"}:
        place.wrong(name, "a range too many", f"a {fact.type} has no range", "take it away")
    if len(ends) == 2 and ends[0] > ends[1]:  # type: ignore[operator]  # noqa: PLR2004  both ends of one type
        why = f"it goes from {fact.low} to {fact.high}"
        place.wrong(name, "an empty range", why, "write [smallest, largest]")


def _default(fact: Fact, place: _Place, name: str) -> None:
    if fact.world == "open":
        if fact.default is not None:
            why = "an open fact that nobody states is unknown"
            place.wrong(name, "a default too many", why, "write world: closed, or take the default away")
        return
    if fact.default is None:
        why = "a closed fact that nobody states has its default"
        place.wrong(name, "no default", why, "add default: ..., or write world: open")
    if fact.type == "enum" and fact.default not in fact.values:
        fix = near(str(fact.default), fact.values)
        place.wrong(name, "wrong default", f"{fact.default!r} is none of its values", fix)
    if _outside(fact, fact.default):
        fix = "choose a default within range and step"
        place.wrong(name, "wrong default", f"{fact.default} is not in its range, or no multiple of its step", fix)


def _outside(fact: Fact, value: Scalar) -> bool:
    below = fact.low is not None and value < fact.low  # type: ignore[operator]  # both of the fact's type
    above = fact.high is not None and value > fact.high  # type: ignore[operator]  # both of the fact's type
    odd = fact.step is not None and isinstance(value, int | Fraction) and value % fact.step != 0
    return below or above or odd


def _rule(rule: Rule, policy: Policy, typer: Typer, place: _Place) -> None:
    name = f"rule {rule.id}"
    typer.boolean(rule.when, place.of(name))
    _decision(rule.then, policy, name, place)
    if rule.starts is not None and rule.ends is not None and rule.starts > rule.ends:
        place.wrong(name, "an empty time", f"it starts {rule.starts} and ends {rule.ends}", "exchange the two")


def _decision(decision: str, policy: Policy, name: str, place: _Place) -> None:
    if decision not in policy.decisions:
        why = f"{decision[:60]!r} is none of the policy's decisions"
        place.wrong(name, "unknown decision", why, near(decision, policy.decisions))
