"""Deciding a case by a policy, with a proof."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy._compile import Compiler
from proveout.families.symbolic.policy._dump import policy_hash
from proveout.families.symbolic.policy._explicit import explicit
from proveout.families.symbolic.policy._facts import FactReader, Facts
from proveout.families.symbolic.policy._index import build_index
from proveout.families.symbolic.policy._proof import Coded, Prover
from proveout.families.symbolic.policy._steps import Step, Steps
from proveout.families.symbolic.policy._valid import override_order, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from proveout.families.symbolic.policy._compile import Values
    from proveout.families.symbolic.policy._model import Policy, Rule
    from proveout.families.symbolic.policy._types import Typer

__all__ = ["Evaluator", "Status", "Verdict"]

Status = Literal["decided", "undetermined", "conflict", "uncovered"]


class Verdict(msgspec.Struct, frozen=True):
    """What a policy says of a case.

    Attributes:
        status: ``decided``; ``undetermined`` while facts are missing; ``conflict`` where two rules of the highest
            priority disagree; ``uncovered`` where no rule is active.
        decision: of the policy; of an undetermined case its ``undetermined``; else "".
        rule: id of the deciding rule, the first of a conflict; else "".
        missing: unknown facts whose value could still matter, in the order in which to ask for them.
        proof: JSON for `check_policy`; empty when none was asked for.
    """

    status: Status
    decision: str
    rule: str
    missing: tuple[str, ...]
    proof: dict[str, Any]


class _Outcome(msgspec.Struct, frozen=True):
    """The ranks that matter: of the deciding rule (-1 for none), of one that contradicts it, of those still open."""

    status: Status
    winner: int = -1
    rival: int = -1
    waiting: tuple[int, ...] = ()


class Evaluator:
    """Decides cases by one policy, which is compiled once.

    Rules are looked at from the highest priority down, and only until one is active that nothing can outrank. A rule
    that is open does not matter while it decides the same as the rule that would decide without it.

    Args:
        policy: it is validated.
        on: the day of the case, for rules with ``starts`` or ``ends``.

    Raises:
        PolicyInvalid: the policy is not valid, or has dated rules and no day is given.

    Example:
        >>> from proveout.families.symbolic.policy import parse_policy
        >>> policy = parse_policy('''
        ... {version: 1, name: shop, decisions: [yes, no],
        ...  facts: [{name: late, type: duration, unit: day}, {name: gold, type: boolean}],
        ...  rules: [{id: late, if: late > days(30), then: no, priority: 1},
        ...          {id: gold, if: gold and late <= 60, then: yes, overrides: [late]},
        ...          {id: usual, if: true, then: yes}]}''')
        >>> verdict = Evaluator(policy).decide({"late": 40})
        >>> verdict.status, verdict.missing
        ('undetermined', ('gold',))
        >>> verdict = Evaluator(policy).decide({"late": "6 weeks", "gold": False})
        >>> verdict.decision, verdict.rule, verdict.proof["fails"][0]["since"]["text"]
        ('no', 'late', 'gold')
    """

    def __init__(self, policy: Policy, on: date | None = None) -> None:
        typer = validate(policy)
        if on is None and any(rule.starts or rule.ends for rule in policy.rules):
            fix = "say for which day: Evaluator(policy, on=day)"
            raise PolicyInvalid("no day given", why="rules of it begin or end some day", fix=fix, about=policy.name)
        self._head = {"name": policy.name, "version": policy.version, "hash": policy.hash or policy_hash(policy)}
        self._day = {"day": on.isoformat()} if on is not None else {}
        self._undetermined = policy.undetermined
        in_force = explicit(policy if on is None else policy.in_force(on), typer)
        self._reader = FactReader(policy)
        self._rules = _coded(in_force, typer)
        self._index = build_index([rule.when for rule in _ranked(in_force.rules)], policy.facts)
        self._priorities = [rule.priority for rule in self._rules]

    def normalise(self, given: Mapping[str, Any]) -> Facts:
        """As the function `normalise`, with the policy's facts prepared once.

        Raises:
            FactInvalid: a fact is unknown, or its value is not of its type, unit or range.
        """
        return self._reader.read(given)

    def decide(self, facts: Facts | Mapping[str, Any], *, prove: bool = True) -> Verdict:
        """The verdict on a case.

        Args:
            facts: of the policy, or JSON values for `normalise`.
            prove: whether to make the proof as well.

        Raises:
            FactInvalid: as `normalise`.
        """
        known = facts if isinstance(facts, Facts) else self._reader.read(facts)
        states: dict[int, bool | None] = {}
        active = partial(_active, self._rules, known.values, states)
        outcome = self._settle(known.values, states)
        missing: list[str] = []
        waiting: list[dict[str, Any]] = []
        prover = Prover(self._rules, known, active) if prove or outcome.waiting else None
        if prover is not None and outcome.waiting:
            waiting, missing = prover.waiting(outcome.waiting)
        rule = self._rules[outcome.winner] if outcome.status in {"decided", "conflict"} else None
        decision = rule.then if rule is not None and outcome.status == "decided" else ""
        if outcome.status == "undetermined":
            decision = self._undetermined
        proof: dict[str, Any] = {}
        if prove and prover is not None:
            proof = self._proof(outcome, prover, decision) | (
                {"waiting": waiting, "missing": missing} if waiting else {}
            )
        return Verdict(outcome.status, decision, rule.id if rule is not None else "", tuple(missing), proof)

    def _settle(self, values: Values, states: dict[int, bool | None]) -> _Outcome:
        rules, priorities = self._rules, self._priorities
        winner = rival = -1
        then, lowest = "", 0
        waiting: list[int] = []
        for rank in self._index.find(values):
            if winner >= 0 and priorities[rank] < lowest:
                break
            rule = rules[rank]
            state = _active(rules, values, states, rank) if rule.above else rule.fires(values)
            if state is False:
                continue
            if state is None:
                waiting.append(rank)
            elif winner < 0:
                winner, then, lowest = rank, rule.then, rule.priority
            elif rival < 0 and rule.then != then:
                rival = rank
        if winner < 0:
            return _Outcome("undetermined", waiting=tuple(waiting)) if waiting else _Outcome("uncovered")
        if rival >= 0:
            blocking = tuple(rank for rank in waiting if priorities[rank] > lowest)
            return _Outcome("undetermined" if blocking else "conflict", winner, rival, blocking)
        blocking = tuple(rank for rank in waiting if rules[rank].then != then)
        return _Outcome("undetermined" if blocking else "decided", winner, waiting=blocking)

    def _proof(self, outcome: _Outcome, prover: Prover, decision: str) -> dict[str, Any]:
        if outcome.status == "decided":
            winner = self._rules[outcome.winner]
            prover.holds(outcome.winner)
            prover.fail(rank for rank in self._down_to(winner.priority) if self._rules[rank].then != winner.then)
        elif outcome.status == "conflict":
            prover.holds(outcome.winner, outcome.rival)
            prover.fail(self._down_to(self._rules[outcome.winner].priority + 1))
        elif outcome.status == "uncovered":
            prover.fail(range(len(self._rules)))
        head = {"kind": "policy", "policy": dict(self._head), **self._day, "status": outcome.status}
        return head | {"decision": decision} | prover.parts()

    def _down_to(self, priority: int) -> Sequence[int]:
        """Ranks of the rules of at least that priority."""
        return range(sum(1 for one in self._priorities if one >= priority))


def _active(rules: Sequence[Coded], values: Values, states: dict[int, bool | None], rank: int) -> bool | None:
    """Whether a rule fires and no active rule overrides it."""
    if rank in states:
        return states[rank]
    rule = rules[rank]
    state: bool | None = rule.fires(values)
    for other in rule.above if state is not False else ():
        above = _active(rules, values, states, other)
        if above:
            state = False
            break
        if above is None:
            state = None
    states[rank] = state
    return state


def _ranked(rules: Sequence[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: -rule.priority)


def _conjuncts(step: Step) -> Iterator[Step]:
    """The steps of the parts that must all hold."""
    if step.kind != "all":
        yield step
        return
    for part in step.parts:
        yield from _conjuncts(part)


def _coded(policy: Policy, typer: Typer) -> list[Coded]:
    steps = Steps(policy, Compiler(policy, typer))
    ranked = _ranked(policy.rules)
    ranks = {rule.id: rank for rank, rule in enumerate(ranked)}
    above = override_order(policy.rules)
    found = []
    for rule in ranked:
        step = steps.of(rule.when)
        cites: dict[str, Any] = {}
        if rule.cites is not None:
            cites["cites"] = {"document": rule.cites.document, "section": rule.cites.section}
        head = {"rule": rule.id, "then": rule.then, "priority": rule.priority, **cites}
        found.append(
            Coded(
                id=rule.id,
                then=rule.then,
                priority=rule.priority,
                fires=step.value,
                above=tuple(sorted(ranks[other] for other in above.get(rule.id, ()))),
                step=step,
                conjuncts=tuple(_conjuncts(step)),
                head=tuple(head.items()),
            )
        )
    return found
