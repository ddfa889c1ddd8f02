"""Verdicts on claims about a case whose facts may be missing."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.families.symbolic.policy._cases import CONTRADICTION, NONE, UNKNOWN
from proveout.families.symbolic.policy._model import Scalar
from proveout.families.symbolic.policy._reasoner import Given, Reasoner, TooComplexError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.families.symbolic.policy._expressions import Expression

__all__ = ["SolverVerdict", "VerdictStatus", "Witness", "decide", "verify"]

VerdictStatus = Literal["valid", "invalid", "underdetermined", "impossible", "too complex"]


class Witness(msgspec.Struct, frozen=True):
    """One complete case.

    Attributes:
        facts: a value for every fact of the policy.
        outcome: what is decided, or ``(contradiction)`` or ``(none)``.
        rules: the rules that decide it.
    """

    facts: dict[str, Scalar]
    outcome: str
    rules: tuple[str, ...] = ()


class SolverVerdict(msgspec.Struct, frozen=True):
    """What the known facts say about a claimed decision.

    The names are those of AWS's Automated Reasoning checks, with ``underdetermined`` for their ``satisfiable``.

    Attributes:
        status: ``valid``: every completion of the facts decides so; ``invalid``: none does; ``underdetermined``: some
            do; ``impossible``: the facts contradict themselves or the ranges of the policy; ``too complex``: the budget
            was spent.
        decision: the claim.
        responsible: facts that suffice for the verdict, and none can be left out as far as the budget tells; of an
            assumption its name.
        assumed: those of the responsible facts that were not stated, and have the default of a closed fact.
        witnesses: of ``underdetermined``: a case that decides as claimed, and one that does not.
        seconds: it took.
    """

    status: VerdictStatus
    decision: str
    responsible: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    seconds: float = 0.0


def verify(
    reasoner: Reasoner,
    claim: str,
    facts: Mapping[str, Scalar | None],
    assumptions: Mapping[str, Expression] | None = None,
) -> SolverVerdict:
    """Whether the facts prove a decision, refute it, or leave it open.

    Args:
        reasoner: with the policy.
        claim: a decision of the policy.
        facts: that are known; closed facts that are not among them have their default; None is unknown.
        assumptions: further conditions, by a name of your choice, as ``{"cheap": price < 25}``.

    Raises:
        FactInvalid: the claim or a fact is not of the policy, or not of its type.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse", priority=1),)
        >>> days = Fact(name="days", type="duration", step=1)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules))
        >>> verdict = verify(reasoner, "refuse", {"days": 31})
        >>> verdict.status, verdict.responsible
        ('valid', ('days',))
    """
    start = perf_counter()
    with reasoner.lock:
        given = reasoner.given(facts, exactly=bool(assumptions))
        further = {name: reasoner.condition(expression) for name, expression in (assumptions or {}).items()}
        try:
            verdict = _Question(reasoner, claim, given, further).verdict()
        except TooComplexError:
            verdict = SolverVerdict("too complex", claim)
    defaults = tuple(name for name in verdict.responsible if name in given.assumed)
    return msgspec.structs.replace(verdict, assumed=defaults, seconds=perf_counter() - start)


class _Question:
    def __init__(self, reasoner: Reasoner, claim: str, given: Given, further: dict[str, Any]) -> None:
        self._reasoner, self._claim, self._given, self._further = reasoner, claim, given, further
        self._decides = reasoner.outcome(claim)
        self._all = {**given.literals, **further}

    def verdict(self) -> SolverVerdict:
        if self._given.impossible:
            return SolverVerdict("impossible", self._claim, self._given.impossible[:1])
        reasoner, decides = self._reasoner, self._decides
        always = reasoner.responsible(self._all, [reasoner.no(decides)], self._flips(decides=False))
        never = None
        if always is None or self._further:
            never = reasoner.responsible(self._all, [decides], self._flips(decides=True))
        if always is None and never is None:
            return SolverVerdict("underdetermined", self._claim, witnesses=self._witnesses())
        if always is not None and never is not None:
            return SolverVerdict("impossible", self._claim, reasoner.responsible(self._all, []) or ())
        return SolverVerdict("invalid" if always is None else "valid", self._claim, always or never or ())

    def _flips(self, *, decides: bool) -> Callable[[str], bool] | None:
        """Whether some other value of one fact alone makes the policy decide as claimed, or otherwise."""
        if self._further:
            return None
        reasoner, claim = self._reasoner, self._claim
        case = {name: next(reasoner.samples(name)) for name in reasoner.space.facts} | self._given.values

        def flips(name: str) -> bool:
            return any(
                (reasoner.cases.outcome({**case, name: value}) == claim) is decides for value in reasoner.samples(name)
            )

        return flips

    def _witnesses(self) -> tuple[Witness, ...]:
        reasoner, claim = self._reasoner, self._claim
        found = []
        for decides in (True, False):
            side = self._decides if decides else reasoner.no(self._decides)
            holds = (
                None
                if self._further
                else lambda case, decides=decides: (reasoner.cases.outcome(case) == claim) is decides
            )
            case = reasoner.simplest([side, *self._further.values()], self._given, holds)
            if case is not None:
                found.append(witness(reasoner, case))
        return tuple(found)


def witness(reasoner: Reasoner, case: Mapping[str, Scalar]) -> Witness:
    """A case with what plain evaluation, and not the prover, says it comes to."""
    outcome = reasoner.cases.decide(case)
    return Witness(dict(case), outcome.decision, outcome.rules)


def decide(reasoner: Reasoner, facts: Mapping[str, Scalar | None]) -> str | None:
    """The decision on which all completions of the facts agree; None while they differ, or where none is made.

    Raises:
        FactInvalid: a fact is not of the policy, or not of its type.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse", priority=1),)
        >>> days = Fact(name="days", type="duration", step=1)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules))
        >>> decide(reasoner, {"days": 31}), decide(reasoner, {})
        ('refuse', None)
    """
    with reasoner.lock:
        given = reasoner.given(facts)
        if given.impossible:
            return None
        literals = list(given.literals.values())
        try:
            # Any one completion names the only decision there can be.
            if not reasoner.possible(literals):
                return None
            decision = reasoner.cases.outcome(reasoner.model(given))
            if decision in {NONE, CONTRADICTION, UNKNOWN}:
                return None
            agreed = not reasoner.possible([*literals, reasoner.no(reasoner.outcome(decision))])
        except TooComplexError:
            return None
    return decision if agreed else None
