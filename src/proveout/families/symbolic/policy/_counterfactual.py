"""The smallest permitted change that leads to a wanted decision, or a proof that there is none."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy._cells import code_of, is_numeric, step_of, value_of
from proveout.families.symbolic.policy._dump import plain_value
from proveout.families.symbolic.policy._model import Scalar
from proveout.families.symbolic.policy._reasoner import Reasoner, TooComplexError
from proveout.families.symbolic.policy._unparse import exact_text
from proveout.families.symbolic.policy._z3 import TooComplex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.symbolic.policy._model import Fact
    from proveout.families.symbolic.policy._reasoner import Given

__all__ = ["Change", "NoChange", "smallest_change"]

# Facts without a step are changed to multiples of this, so that there is a smallest change.
GRID = Fraction(1, 1000)
# Candidates that are tried by plain evaluation before the prover searches.
MOST_TRIED = 500
# Sets of facts that are asked about one by one, which takes less time than one question about how many change.
MOST_SUBSETS = 12


class Change(msgspec.Struct, frozen=True):
    """The smallest permitted change.

    Attributes:
        facts: by name, the value now and the value wanted; empty when nothing need change.
        decision: that it leads to.
        given: facts that are unknown now and must turn out so; empty when the change is enough.
        cost: distance of the change: the sum over changed facts of their weight times the share of the range moved.
        proof: JSON for `check_counterfactual`.
    """

    facts: dict[str, tuple[Scalar, Scalar]]
    decision: str
    given: dict[str, Scalar]
    cost: Fraction
    proof: dict[str, Any]


class NoChange(msgspec.Struct, frozen=True):
    """No permitted change leads to the decision, whatever the unknown facts turn out to be.

    Attributes:
        decision: that was wanted.
        responsible: facts nobody may change that suffice to rule it out.
        proof: JSON for `check_counterfactual`.
    """

    decision: str
    responsible: tuple[str, ...]
    proof: dict[str, Any]


def smallest_change(
    reasoner: Reasoner,
    facts: Mapping[str, Scalar | None],
    wanted: str,
    weights: Mapping[str, int | Fraction] | None = None,
) -> Change | NoChange | TooComplex:
    """The smallest change of mutable facts after which the policy decides as wanted.

    The fewest facts first, then the least cost, then the earlier facts unchanged; the prover confirms that no smaller
    change will do. Facts that are unknown are not changed: what they must be is stated with the change.

    Args:
        reasoner: with the policy.
        facts: of the case; closed facts that are not among them have their default.
        wanted: a decision of the policy.
        weights: how much a change of a fact counts, by name; 1 where not given.

    Raises:
        FactInvalid: a fact or the decision is not of the policy, or a value is out of range, or a weight not positive.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> rules = (Rule(id="rich", when=parse_expression("income >= 50", ""), then="approve"),)
        >>> income = Fact(name="income", type="number", low=0, high=100, step=Fraction(1), mutable=True)
        >>> reasoner = Reasoner(Policy(name="p", version=1, decisions=("approve",), facts=(income,), rules=rules))
        >>> smallest_change(reasoner, {"income": 30}, "approve").facts
        {'income': (30, 50)}
    """
    with reasoner.lock:
        given = reasoner.given(facts)
        if given.impossible:
            name = given.impossible[0]
            why = f"{given.values[name]!r} is out of its range"
            raise FactInvalid("a fact cannot be so", why=why, fix="correct it first", about=f"fact {name}")
        try:
            return _Search(reasoner, given, wanted, weights or {}).result()
        except TooComplexError as error:
            return TooComplex(str(error))


class _Lever(NamedTuple):
    """A fact that may be changed: what it is now, what a change costs, and where it may sensibly go."""

    fact: Fact
    now: Scalar
    weight: Fraction
    targets: tuple[Scalar, ...]
    exact: bool

    def cost(self, value: Scalar) -> Fraction:
        if not is_numeric(self.fact):
            return self.weight * (value != self.now)
        return self.weight * abs(_number(value) - _number(self.now)) / _span(self.fact, self.now)


class _Search:
    def __init__(self, reasoner: Reasoner, given: Given, wanted: str, weights: Mapping[str, int | Fraction]) -> None:
        self._reasoner, self._wanted, self._given = reasoner, wanted, given
        self._decides = reasoner.outcome(wanted)
        known = [fact for fact in reasoner.space.facts.values() if fact.name in given.values]
        self._levers = [self._lever(fact, weights) for fact in known if fact.mutable]
        names = {lever.fact.name for lever in self._levers}
        self._fixed = {name: literal for name, literal in given.literals.items() if name not in names}
        self._complete = len(known) == len(reasoner.space.facts)

    def _lever(self, fact: Fact, weights: Mapping[str, int | Fraction]) -> _Lever:
        weight = Fraction(weights.get(fact.name, 1))
        if weight <= 0:
            raise FactInvalid("no weight", why=str(weight), fix="give a positive number", about=f"fact {fact.name}")
        cells, now = self._reasoner.cells[fact.name], self._given.values[fact.name]
        targets = tuple(
            value for cell in cells.cells if (value := nearest(fact, cell, now)) is not None and value != now
        )
        return _Lever(fact, now, weight, targets, cells.exact)

    def result(self) -> Change | NoChange:
        responsible = self._reasoner.responsible(self._fixed, [self._decides])
        if responsible is not None:
            return NoChange(self._wanted, responsible, self._proof(None, {}, Fraction(0)))
        values = self._tried()
        if values is None:
            values = self._searched()
        changed = {
            lever.fact.name: (lever.now, values[lever.fact.name])
            for lever in self._levers
            if values[lever.fact.name] != lever.now
        }
        cost = sum((lever.cost(values[lever.fact.name]) for lever in self._levers), Fraction(0))
        if self._smaller(len(changed), cost):
            raise TooComplexError("the change found is not the smallest")
        given = self._needed(values)
        return Change(changed, self._wanted, given, cost, self._proof(changed, given, cost))

    def _tried(self) -> dict[str, Scalar] | None:
        """By plain evaluation, where that sees everything: the smallest change, or None when there are too many."""
        if not self._complete or not all(lever.exact for lever in self._levers):
            return None
        case, left = self._given.values, MOST_TRIED
        for count in range(len(self._levers) + 1):
            for candidate in self._candidates(count):
                left -= 1
                if left < 0:
                    return None
                if self._reasoner.cases.outcome({**case, **candidate}) == self._wanted:
                    return {lever.fact.name: candidate.get(lever.fact.name, lever.now) for lever in self._levers}
        return None

    def _candidates(self, count: int) -> list[dict[str, Scalar]]:
        found: list[tuple[Fraction, list[int], dict[str, Scalar]]] = []
        for chosen in combinations(range(len(self._levers)), count):
            levers = [self._levers[number] for number in chosen]
            for numbers in product(*(range(len(lever.targets)) for lever in levers)):
                values = [lever.targets[number] for lever, number in zip(levers, numbers, strict=True)]
                cost = sum((lever.cost(value) for lever, value in zip(levers, values, strict=True)), Fraction(0))
                order = [0] * len(self._levers)
                for place, number in zip(chosen, numbers, strict=True):
                    order[place] = number + 1
                found.append(
                    (cost, order, {lever.fact.name: value for lever, value in zip(levers, values, strict=True)})
                )
            if len(found) > MOST_TRIED:
                break
        return [candidate for _, _, candidate in sorted(found, key=lambda one: one[:2])]

    def _searched(self) -> dict[str, Scalar]:
        """By the prover: first the number of facts, then the cost by bisection, then the values one by one."""
        reasoner, z3 = self._reasoner, self._reasoner.space.z3
        count, cost = self._formulas()
        with reasoner.scope(self._decides, *self._fixed.values(), *self._grid()):
            fewest = next(
                (number for number in range(len(self._levers) + 1) if reasoner.possible([count <= number])), None
            )
            if fewest is None:
                raise TooComplexError("the only changes are smaller than the grid of facts without a step")
            few = [count <= fewest]
            low, high = Fraction(-1), self._cost_found()
            unit = Fraction(1, self._denominator())
            while high - low > unit:
                middle = floor((low + high) / 2 / unit) * unit
                if reasoner.possible([*few, cost <= reasoner.space.number(middle / unit)]):
                    high = self._cost_found()
                else:
                    low = middle
            fixed = [*few, cost <= reasoner.space.number(floor(high / unit))]
            return self._chosen(fixed) if z3 else {}

    def _cost_found(self) -> Fraction:
        values = self._read()
        return sum((lever.cost(values[lever.fact.name]) for lever in self._levers), Fraction(0))

    def _read(self) -> dict[str, Scalar]:
        model = self._reasoner.model(self._given._replace(literals=self._fixed, values={}))
        return {lever.fact.name: model[lever.fact.name] for lever in self._levers}

    def _chosen(self, fixed: list[Any]) -> dict[str, Scalar]:
        values: dict[str, Scalar] = {}
        for lever in self._levers:
            name = lever.fact.name
            for value in (lever.now, *sorted(lever.targets, key=lever.cost)):
                literal = self._equals(lever, value)
                if self._reasoner.possible([*fixed, literal]):
                    break
            else:
                self._reasoner.possible(fixed)
                value = self._read()[name]
                literal = self._equals(lever, value)
            values[name] = value
            fixed = [*fixed, literal]
        return values

    def _equals(self, lever: _Lever, value: Scalar) -> Any:
        return self._reasoner.space.equals(lever.fact.name, value, self._given.texts)

    def _formulas(self) -> tuple[Any, Any]:
        """The number of facts changed, and the cost of the change times the common denominator."""
        space, z3 = self._reasoner.space, self._reasoner.space.z3
        zero, one = space.number(0), space.number(1)
        counts, costs = [], []
        for lever in self._levers:
            constant, same = space.constants[lever.fact.name], self._equals(lever, lever.now)
            counts.append(z3.If(same, zero, one))
            if is_numeric(lever.fact):
                now: Any = space.number(Fraction(code_of(lever.fact, lever.now) or 0))
                step = step_of(lever.fact) or Fraction(1)
                each = space.number(lever.weight * step / _span(lever.fact, lever.now) * self._denominator())
                costs.append(z3.If(constant >= now, constant - now, now - constant) * each)
            else:
                costs.append(z3.If(same, zero, space.number(lever.weight * self._denominator())))
        return z3.Sum([zero, *counts]), z3.Sum([zero, *costs])

    def _denominator(self) -> int:
        """What all costs are multiples of one over."""
        steps = [
            lever.weight * (step_of(lever.fact) or GRID) / _span(lever.fact, lever.now)
            if is_numeric(lever.fact)
            else lever.weight
            for lever in self._levers
        ]
        offsets = [
            _number(lever.now) / GRID for lever in self._levers if is_numeric(lever.fact) and not step_of(lever.fact)
        ]
        return lcm(1, *(step.denominator for step in steps)) * lcm(1, *(offset.denominator for offset in offsets))

    def _grid(self) -> list[Any]:
        space = self._reasoner.space
        continuous = [lever.fact for lever in self._levers if is_numeric(lever.fact) and not step_of(lever.fact)]
        return [
            space.z3.Or(
                space.z3.IsInt(space.constants[fact.name] * GRID.denominator),
                space.equals(fact.name, self._given.values[fact.name], {}),
            )
            for fact in continuous
        ]

    def _smaller(self, count: int, cost: Fraction) -> bool:
        """Whether fewer facts, or as many at less cost, would do: asked of the prover."""
        fewer = list(combinations(self._levers, max(count - 1, 0)))
        if count == 0:
            return False
        if len(fewer) > MOST_SUBSETS or not all(lever.exact for lever in self._levers):
            changed, total = self._formulas()
            less = total < self._reasoner.space.number(cost * self._denominator())
            z3 = self._reasoner.space.z3
            return self._possible([z3.Or(changed < count, z3.And(changed <= count, less)), *self._grid()])
        if any(self._possible(self._only(levers)) for levers in fewer):
            return True
        cheaper = [
            levers
            for levers in combinations(self._levers, count)
            if sum(min((lever.cost(value) for value in lever.targets), default=cost) for lever in levers) < cost
        ]
        less = [self._formulas()[1] < self._reasoner.space.number(cost * self._denominator())] if cheaper else []
        return any(self._possible([*self._only(levers), *less, *self._grid()]) for levers in cheaper)

    def _possible(self, further: list[Any]) -> bool:
        return self._reasoner.possible([self._decides, *self._fixed.values(), *further])

    def _only(self, levers: Sequence[_Lever]) -> list[Any]:
        """That no other fact is changed."""
        names = {lever.fact.name for lever in levers}
        others = [lever.fact.name for lever in self._levers if lever.fact.name not in names]
        return [self._given.literals[name] for name in others]

    def _needed(self, values: dict[str, Scalar]) -> dict[str, Scalar]:
        """What the unknown facts must be: the simplest case, and of it only what matters."""
        if self._complete:
            return {}
        after = self._reasoner.given({**self._given.values, **values}, exactly=True)
        holds = lambda case: self._reasoner.cases.outcome(case) == self._wanted  # noqa: E731  read once, right here
        case = self._reasoner.simplest([self._decides], after, holds)
        if case is None:
            raise TooComplexError("the change found does not lead to the decision")
        unknown = {name: value for name, value in case.items() if name not in after.values}
        literals = {name: self._reasoner.literal(name, value, after) for name, value in unknown.items()}
        others = [self._reasoner.no(self._decides), *after.literals.values()]
        needed = self._reasoner.responsible(literals, others)
        return {name: unknown[name] for name in needed or ()}

    def _proof(
        self, changed: Mapping[str, tuple[Scalar, Scalar]] | None, given: Mapping[str, Scalar], cost: Fraction
    ) -> dict[str, Any]:
        policy = self._reasoner.policy
        head = {"kind": "counterfactual", "policy": {"name": policy.name, "version": policy.version}}
        known = {name: plain_value(value) for name, value in self._given.values.items()}
        weights = {lever.fact.name: exact_text(lever.weight) for lever in self._levers}
        body = {"facts": known, "wanted": self._wanted, "weights": weights}
        if changed is None:
            return {**head, **body, "change": None}
        return {
            **head,
            **body,
            "change": {name: [plain_value(now), plain_value(value)] for name, (now, value) in changed.items()},
            "given": {name: plain_value(value) for name, value in given.items()},
            "cost": exact_text(cost),
        }


def nearest(fact: Fact, cell: Any, now: Scalar) -> Scalar | None:
    """The value of a cell that is nearest to the value now; None when it has none on the grid."""
    if not is_numeric(fact):
        return now if cell.sample == now else cell.sample
    code = Fraction(code_of(fact, now) or 0)
    step = None if step_of(fact) else GRID
    low, high = cell.low, cell.high
    if low is not None and (code < low or (code == low and cell.open_low)):
        code = Fraction(low) if step is None else ceil(low / step) * step
        code += step if step and code == low and cell.open_low else 0
    elif high is not None and (code > high or (code == high and cell.open_high)):
        code = Fraction(high) if step is None else floor(high / step) * step
        code -= step if step and code == high and cell.open_high else 0
    inside = (low is None or code > low or (code == low and not cell.open_low)) and (
        high is None or code < high or (code == high and not cell.open_high)
    )
    return value_of(fact, code) if inside else None


def _number(value: Any) -> Fraction:
    return Fraction(value.toordinal() if hasattr(value, "toordinal") else value)


def _span(fact: Fact, now: Scalar) -> Fraction:
    """What a distance is measured by: the width of the range, or without one the value now."""
    if fact.low is not None and fact.high is not None and fact.low != fact.high:
        return _number(fact.high) - _number(fact.low)
    return max(abs(_number(now)), Fraction(1))
