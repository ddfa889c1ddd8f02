"""Which cases two versions of a policy decide differently, or a proof that there are none."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.families.symbolic.policy._cases import Cases
from proveout.families.symbolic.policy._cells import is_numeric, value_of
from proveout.families.symbolic.policy._model import Scalar
from proveout.families.symbolic.policy._monotone import Range
from proveout.families.symbolic.policy._reasoner import Given, Reasoner, TooComplexError
from proveout.families.symbolic.policy._unparse import expression_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.symbolic.policy._model import Fact, Policy, Rule
    from proveout.families.symbolic.policy._z3 import Budget

__all__ = ["Difference", "PolicyDiff", "RuleChange", "diff"]


class Difference(msgspec.Struct, frozen=True):
    """Cases that are decided one way by the old version and another way by the new one.

    Attributes:
        old: outcome of the old version: a decision, ``(contradiction)`` or ``(none)``.
        new: outcome of the new version.
        witness: the simplest such case, complete.
        old_rules: that decide it in the old version.
        new_rules: that decide it in the new version.
        region: for the facts that matter, the values around the witness that all differ so: listed, or a range.
        all: whether the region holds every case that differs so.
    """

    old: str
    new: str
    witness: dict[str, Scalar]
    old_rules: tuple[str, ...]
    new_rules: tuple[str, ...]
    region: dict[str, tuple[Scalar, ...] | Range]
    all: bool


class RuleChange(msgspec.Struct, frozen=True):
    """A rule that was added, removed or written differently; ``fields`` gives what it was and what it is."""

    rule: str
    change: Literal["added", "removed", "changed"]
    fields: dict[str, tuple[str, str]] = {}


class PolicyDiff(msgspec.Struct, frozen=True):
    """What a new version changes.

    Attributes:
        alike: proved: every case is decided alike.
        differences: one for each pair of outcomes; proved to be all pairs unless ``too_complex``.
        too_complex: pairs of outcomes that the budget did not settle.
        facts_added: in the new version alone; the old one does not look at them.
        facts_removed: in the old version alone.
        facts_changed: whose values, range, step, world or default are others; cases that both allow are compared.
        rules: as written.
    """

    alike: bool
    differences: tuple[Difference, ...]
    too_complex: tuple[tuple[str, str], ...]
    facts_added: tuple[str, ...]
    facts_removed: tuple[str, ...]
    facts_changed: tuple[str, ...]
    rules: tuple[RuleChange, ...]


def diff(old: Policy, new: Policy, budget: Budget | None = None) -> PolicyDiff:
    """Compare two versions of a policy over all complete cases that both allow.

    Args:
        old: a version.
        new: another one.
        budget: of each question to the prover.

    Raises:
        PolicyInvalid: a fact has different types or units in them.

    Example:
        >>> from msgspec.structs import replace
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> days = Fact(name="days", type="duration", low=0, high=365, step=1)
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse"),)
        >>> old = Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules)
        >>> new = replace(old, rules=(replace(rules[0], when=parse_expression("days > 14", "")),))
        >>> found = diff(old, new).differences[0]
        >>> found.old, found.new, found.witness, found.region["days"].low, found.region["days"].high, found.all
        ('(none)', 'refuse', {'days': 15}, 15, 30, True)
    """
    reasoner = Reasoner(old, budget, beside=new)
    search = _Search(reasoner, Cases(old), Cases(new))
    found: list[Difference] = []
    unsettled: list[tuple[str, str]] = []
    for pair in product(reasoner.formulas.outcomes, reasoner.beside.outcomes):
        if pair[0] == pair[1]:
            continue
        try:
            difference = search.difference(*pair)
        except TooComplexError:
            unsettled.append(pair)
            continue
        if difference is not None:
            found.append(difference)
    olds, news = ({fact.name: fact for fact in policy.facts} for policy in (old, new))
    return PolicyDiff(
        alike=not found and not unsettled,
        differences=tuple(found),
        too_complex=tuple(unsettled),
        facts_added=tuple(name for name in news if name not in olds),
        facts_removed=tuple(name for name in olds if name not in news),
        facts_changed=tuple(name for name in olds if name in news and _means(olds[name]) != _means(news[name])),
        rules=_rules(old.rules, new.rules),
    )


def _means(fact: Fact) -> tuple[Any, ...]:
    return fact.values, fact.low, fact.high, fact.step, fact.world, fact.default


class _Search:
    def __init__(self, reasoner: Reasoner, old: Cases, new: Cases) -> None:
        self._reasoner, self._old, self._new = reasoner, old, new

    def difference(self, old: str, new: str) -> Difference | None:
        reasoner = self._reasoner
        sides = [
            reasoner.name(f"old {old}", reasoner.formulas.outcomes[old]),
            reasoner.name(f"new {new}", reasoner.beside.outcomes[new]),
        ]
        holds = lambda case: self._old.outcome(case) == old and self._new.outcome(case) == new  # noqa: E731  used once
        case = reasoner.simplest(sides, Given({}, {}, (), (), {}), holds)
        if case is None:
            return None
        allowed = self._region(case, sides)
        inside = [self._inside(name, numbers) for name, numbers in allowed.items()]
        outside = reasoner.no(reasoner.space.z3.And([reasoner.space.truth, *inside]))
        return Difference(
            old,
            new,
            case,
            self._old.decide(case).rules,
            self._new.decide(case).rules,
            {name: self._shown(name, numbers, case) for name, numbers in allowed.items()},
            all=not reasoner.possible([*sides, outside]),
        )

    def _region(self, case: Mapping[str, Scalar], sides: Sequence[Any]) -> dict[str, list[int]]:
        """Of the facts that matter, the numbers of the cells around the case in which everything differs likewise.

        For a fact that is not compared with literals alone, no number: then its very value matters.
        """
        reasoner = self._reasoner
        given = Given({}, {}, (), (), {})
        literals = {name: reasoner.literal(name, value, given) for name, value in case.items()}
        otherwise = reasoner.no(reasoner.space.z3.And(list(sides)))
        matter = reasoner.responsible(literals, [otherwise]) or ()
        allowed = {name: self._cell(name, case[name]) for name in matter}
        formulas = {name: literals[name] for name in matter}
        for name, numbers in allowed.items():
            for number in self._around(name, numbers):
                wider = self._inside(name, [*numbers, number])
                others = [formula for other, formula in formulas.items() if other != name]
                adjacent = not is_numeric(reasoner.space.facts[name]) or {number - 1, number + 1} & set(numbers)
                if adjacent and not reasoner.possible([*others, wider, otherwise]):
                    numbers.append(number)
                    formulas[name] = wider
        self._values = {name: literals[name] for name in matter}
        return {name: sorted(numbers) for name, numbers in allowed.items()}

    def _cell(self, name: str, value: Scalar) -> list[int]:
        cells = self._reasoner.cells[name]
        return [cells.number_of(self._reasoner.space.facts[name], value)] if cells.exact else []

    def _around(self, name: str, numbers: Sequence[int]) -> list[int]:
        if not numbers:
            return []
        first, count = numbers[0], len(self._reasoner.cells[name].cells)
        if not is_numeric(self._reasoner.space.facts[name]):
            return [number for number in range(count) if number != first]
        return [*range(first + 1, count), *range(first - 1, -1, -1)]

    def _inside(self, name: str, numbers: Sequence[int]) -> Any:
        reasoner = self._reasoner
        if not numbers:
            return self._values[name]
        return reasoner.space.z3.Or([reasoner.space.inside(name, reasoner.cells[name], number) for number in numbers])

    def _shown(self, name: str, numbers: Sequence[int], case: Mapping[str, Scalar]) -> tuple[Scalar, ...] | Range:
        fact, cells = self._reasoner.space.facts[name], self._reasoner.cells[name].cells
        if not numbers:
            return (case[name],)
        if not is_numeric(fact):
            return tuple(cells[number].sample for number in numbers)
        first, last = cells[numbers[0]], cells[numbers[-1]]
        low, high = (None if end is None else value_of(fact, end) for end in (first.low, last.high))
        return Range(low, high, first.open_low, last.open_high)


def _rules(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[RuleChange, ...]:
    olds, news = {rule.id: rule for rule in old}, {rule.id: rule for rule in new}
    changes = [RuleChange(name, "removed") for name in olds if name not in news]
    for name, rule in news.items():
        if name not in olds:
            changes.append(RuleChange(name, "added"))
            continue
        before, after = _written(olds[name]), _written(rule)
        fields = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
        if fields:
            changes.append(RuleChange(name, "changed", fields))
    return tuple(changes)


def _written(rule: Rule) -> dict[str, str]:
    return {
        "if": expression_text(rule.when),
        "then": rule.then,
        "priority": str(rule.priority),
        "overrides": ", ".join(rule.overrides),
        "cites": f"{rule.cites.document} {rule.cites.section}".strip() if rule.cites else "",
        "starts": str(rule.starts or ""),
        "ends": str(rule.ends or ""),
    }
