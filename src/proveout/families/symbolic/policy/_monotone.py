"""Properties of a policy, proved for all cases or refuted by one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy._cells import Cell, bounds, is_numeric, step_of, value_of
from proveout.families.symbolic.policy._model import Scalar
from proveout.families.symbolic.policy._reasoner import Reasoner, TooComplexError
from proveout.families.symbolic.policy._verdicts import Witness, witness
from proveout.families.symbolic.policy._z3 import TooComplex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families.symbolic.policy._expressions import Expression
    from proveout.families.symbolic.policy._reasoner import Given

__all__ = ["Proved", "Range", "Refuted", "Thresholds", "prove_monotone", "prove_never", "prove_threshold"]

# Bisections of one search for thresholds.
MOST_QUESTIONS = 2_000


class Proved(msgspec.Struct, frozen=True):
    """It holds in every case.

    Attributes:
        statement: what holds.
    """

    statement: str


class Refuted(msgspec.Struct, frozen=True):
    """It does not hold.

    Attributes:
        statement: what does not hold.
        witnesses: the case against it, or the two cases.
    """

    statement: str
    witnesses: tuple[Witness, ...]


class Range(msgspec.Struct, frozen=True):
    """Values of a fact from ``low`` to ``high``: both are in it unless it is open there, None is no limit."""

    low: Scalar | None
    high: Scalar | None
    open_low: bool = False
    open_high: bool = False


class Thresholds(msgspec.Struct, frozen=True):
    """Where a decision begins and ends along one fact, the others fixed; every range is proved.

    Attributes:
        fact: along which.
        decision: that is made in the ranges.
        ranges: in which it is made for certain, in order.
        open: ranges in which it depends on facts that are missing.
    """

    fact: str
    decision: str
    ranges: tuple[Range, ...]
    open: tuple[Range, ...] = ()


def prove_never(reasoner: Reasoner, condition: Expression, decision: str) -> Proved | Refuted | TooComplex:
    """Whether a decision is never made under a condition.

    Raises:
        FactInvalid: the policy has no such decision.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse"),)
        >>> days = Fact(name="days", type="duration", step=1)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules))
        >>> prove_never(reasoner, parse_expression("days < 10", ""), "refuse").statement
        'refuse is never decided under that condition'
    """
    statement = f"{decision} is never decided under that condition"
    with reasoner.lock:
        assumptions = [reasoner.condition(condition), reasoner.outcome(decision)]
        try:
            case = reasoner.simplest(assumptions)
        except TooComplexError as error:
            return TooComplex(str(error))
        return Proved(statement) if case is None else Refuted(statement, (witness(reasoner, case),))


def prove_monotone(
    reasoner: Reasoner, fact: str, order: Sequence[str], direction: Literal["up", "down"] = "up"
) -> Proved | Refuted | TooComplex:
    """Whether more of a fact can never make the decision worse, all else equal.

    Two copies of the policy differ in that fact alone, and the prover looks for a pair that goes the wrong way.

    Args:
        reasoner: with the policy.
        fact: numeric, a date or a boolean (False before True).
        order: decisions, worst first; whatever is not among them, no decision included, is worse than all of them.
            ``("approve",)`` says that approval can never be lost.
        direction: ``up``: more of the fact never makes it worse; ``down``: less of it never does.

    Raises:
        FactInvalid: no such fact or decision, or the fact has no order.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse"),)
        >>> days = Fact(name="days", type="duration", step=1)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules))
        >>> type(prove_monotone(reasoner, "days", ("refuse",))).__name__
        'Proved'
        >>> [case.facts for case in prove_monotone(reasoner, "days", ("refuse",), "down").witnesses]
        [{'days': 0}, {'days': 31}]
    """
    declared = _known(reasoner, fact)
    if not is_numeric(declared) and declared.type != "boolean":
        raise FactInvalid("no order", why=f"{fact} is {declared.type}", fix="name a number or date", about=fact)
    more, less = ("more", "less") if direction == "up" else ("less", "more")
    statement = f"{more} {fact} never makes {' < '.join(order)} worse, all else equal"
    with reasoner.lock:
        z3, constant, twin = reasoner.space.z3, reasoner.space.constants[fact], reasoner.space.twin(fact)
        for decision in order:
            reasoner.outcome(decision)
        # `constant` is the smaller of the two, whichever way is looked for.
        smaller = z3.And(z3.Not(constant), twin) if declared.type == "boolean" else constant < twin
        wrong = _wrong_way(reasoner, order, constant, twin, less)
        try:
            with reasoner.scope(*reasoner.space.within(declared, twin), smaller, wrong):
                case = reasoner.simplest([])
                if case is None:
                    return Proved(statement)
                other = {**case, fact: _least_twin(reasoner, fact, case, twin)}
        except TooComplexError as error:
            return TooComplex(str(error))
        return Refuted(statement, (witness(reasoner, case), witness(reasoner, other)))


def _known(reasoner: Reasoner, fact: str) -> Any:
    declared = reasoner.space.facts.get(fact)
    if declared is None:
        fix = f"name one of {', '.join(reasoner.space.facts)}"
        raise FactInvalid("no such fact", why=f"the policy does not declare {fact!r}", fix=fix, about=fact)
    return declared


def _wrong_way(reasoner: Reasoner, order: Sequence[str], constant: Any, twin: Any, worse: str) -> Any:
    """That the case with more of the fact is decided worse, or the one with less of it."""
    z3, ways = reasoner.space.z3, []
    for rank in range(len(order)):
        good = z3.Or([reasoner.formulas.outcomes[decision] for decision in order[rank:]])
        other = z3.substitute(good, (constant, twin))
        ways.append(z3.And(good, z3.Not(other)) if worse == "less" else z3.And(other, z3.Not(good)))
    return z3.Or(ways)


def _least_twin(reasoner: Reasoner, fact: str, case: Mapping[str, Scalar], twin: Any) -> Scalar:
    """The second value of the pair: the first of the cells' samples that will do."""
    space, declared = reasoner.space, reasoner.space.facts[fact]
    given = reasoner.given(case, exactly=True)
    fixed = list(given.literals.values())
    for value in reasoner.samples(fact):
        same = space.z3.substitute(space.equals(fact, value, {}), (space.constants[fact], twin))
        if reasoner.possible([*fixed, same]):
            return value
    if not reasoner.possible(fixed):
        raise TooComplexError("the pair found cannot be found again")
    return space.value(declared, reasoner.value(twin), {})


