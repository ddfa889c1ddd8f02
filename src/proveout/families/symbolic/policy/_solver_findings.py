"""What is wrong with a policy that only a proof shows: dead rules, contradictions, gaps, rules without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.policy._cases import CONTRADICTION, NONE, overriders
from proveout.families.symbolic.policy._dump import plain_value
from proveout.families.symbolic.policy._findings import Finding
from proveout.families.symbolic.policy._reasoner import TooComplexError, active_rules, outcomes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from proveout.families.symbolic.policy._model import Rule, Scalar
    from proveout.families.symbolic.policy._reasoner import Reasoner

__all__ = ["MOST_CONTRADICTIONS", "solver_findings"]

# Pairs of rules that are named; whoever mends these will ask again.
MOST_CONTRADICTIONS = 50
# Rules up to which each is tried without: the question is about two copies of the whole policy.
MOST_TRIED = 200


def solver_findings(reasoner: Reasoner) -> tuple[Finding, ...]:
    """What the prover finds wrong with a policy, in the order of the policy; of each finding a proof was found.

    Codes: ``dead-rule`` (never fires), ``overridden-rule`` (never active), ``outranked-rule`` (never decides),
    ``contradiction``, ``gap`` (a case that no rule decides), ``constant-definition``, ``redundant-rule`` (the policy
    decides alike without it) and ``too-complex`` (left open within the budget).

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> from proveout.families.symbolic.policy._reasoner import Reasoner
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse"),)
        >>> days = Fact(name="days", type="duration", low=0, step=1)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules))
        >>> [(finding.code, finding.witness) for finding in solver_findings(reasoner)]
        [('gap', {'days': 0})]
    """
    search = _Search(reasoner)
    parts = (search.dead_rules, search.contradictions, search.gaps, search.definitions, search.redundant)
    with reasoner.lock:
        return tuple(finding for part in parts for finding in _within_budget(part))


def _within_budget(part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from part()
    except TooComplexError as error:
        what = f"{part.__name__.replace('_', ' ')} were not settled: {error}"
        fix = "allow a larger budget, or write the conditions with sums instead of products"
        yield Finding("warning", "too-complex", "policy", what, fix)


class _Search:
    def __init__(self, reasoner: Reasoner) -> None:
        self._reasoner, self._policy, self._formulas = reasoner, reasoner.policy, reasoner.formulas
        self._above = overriders(reasoner.policy)
        self._never: set[str] = set()

    def _label(self, kind: str, rule: str) -> Any:
        return self._reasoner.name(f"{kind} {rule}", getattr(self._formulas, kind)[rule])

    def dead_rules(self) -> Iterator[Finding]:
        for rule in self._policy.rules:
            finding = self._dead(rule)
            if finding is not None:
                self._never.add(rule.id)
                yield finding

    def _dead(self, rule: Rule) -> Finding | None:
        possible, where = self._reasoner.possible, f"rule {rule.id}"
        if possible([self._label("deciding", rule.id)]):
            return None
        if not possible([self._label("fires", rule.id)]):
            what = "no case satisfies its condition" + self._why_dead(rule)
            return Finding("warning", "dead-rule", where, what, "correct the condition, or take the rule away")
        if not possible([self._label("active", rule.id)]):
            others = self._instead_of(rule, "fires", self._above[rule.id])
            what = f"whenever it fires, it is overridden by {_listed(others)}"
            return Finding("warning", "overridden-rule", where, what, "narrow the overriding rules, or take it away")
        higher = [other.id for other in self._policy.rules if other.priority > rule.priority]
        what = (
            f"whenever it is active, a rule of higher priority is: {_listed(self._instead_of(rule, 'active', higher))}"
        )
        return Finding("warning", "outranked-rule", where, what, "raise its priority, or take it away")

    def _why_dead(self, rule: Rule) -> str:
        parts = getattr(rule.when, "of", None)
        if not isinstance(parts, tuple) or len(parts) < 2:  # noqa: PLR2004  a part alone explains nothing
            return ""
        formulas = {str(number): self._reasoner.condition(part) for number, part in enumerate(parts, 1)}
        core = self._reasoner.responsible(formulas, [])
        return f": parts {_listed(core)} of it exclude each other" if core else ""

    def _instead_of(self, rule: Rule, kind: str, others: Any) -> tuple[str, ...]:
        """Other rules, one of which is active whenever this one is; none can be left out."""
        inactive = {other: self._reasoner.no(self._label("active", other)) for other in others}
        return self._reasoner.responsible(inactive, [self._label(kind, rule.id)]) or ()

    def contradictions(self) -> Iterator[Finding]:
        reasoner, left = self._reasoner, MOST_CONTRADICTIONS
        pairs: list[Any] = []
        thens = {rule.id: rule.then for rule in self._policy.rules}
        while left:
            left -= 1
            case = reasoner.simplest([reasoner.outcome(CONTRADICTION), *pairs])
            if case is None:
                return
            one, *others = reasoner.cases.decide(case).rules
            other = next(name for name in others if thens[name] != thens[one])
            together = [self._label("deciding", one), self._label("deciding", other)]
            pairs.append(reasoner.no(reasoner.space.z3.And(together)))
            what = f"it and rule {other} are of equal priority, decide {thens[one]} and {thens[other]}, and both apply"
            fix = "give one a higher priority, or let it override the other"
            yield Finding("error", "contradiction", f"rule {one}", what, fix, _json(case))

    def gaps(self) -> Iterator[Finding]:
        case = self._reasoner.simplest([self._reasoner.outcome(NONE)])
        if case is not None:
            fix = "add a rule of lowest priority whose condition is True"
            yield Finding("warning", "gap", "policy", "there are cases that no rule decides", fix, _json(case))

    def definitions(self) -> Iterator[Finding]:
        for name, formula in self._formulas.definitions.items():
            if not self._reasoner.space.z3.is_bool(formula):
                continue
            always = not self._reasoner.possible([self._reasoner.no(formula)])
            if always or not self._reasoner.possible([formula]):
                what = f"it is {'true' if always else 'false'} in every case"
                yield Finding("warning", "constant-definition", f"definition {name}", what, "correct or remove it")

    def redundant(self) -> Iterator[Finding]:
        rules = [rule for rule in self._policy.rules if rule.id not in self._never]
        if len(self._policy.rules) > MOST_TRIED:
            what = f"with more than {MOST_TRIED} rules it was not tried which are needed"
            yield Finding("warning", "too-complex", "policy", what, "split the policy into smaller ones")
            return
        switches, differs = self._switched()
        for rule in rules:
            others = [switch for name, switch in switches.items() if name != rule.id]
            if not self._reasoner.possible([*others, self._reasoner.no(switches[rule.id]), differs]):
                what = "without it, every case is decided as it is with it"
                yield Finding(
                    "warning", "redundant-rule", f"rule {rule.id}", what, "take it away, or say what it is for"
                )

    def _switched(self) -> tuple[dict[str, Any], Any]:
        """A copy of the policy whose rules can be switched off one by one, and that it decides differently."""
        z3, space = self._reasoner.space.z3, self._reasoner.space
        switches = {rule.id: z3.Bool(f"on {rule.id}", space.context) for rule in self._policy.rules}
        fires = {name: z3.And(switches[name], formula) for name, formula in self._formulas.fires.items()}
        may_fire = {name: z3.And(switches[name], formula) for name, formula in self._formulas.may_fire.items()}
        active, maybe = active_rules(self._policy, fires, may_fire, z3)
        outcomes = outcomes_of(self._policy.rules, active, maybe if may_fire else None, z3, space.truth)
        pairs = [
            (self._formulas.outcomes[name], outcomes.get(name, z3.Not(space.truth))) for name in self._formulas.outcomes
        ]
        return switches, self._reasoner.name("differs", z3.Or([z3.Xor(one, other) for one, other in pairs]))


def _listed(names: Any) -> str:
    return " or ".join(names) if names else "others"


def _json(case: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: plain_value(value) for name, value in case.items()}
