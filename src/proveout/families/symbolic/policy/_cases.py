"""Cases decided by plain evaluation: the second opinion on whatever the prover finds."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy._compile import Compiler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families.symbolic.policy._expressions import Expression
    from proveout.families.symbolic.policy._model import Policy, Rule

    Case = Mapping[str, Any]

__all__ = ["CONTRADICTION", "NONE", "UNKNOWN", "Cases", "Outcome", "by_priority", "overriders"]

# Outcomes that are no decision: two of the highest disagree; no rule is active; facts are missing.
CONTRADICTION = "(contradiction)"
NONE = "(none)"
UNKNOWN = "(unknown)"


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
    """What a case comes to, and by which rules."""

    decision: str
    rules: tuple[str, ...]


class Cases:
    """Decides cases; one with facts missing as far as Kleene's three-valued logic goes.

    Args:
        policy: whose rules are compiled once.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> late = Rule(id="late", when=parse_expression("days > 30", "late"), then="refuse")
        >>> days = Fact(name="days", type="duration")
        >>> cases = Cases(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=(late,)))
        >>> cases.outcome({"days": 31}), cases.outcome({"days": 3}), cases.outcome({})
        ('refuse', '(none)', '(unknown)')
    """

    def __init__(self, policy: Policy) -> None:
        self._compiler = Compiler(policy)
        rules = {rule.id: rule for rule in policy.rules}
        above = overriders(policy)
        self._fires = [(name, self._compiler.compile(rules[name].when), others) for name, others in above.items()]
        self._levels = [[(rule.id, rule.then) for rule in level] for _, level in by_priority(policy.rules)]
        self._unknown = dict.fromkeys(fact.name for fact in policy.facts)

    def firing(self, case: Case) -> dict[str, bool | None]:
        """For each rule whether its condition holds; None while that is unknown."""
        values = {**self._unknown, **case}
        return {name: fires(values) for name, fires, _ in self._fires}

    def active(self, case: Case) -> dict[str, bool | None]:
        """For each rule whether it fires and is not switched off; None while that is unknown."""
        values = {**self._unknown, **case}
        active: dict[str, bool | None] = {}
        for name, fires, above in self._fires:
            state = fires(values)
            for other in above:
                if state is False or active[other]:
                    state = False
                elif active[other] is None:
                    state = None
            active[name] = state
        return active

    def decide(self, case: Case) -> Outcome:
        """The outcome, and the active rules of the highest priority."""
        active = self.active(case)
        waiting: set[str] = set()
        for level in self._levels:
            top = [(name, then) for name, then in level if active[name]]
            maybe = {then for name, then in level if active[name] is None}
            if top:
                return Outcome(_of(top, maybe, waiting), tuple(name for name, _ in top))
            waiting |= maybe
        return Outcome(UNKNOWN if waiting else NONE, ())

    def outcome(self, case: Case) -> str:
        """The decision, `CONTRADICTION`, `NONE` or `UNKNOWN`."""
        return self.decide(case).decision

    def holds(self, expression: Expression, case: Case) -> bool:
        """Whether an expression holds in a case, for certain."""
        return bool(self._compiler.compile(expression)({**self._unknown, **case}))


def _of(top: Sequence[tuple[str, str]], maybe: set[str], waiting: set[str]) -> str:
    sure = {then for _, then in top}
    if len(sure) > 1 and not waiting:
        return CONTRADICTION
    thens = sure | maybe | waiting
    return thens.pop() if len(thens) == 1 else UNKNOWN
