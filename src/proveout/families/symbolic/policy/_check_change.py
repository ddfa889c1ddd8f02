"""The checker of counterfactuals, with an interpreter of its own: a mistake of the prover's side cannot hide in it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil, floor, prod
from typing import Any

from proveout.families.symbolic.policy._check_language import Logic, Reader, SolverLogic, constants_of, plain_number

__all__ = ["check_counterfactual"]

_STEPS = {"money": Fraction(1, 100), "duration": Fraction(1), "date": Fraction(1)}
_GRID = Fraction(1, 1000)
_MOST_CASES = 2_000
_LISTED: dict[str, Any] = {"boolean": [False, True]}
_HEAD = {"kind", "policy", "facts", "wanted", "weights", "change"}


def check_counterfactual(proof: dict[str, Any], policy: dict[str, Any]) -> list[str]:
    """What is wrong with a proof of kind ``counterfactual``; empty when it is accepted.

    The case after the change is evaluated anew. That no smaller change does, or none at all, is checked by going
    through one value of every stretch between the constants that a fact is compared with; where these are too many, by
    a question to z3 that is written here and not taken from the prover's side.

    Args:
        proof: of a `Change` or `NoChange`.
        policy: as JSON, with the keys of the policy file.

    Example:
        >>> policy = {"name": "p", "version": 1, "decisions": ["approve"]}
        >>> policy["facts"] = [{"name": "photo", "type": "boolean", "mutable": True}]
        >>> policy["rules"] = [{"id": "seen", "if": "photo", "then": "approve"}]
        >>> proof = {"kind": "counterfactual", "policy": {"name": "p", "version": 1}, "facts": {"photo": False}}
        >>> proof |= {"wanted": "approve", "weights": {"photo": "1"}, "change": {"photo": [False, True]}}
        >>> proof |= {"given": {}, "cost": "1"}
        >>> check_counterfactual(proof, policy)
        []
        >>> check_counterfactual({**proof, "cost": "2"}, policy)
        ['the cost is 1 and not 2']
    """
    try:
        return _Check(proof, policy).problems()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
        return [f"not a proof of this kind: {type(error).__name__}: {error}"]


class _Check:
    def __init__(self, proof: dict[str, Any], policy: dict[str, Any]) -> None:
        self._proof, self._policy = proof, policy
        self._reader = Reader(policy, Logic())
        self._facts = self._reader.facts
        self._known = {name: plain_number(self._facts[name], value) for name, value in proof["facts"].items()}
        self._levers = [name for name in self._facts if self._facts[name].get("mutable") and name in self._known]
        self._unknown = [name for name in self._facts if name not in self._known]
        self._fixed = {name: value for name, value in self._known.items() if name not in self._levers}
        self._weights = {name: Fraction(weight) for name, weight in proof["weights"].items()}

    def problems(self) -> list[str]:
        proof, wanted = self._proof, self._proof["wanted"]
        head = {"name": self._policy["name"], "version": self._policy["version"]}
        keys = _HEAD if proof["change"] is None else _HEAD | {"given", "cost"}
        checks = {
            "the kind or the parts are others": proof["kind"] == "counterfactual" and set(proof) == keys,
            "the policy is another": proof["policy"] == head,
            "the decision is not of the policy": wanted in self._policy["decisions"],
            "a fact cannot be so": all(self._allowed(name, value) for name, value in self._known.items()),
            "the weights are not those of the mutable facts": sorted(self._weights) == sorted(self._levers)
            and all(weight > 0 and isinstance(proof["weights"][name], str) for name, weight in self._weights.items()),
        }
        found = [problem for problem, right in checks.items() if not right]
        if found:
            return found
        if proof["change"] is None:
            some = self._exists(self._fixed, [*self._levers, *self._unknown], decides=True)
            return ["some permitted change leads to the decision"] if some else []
        return self._change(proof["change"], proof["given"])

    def _change(self, change: dict[str, Any], given: dict[str, Any]) -> list[str]:
        for name, (now, value) in change.items():
            known = name in self._levers and self._known[name] == plain_number(self._facts[name], now)
            new = plain_number(self._facts[name], value)
            if not known or type(now) is not type(self._proof["facts"][name]) or new == self._known[name]:
                return [f"{name} may not be changed, or is not so now"]
            if not self._allowed(name, new):
                return [f"{name} may not be changed to {value}"]
        after = {**self._known, **{name: plain_number(self._facts[name], pair[1]) for name, pair in change.items()}}
        turns = {name: plain_number(self._facts[name], value) for name, value in given.items()}
        if not all(name in self._unknown and self._allowed(name, value) for name, value in turns.items()):
            return ["what must turn out so is known, or cannot be so"]
        cost = sum((self._cost(name, after[name]) for name in self._levers), Fraction(0))
        if str(self._proof["cost"]) != self._proof["cost"] or cost != Fraction(self._proof["cost"]):
            return [f"the cost is {cost} and not {self._proof['cost']}"]
        rest = [name for name in self._unknown if name not in turns]
        if self._exists({**after, **turns}, rest, decides=False):
            return ["after the change another decision is possible"]
        for name in turns:
            others = {other: value for other, value in turns.items() if other != name}
            if not self._exists({**after, **others}, [*rest, name], decides=False):
                return [f"{name} need not turn out so"]
        smaller = self._exists(self._fixed, [*self._levers, *self._unknown], decides=True, below=(len(change), cost))
        return ["a smaller change leads to the decision"] if smaller else []

    def _exists(
        self, fixed: dict[str, Any], free: list[str], *, decides: bool, below: tuple[int, Fraction] | None = None
    ) -> bool:
        """Whether some values of the free facts make the policy decide as wanted, or otherwise."""
        domains = {name: self._values(name) for name in free}
        if (
            any(values is None for values in domains.values())
            or prod(len(v or ()) for v in domains.values()) > _MOST_CASES
        ):
            return self._solved(fixed, free, decides=decides, below=below)
        for values in product(*((domain or ()) for domain in domains.values())):
            case = {**fixed, **dict(zip(free, values, strict=True))}
            if below is not None and self._size(case) >= below:
                continue
            numbers = {name: self._reader.number(value) for name, value in case.items()}
            if (self._reader.decides(numbers, self._proof["wanted"]) is True) is decides:
                return True
        return False

    def _size(self, case: dict[str, Any]) -> tuple[int, Fraction]:
        changed = [name for name in self._levers if case[name] != self._known[name]]
        return len(changed), sum((self._cost(name, case[name]) for name in changed), Fraction(0))

    def _cost(self, name: str, value: Any) -> Fraction:
        now, weight = self._known[name], self._weights[name]
        return weight * (abs(value - now) / self._span(name) if isinstance(now, Fraction) else Fraction(value != now))

    def _span(self, name: str) -> Fraction:
        low, high = self._range(name)
        return (
            high - low
            if low is not None and high is not None and low != high
            else max(abs(self._known[name]), Fraction(1))
        )

    def _range(self, name: str) -> list[Any]:
        fact = self._facts[name]
        return [end if end is None else plain_number(fact, end) for end in fact.get("range", [None, None])]

    def _step(self, name: str) -> Fraction | None:
        fact = self._facts[name]
        step = fact.get("step", _STEPS.get(fact["type"]))
        return None if step in {None, "any"} else Fraction(step)

    def _allowed(self, name: str, value: Any) -> bool:
        fact = self._facts[name]
        if not isinstance(value, Fraction):
            listed = _LISTED.get(fact["type"], fact.get("values"))
            return isinstance(value, bool | str) and (
                listed is None or any(value is one or value == one for one in listed)
            )
        (low, high), step = self._range(name), self._step(name)
        inside = (low is None or value >= low) and (high is None or value <= high)
        return inside and (step is None or (value / step).denominator == 1)

    def _values(self, name: str) -> list[Any] | None:
        """One value of every stretch, the ends among them; None where these cannot be told."""
        fact = self._facts[name]
        listed = _LISTED.get(fact["type"], fact.get("values"))
        constants = constants_of(self._reader, name)
        if listed or constants is None:
            return list(listed) if listed else None
        if fact["type"] == "text":
            texts = [str(text) for text in constants]
            return sorted({*texts, "".join(texts) + "?", self._known.get(name, "?")})
        numbers = [Fraction(number) for number in constants]
        ends = [end for end in (*self._range(name), self._known.get(name)) if end is not None]
        step = self._step(name) or (_GRID if name in self._levers else None)
        if step is None:
            return _between(sorted({*numbers, *ends}), self._allowed, name)
        near = {
            (where + offset) * step
            for number in [*numbers, *ends]
            for where in (floor(number / step), ceil(number / step))
            for offset in (-1, 0, 1)
        }
        return sorted(value for value in {*near, *ends, Fraction(0)} if self._allowed(name, value))

    def _solved(
        self, fixed: dict[str, Any], free: list[str], *, decides: bool, below: tuple[int, Fraction] | None
    ) -> bool:
        logic = SolverLogic()
        z3, reader, solver = logic.z3, Reader(self._policy, logic), logic.z3.SolverFor("AUFLIRA")
        solver.set(timeout=20_000)
        case = {name: logic.literal(reader.number(value)) for name, value in fixed.items()}
        counts, costs = [z3.RealVal(0)], [z3.RealVal(0)]
        for name in free:
            case[name] = self._variable(logic, reader, solver, name)
            if below is not None and name in self._levers:
                now = logic.literal(reader.number(self._known[name]))
                moved, weight = z3.If(case[name] == now, 0.0, 1.0), logic.literal(self._weights[name])
                counts.append(moved)
                far = (
                    z3.If(case[name] >= now, case[name] - now, now - case[name])
                    if isinstance(self._known[name], Fraction)
                    else None
                )
                costs.append(moved * weight if far is None else far * weight / logic.literal(self._span(name)))
        if below is not None:
            count, cost = z3.Sum(counts), z3.Sum(costs)
            solver.add(z3.Or(count < below[0], z3.And(count == below[0], cost < logic.literal(below[1]))))
        wanted = reader.decides(case, self._proof["wanted"])
        solver.add(wanted if decides else z3.Not(wanted))
        # What cannot be settled is not accepted.
        return str(solver.check()) != "unsat"

    def _variable(self, logic: SolverLogic, reader: Reader, solver: Any, name: str) -> Any:
        z3, fact = logic.z3, self._facts[name]
        if fact["type"] == "boolean":
            return z3.Bool(name)
        if fact["type"] in {"enum", "text"}:
            number = z3.ToReal(z3.Int(name))
            listed = [number == logic.literal(reader.number(value)) for value in fact.get("values", [])]
            solver.add(z3.Or(listed) if listed else number >= 0)
            return number
        (low, high), step = self._range(name), self._step(name) or (_GRID if name in self._levers else None)
        number = z3.Real(name) if step is None else z3.ToReal(z3.Int(name)) * logic.literal(step)
        solver.add(
            *([] if low is None else [number >= logic.literal(low)]),
            *([] if high is None else [number <= logic.literal(high)]),
        )
        return number


def _between(numbers: list[Fraction], allowed: Any, name: str) -> list[Fraction]:
    middles = [(one + other) / 2 for one, other in zip(numbers, numbers[1:], strict=False)]
    outside = [numbers[0] - 1, numbers[-1] + 1] if numbers else [Fraction(0)]
    return [value for value in sorted({*numbers, *middles, *outside}) if allowed(name, value)]