def prove_threshold(
    reasoner: Reasoner, fact: str, decision: str, facts: Mapping[str, Scalar | None]
) -> Thresholds | TooComplex:
    """For which values of a fact a decision is made, the other facts fixed: exactly, and each range proved.

    Args:
        reasoner: with the policy.
        fact: numeric or a date.
        decision: of the policy.
        facts: the others; what is missing may have any value. A value of ``fact`` itself is ignored.

    Raises:
        FactInvalid: no such fact or decision, or a fact that has no order.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="late", when=parse_expression("days > 30", ""), then="refuse"),)
        >>> days = Fact(name="days", type="duration", step=1)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=rules))
        >>> prove_threshold(reasoner, "days", "refuse", {}).ranges
        (Range(low=31, high=None, open_low=False, open_high=False),)
    """
    declared = _known(reasoner, fact)
    if not is_numeric(declared):
        raise FactInvalid("no order", why=f"{fact} is {declared.type}", fix="name a number or date", about=fact)
    with reasoner.lock:
        given = reasoner.given({**facts, fact: None})
        search = _Search(reasoner, fact, given, reasoner.outcome(decision))
        try:
            found = list(search.pieces())
        except TooComplexError as error:
            return TooComplex(str(error))
    ranges = {state: tuple(_merged(declared, found, state)) for state in ("always", "sometimes")}
    return Thresholds(fact, decision, ranges["always"], ranges["sometimes"])


class _Search:
    def __init__(self, reasoner: Reasoner, fact: str, given: Given, decides: Any) -> None:
        self._reasoner, self._fact, self._decides = reasoner, reasoner.space.facts[fact], decides
        self._constant, self._fixed = reasoner.space.constants[fact], list(given.literals.values())
        self._left = MOST_QUESTIONS

    def pieces(self) -> Iterator[tuple[Cell, str]]:
        """Neighbouring pieces, each with whether the decision is made always, never or sometimes in it."""
        cells = self._reasoner.cells[self._fact.name]
        if cells.exact:
            for number, cell in enumerate(cells.cells):
                yield cell, self._state(self._reasoner.space.inside(self._fact.name, cells, number))
            return
        low, high = bounds(self._fact)
        if step_of(self._fact) is None or low is None or high is None:
            raise TooComplexError(f"{self._fact.name} has no step or no range, and the policy computes with it")
        yield from self._split(int(low), int(high))

    def _split(self, low: int, high: int) -> Iterator[tuple[Cell, str]]:
        state = self._state(self._reasoner.space.z3.And(self._constant >= low, self._constant <= high))
        if state != "sometimes" or low == high:
            yield Cell(0, low, high), state
            return
        middle = (low + high) // 2
        yield from self._split(low, middle)
        yield from self._split(middle + 1, high)

    def _state(self, inside: Any) -> str:
        self._left -= 1
        if self._left < 0:
            raise TooComplexError(f"more than {MOST_QUESTIONS:,} pieces")
        possible = self._reasoner.possible
        if not possible([*self._fixed, inside, self._decides]):
            return "never"
        return "sometimes" if possible([*self._fixed, inside, self._reasoner.no(self._decides)]) else "always"


def _merged(fact: Any, found: Sequence[tuple[Cell, str]], wanted: str) -> Iterator[Range]:
    start: Cell | None = None
    for (cell, state), following in zip(found, [*(state for _, state in found[1:]), ""], strict=True):
        if state != wanted:
            continue
        start = start or cell
        if following != wanted:
            low, high = (None if end is None else value_of(fact, Fraction(end)) for end in (start.low, cell.high))
            yield Range(low, high, start.open_low, cell.open_high)
            start = None
