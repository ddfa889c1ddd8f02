"""Which missing fact to ask for next, so that the decision takes the fewest questions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import log2
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.policy._cases import UNKNOWN
from proveout.families.symbolic.policy._dump import plain_value
from proveout.families.symbolic.policy._expressions import names_in
from proveout.families.symbolic.policy._reasoner import Reasoner, TooComplexError
from proveout.families.symbolic.policy._verdicts import Witness, witness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families.symbolic.policy._model import Policy, Scalar

__all__ = ["Question", "next_question"]

# States of knowledge that are looked into before the exact expectation is given up.
MOST_STATES = 120
# Completions drawn for the gain of information.
DRAWN = 400
SEED = 20260131


class Question(msgspec.Struct, frozen=True):
    """A fact to ask for.

    Attributes:
        fact: its name.
        text: the policy's question for it; its name where it has none.
        why: two answers that lead to different decisions.
        expected: questions still needed on average, this one included; where not exact, at least so many.
        exact: whether that is the least possible expectation, or the fact with the greatest gain of information.
        cases: two complete cases that differ in this fact alone and are decided differently.
    """

    fact: str
    text: str
    why: str
    expected: float
    exact: bool
    cases: tuple[Witness, ...]


def next_question(
    reasoner: Reasoner,
    facts: Mapping[str, Scalar | None],
    priors: Mapping[str, Mapping[Scalar, float]] | None = None,
) -> Question | None:
    """The fact to ask for next; None when no missing fact can change the outcome.

    The expectation is exact (value iteration over the cells of the facts' values) while few states of knowledge are
    reachable, and beyond that the gain of information about the outcome decides (Quinlan 1986). A fact is asked for
    only if the prover finds two cases that differ in it alone and are decided differently.

    Args:
        reasoner: with the policy.
        facts: that are known; closed facts that are not among them have their default, None is unknown.
        priors: probabilities of values, by fact; what they leave is spread evenly over the other cells.

    Raises:
        FactInvalid: a fact is not of the policy, or not of its type.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="both", when=parse_expression("a and b", ""), then="yes", priority=1),)
        >>> rules += (Rule(id="else", when=parse_expression("True", ""), then="no"),)
        >>> facts = tuple(Fact(name=name, type="boolean") for name in "abc")
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("yes", "no"), facts=facts, rules=rules))
        >>> question = next_question(reasoner, {}, {"b": {True: 0.1}})
        >>> question.fact, round(question.expected, 2), question.why
        ('b', 1.1, 'no if b is False, yes if b is True')
    """
    with reasoner.lock:
        given = reasoner.given(facts)
        if given.impossible:
            return None
        planner = _Planner(reasoner, given.values, priors or {})
        if planner.settled(given.values):
            return None
        for fact, expected, exact in planner.ranked():
            pair = _pair(reasoner, given.values, fact)
            if pair is not None:
                text = reasoner.space.facts[fact].question or fact
                why = ", ".join(f"{one.outcome} if {fact} is {plain_value(one.facts[fact])}" for one in pair)
                return Question(fact, text, why, expected, exact, pair)
    return None


class _Planner:
    def __init__(
        self, reasoner: Reasoner, known: Mapping[str, Scalar], priors: Mapping[str, Mapping[Scalar, float]]
    ) -> None:
        self._reasoner, self._known = reasoner, known
        self._unknown = [name for name in reasoner.space.facts if name not in known]
        self._chances = {name: list(self._shares(name, priors.get(name, {}))) for name in self._unknown}
        self._mentions = _mentions(reasoner.policy)
        self._least: dict[frozenset[tuple[str, Any]], float] = {}
        self._settled: dict[frozenset[tuple[str, Any]], bool] = {}

    def _shares(self, name: str, prior: Mapping[Scalar, float]) -> Iterator[tuple[Scalar, float]]:
        """A sample of each cell with its probability."""
        fact, cells = self._reasoner.space.facts[name], self._reasoner.cells[name]
        shares = [0.0] * len(cells.cells)
        for value, share in prior.items():
            shares[cells.number_of(fact, value)] += share
        others = [number for number, share in enumerate(shares) if not share]
        for number in others:
            shares[number] = max(0.0, 1.0 - sum(prior.values())) / len(others)
        total = sum(shares)
        for cell, share in zip(cells.cells, shares, strict=True):
            yield cell.sample, share / total

    def settled(self, case: Mapping[str, Scalar]) -> bool:
        """Whether all completions come to the same."""
        if self._reasoner.cases.outcome(case) != UNKNOWN:
            return True
        reasoner = self._reasoner
        literals = list(reasoner.given({**dict.fromkeys(reasoner.space.facts), **case}).literals.values())
        if not reasoner.possible(literals):
            return True
        outcome = reasoner.cases.outcome(reasoner.model(reasoner.given(dict(case))))
        return outcome != UNKNOWN and not reasoner.possible([*literals, reasoner.no(reasoner.outcome(outcome))])

    def ranked(self) -> Iterator[tuple[str, float, bool]]:
        """Facts to ask for, best first, each with the questions expected, and whether that is exact."""
        candidates = self._candidates({})
        if all(self._reasoner.cells[name].exact for name in candidates):
            try:
                costs = {name: self._cost(name, {}, float("inf")) for name in candidates}
            except _TooManyError:
                costs = {}
            for name in sorted(costs, key=lambda name: (round(costs[name], 12), candidates.index(name))):
                yield name, costs[name], True
        for name in self._by_gain(candidates):
            yield name, 1.0 + self._open(name, {}), False

    def _candidates(self, answers: Mapping[str, Scalar]) -> list[str]:
        """Missing facts in conditions that are still open: whatever can matter is among them."""
        fires = self._reasoner.cases.firing({**self._known, **answers})
        named = {name for rule, state in fires.items() if state is None for name in self._mentions[rule]}
        return [name for name in self._unknown if name in named and name not in answers]

    def _cost(self, name: str, answers: Mapping[str, Scalar], limit: float) -> float:
        """Questions expected when this fact is asked for now; at least ``limit`` when it is no better."""
        total = 1.0
        for value, share in self._chances[name]:
            if share and total < limit:
                total += share * self._expected({**answers, name: value})
        return total

    def _expected(self, answers: Mapping[str, Scalar]) -> float:
        key = frozenset(answers.items())
        if key not in self._least:
            if len(self._least) >= MOST_STATES:
                raise _TooManyError
            self._least[key] = 0.0
            if not self._is_settled(key, answers):
                best = float("inf")
                for name in self._candidates(answers):
                    best = min(best, self._cost(name, answers, best))
                self._least[key] = 0.0 if best == float("inf") else best
        return self._least[key]

    def _is_settled(self, key: frozenset[tuple[str, Any]], answers: Mapping[str, Scalar]) -> bool:
        if key not in self._settled:
            self._settled[key] = self.settled({**self._known, **answers})
        return self._settled[key]

    def _open(self, name: str, answers: Mapping[str, Scalar]) -> float:
        """The chance that the answer does not settle it."""
        return sum(
            share
            for value, share in self._chances[name]
            if share and not self._is_settled(frozenset([(name, value)]), {**answers, name: value})
        )

    def _by_gain(self, candidates: Sequence[str]) -> list[str]:
        draw = Random(SEED)  # noqa: S311  a seeded sample, nothing secret
        drawn = []
        for _ in range(DRAWN):
            answers = {
                name: draw.choices([value for value, _ in chances], [share for _, share in chances])[0]
                for name, chances in self._chances.items()
            }
            drawn.append((answers, self._reasoner.cases.outcome({**self._known, **answers})))
        gains = {name: _gain([(answers[name], outcome) for answers, outcome in drawn]) for name in candidates}
        return sorted(candidates, key=lambda name: (-round(gains[name], 9), candidates.index(name)))


class _TooManyError(Exception):
    """More states of knowledge than are looked into."""


def _gain(pairs: Sequence[tuple[Any, str]]) -> float:
    """How many bits the answer tells about the outcome."""
    answers: dict[Any, list[str]] = {}
    for answer, outcome in pairs:
        answers.setdefault(answer, []).append(outcome)
    left = sum(len(outcomes) / len(pairs) * _bits(outcomes) for outcomes in answers.values())
    return _bits([outcome for _, outcome in pairs]) - left


def _bits(outcomes: Sequence[str]) -> float:
    shares = [Fraction(count, len(outcomes)) for count in Counter(outcomes).values()]
    return -sum(float(share) * log2(share) for share in shares)


def _mentions(policy: Policy) -> dict[str, frozenset[str]]:
    """The facts in each rule's condition, those of definitions included."""
    meanings = {definition.name: names_in(definition.means) for definition in policy.definitions}

    def facts(names: frozenset[str]) -> frozenset[str]:
        return frozenset().union(*(facts(meanings[name]) if name in meanings else {name} for name in names))

    return {rule.id: facts(names_in(rule.when)) for rule in policy.rules}


def _pair(reasoner: Reasoner, known: Mapping[str, Scalar], fact: str) -> tuple[Witness, Witness] | None:
    """Two cases that differ in a fact alone and are decided differently; None, proved, when there are none."""
    space = reasoner.space
    constant, twin = space.constants[fact], space.twin(fact)
    given = reasoner.given({**dict.fromkeys(space.facts), **known})
    differs = [
        space.z3.And(formula, space.z3.Not(space.z3.substitute(formula, (constant, twin))))
        for formula in reasoner.formulas.outcomes.values()
    ]
    with reasoner.scope(*space.within(space.facts[fact], twin), space.z3.Or(differs)):
        case = reasoner.simplest([], given)
        if case is None:
            return None
        first = witness(reasoner, case)
        others = [witness(reasoner, {**case, fact: value}) for value in reasoner.samples(fact)]
        second = next((other for other in others if other.outcome != first.outcome), None)
        if second is None:
            exact = reasoner.given(case, exactly=True)
            if not reasoner.possible(list(exact.literals.values())):
                raise TooComplexError("the pair found cannot be found again")
            second = witness(reasoner, {**case, fact: space.value(space.facts[fact], reasoner.value(twin), {})})
    return first, second
