"""Complete cases decided by plain evaluation: the second opinion on whatever the prover finds."""

from __future__ import annotations

import operator
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

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
from proveout.families.symbolic.policy._plain import Plainer, plain_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from proveout.families.symbolic.policy._model import Policy, Rule

    Case = Mapping[str, Any]
    Compiled = Callable[[Case], Any]

__all__ = ["CONTRADICTION", "NONE", "Cases", "by_priority", "overriders"]

# Outcomes that are no decision: two of the highest disagree, and no rule is active.
CONTRADICTION = "(contradiction)"
NONE = "(none)"

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def overriders(policy: Policy) -> dict[str, tuple[str, ...]]:
    """For each rule, the rules that may switch it off; a rule stands after all of these.

    Raises:
        PolicyInvalid: rules override each other in a circle.
    """
    known = {rule.id for rule in policy.rules}
    above: dict[str, list[str]] = {rule.id: [] for rule in policy.rules}
    for rule in policy.rules:
        for overridden in rule.overrides:
            if overridden in known:
                above[overridden].append(rule.id)
    try:
        order = list(TopologicalSorter(above).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        fix = "take one of these overrides away"
        raise PolicyInvalid("rules override each other", why=circle, fix=fix, about=policy.name) from error
    return {name: tuple(above[name]) for name in order}


def by_priority(rules: Sequence[Rule]) -> Iterator[tuple[int, list[Rule]]]:
    """The rules of each priority, highest first."""
    for priority, level in groupby(sorted(rules, key=lambda rule: -rule.priority), key=lambda rule: rule.priority):
        yield priority, list(level)


class Outcome(NamedTuple):
    """What a complete case comes to, and by which rules."""

    decision: str
    rules: tuple[str, ...]


class Cases:
    """Decides complete cases.

    Args:
        policy: whose rules and definitions are compiled once.

    Example:
        >>> from msgspec.structs import replace
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> late = Rule(id="late", when=parse_expression("days > 30", "late"), then="refuse")
        >>> policy = Policy(name="p", version=1, decisions=("refuse",), facts=(Fact(name="days", type="duration"),))
        >>> Cases(replace(policy, rules=(late,))).outcome({"days": 31})
        'refuse'
    """

    def __init__(self, policy: Policy) -> None:
        plainer = Plainer(policy.facts, policy.definitions)
        compiler = _Compiler(plainer, {definition.name for definition in policy.definitions})
        self._plainer, self._compiler = plainer, compiler
        self._above = overriders(policy)
        rules = {rule.id: rule for rule in policy.rules}
        self._fires = [
            (name, compiler.compile(plainer.plain(rules[name].when)), above) for name, above in self._above.items()
        ]
        self._levels = [[(rule.id, rule.then) for rule in level] for _, level in by_priority(policy.rules)]

    def active(self, case: Case) -> set[str]:
        """The rules that fire and are not switched off."""
        values = plain_values(case)
        active: set[str] = set()
        for name, fires, above in self._fires:
            if fires(values) and not any(other in active for other in above):
                active.add(name)
        return active

    def decide(self, case: Case) -> Outcome:
        """The decision and the active rules of the highest priority."""
        active = self.active(case)
        for level in self._levels:
            top = [(name, then) for name, then in level if name in active]
            if top:
                thens = {then for _, then in top}
                return Outcome(thens.pop() if len(thens) == 1 else CONTRADICTION, tuple(name for name, _ in top))
        return Outcome(NONE, ())

    def outcome(self, case: Case) -> str:
        """The decision, `CONTRADICTION` or `NONE`."""
        return self.decide(case).decision

    def holds(self, expression: Expression, case: Case) -> bool:
        """Whether an expression holds in a case."""
        return bool(self._compiler.compile(self._plainer.plain(expression))(plain_values(case)))


class _Compiler:
    """Turns a plain expression into nested functions."""

    def __init__(self, plainer: Plainer, definitions: set[str]) -> None:
        self._plainer = plainer
        self._definitions = definitions
        self._compiled: dict[str, Compiled] = {}
        self._writers: dict[type, Callable[[Any], Compiled]] = {
            Constant: self._constant,
            Name: self._name,
            Not: self._not,
            All: self._all,
            AnyOf: self._any,
            Compare: self._pair,
            Arithmetic: self._arithmetic,
            In: self._in,
            Negative: self._negative,
            Call: self._call,
            Choose: self._choose,
        }

    def compile(self, expression: Expression) -> Compiled:
        return self._writers[type(expression)](expression)

    def _constant(self, node: Constant) -> Compiled:
        value = node.value
        return lambda _: value

    def _name(self, node: Name) -> Compiled:
        if node.name in self._definitions:
            if node.name not in self._compiled:
                self._compiled[node.name] = self.compile(self._plainer.definition(node.name))
            return self._compiled[node.name]
        return operator.itemgetter(node.name)

    def _not(self, node: Not) -> Compiled:
        of = self.compile(node.of)
        return lambda case: not of(case)

    def _all(self, node: All) -> Compiled:
        parts = [self.compile(part) for part in node.of]
        return lambda case: all(part(case) for part in parts)

    def _any(self, node: AnyOf) -> Compiled:
        parts = [self.compile(part) for part in node.of]
        return lambda case: any(part(case) for part in parts)

    def _pair(self, node: Compare | Arithmetic) -> Compiled:
        apply, left, right = _OPERATORS[node.op], self.compile(node.left), self.compile(node.right)
        return lambda case: apply(left(case), right(case))

    def _arithmetic(self, node: Arithmetic) -> Compiled:
        if node.op != "/":
            return self._pair(node)
        left, right = self.compile(node.left), self.compile(node.right)
        return lambda case: Fraction(left(case)) / right(case)

    def _in(self, node: In) -> Compiled:
        item, values = self.compile(node.item), [literal.value for literal in node.of]
        return lambda case: item(case) in values

    def _negative(self, node: Negative) -> Compiled:
        of = self.compile(node.of)
        return lambda case: -of(case)

    def _call(self, node: Call) -> Compiled:
        arguments = [self.compile(argument) for argument in node.arguments]
        if node.function == "abs":
            return lambda case: abs(arguments[0](case))
        best = {"min": min, "max": max}[node.function]
        return lambda case: best(argument(case) for argument in arguments)

    def _choose(self, node: Choose) -> Compiled:
        condition, then, otherwise = (self.compile(part) for part in (node.condition, node.then, node.otherwise))
        return lambda case: then(case) if condition(case) else otherwise(case)
