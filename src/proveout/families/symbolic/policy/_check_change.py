"""The checker of counterfactuals, with an interpreter of its own: a mistake of the prover's side cannot hide in it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from proveout.families.symbolic.policy._check_domain import Domain, plain_number
from proveout.families.symbolic.policy._check_language import Reader
from proveout.families.symbolic.policy._check_logic import Logic, SolverLogic

__all__ = ["check_counterfactual"]

# Beyond so many cases, going through them takes longer than a question to z3.
_MOST_CASES = 500
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
        self._domains = {
            name: Domain(self._reader, name, self._known.get(name), lever=name in self._levers) for name in self._facts
        }
        self._weights = {name: Fraction(weight) for name, weight in proof["weights"].items()}

    def problems(self) -> list[str]:
        proof, wanted = self._proof, self._proof["wanted"]
        head = {"name": self._policy["name"], "version": self._policy["version"]}
        keys = _HEAD if proof["change"] is None else _HEAD | {"given", "cost"}
        checks = {
            "the kind or the parts are others": proof["kind"] == "counterfactual" and set(proof) == keys,
            "the policy is another": proof["policy"] == head,
            "the decision is not of the policy": wanted in self._policy["decisions"],
            "a fact cannot be so": all(self._domains[name].allowed(value) for name, value in self._known.items()),
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
        changed = {name: plain_number(self._facts[name], value) for name, (_, value) in change.items()}
        turns = {name: plain_number(self._facts[name], value) for name, value in given.items()}
        after = {**self._known, **changed}
        cost = sum((self._cost(name, after[name]) for name in self._levers), Fraction(0))
        checks = {
            "a fact may not be changed, or is not so now": all(
                name in self._levers
                and self._proof["facts"][name] == now
                and type(now) is type(self._proof["facts"][name])
                for name, (now, _) in change.items()
            ),
            "a fact is not changed, or to what it cannot be": all(
                self._domains[name].allowed(value) and value != self._known[name] for name, value in changed.items()
            ),
            "what must turn out so is known, or cannot be so": all(
                name in self._unknown and self._domains[name].allowed(value) for name, value in turns.items()
            ),
            f"the cost is {cost} and not {self._proof['cost']}": str(cost) == str(Fraction(self._proof["cost"]))
            and isinstance(self._proof["cost"], str),
        }
        return [problem for problem, right in checks.items() if not right] or self._leads(
            after, turns, len(change), cost
        )

    def _leads(self, after: dict[str, Any], turns: dict[str, Any], count: int, cost: Fraction) -> list[str]:
        rest = [name for name in self._unknown if name not in turns]
        if self._exists({**after, **turns}, rest, decides=False):
            return ["after the change another decision is possible"]
        for name in turns:
            others = {other: value for other, value in turns.items() if other != name}
            if not self._exists({**after, **others}, [*rest, name], decides=False):
                return [f"{name} need not turn out so"]
        free = [*self._levers, *self._unknown]
        smaller = self._exists(self._fixed, free, decides=True, below=(count, cost))
        return ["a smaller change leads to the decision"] if smaller else []

    def _exists(
        self, fixed: dict[str, Any], free: list[str], *, decides: bool, below: tuple[int, Fraction] | None = None
    ) -> bool:
        """Whether some values of the free facts make the policy decide as wanted, or otherwise."""
        domains = {name: self._domains[name].values() for name in free}
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
        return weight * (
            abs(value - now) / self._domains[name].span() if isinstance(now, Fraction) else Fraction(value != now)
        )

    def _solved(
        self, fixed: dict[str, Any], free: list[str], *, decides: bool, below: tuple[int, Fraction] | None
    ) -> bool:
        logic = SolverLogic()
        z3, reader, solver = logic.z3, Reader(self._policy, logic), logic.z3.SolverFor("AUFLIRA")
        solver.set(timeout=20_000)
        case = {name: logic.literal(reader.number(value)) for name, value in fixed.items()}
        counts, costs = [z3.RealVal(0)], [z3.RealVal(0)]
        for name in free:
            case[name] = self._domains[name].variable(logic, reader, solver)
            if below is not None and name in self._levers:
                same, far = self._distance(logic, reader, name, case[name])
                counts.append(z3.If(same, z3.RealVal(0), z3.RealVal(1)))
                costs.append(far * logic.literal(self._weights[name]))
        if below is not None:
            count, cost = z3.Sum(counts), z3.Sum(costs)
            solver.add(z3.Or(count < below[0], z3.And(count == below[0], cost < logic.literal(below[1]))))
        wanted = reader.decides(case, self._proof["wanted"])
        solver.add(wanted if decides else z3.Not(wanted))
        # What cannot be settled is not accepted.
        return str(solver.check()) != "unsat"

    def _distance(self, logic: SolverLogic, reader: Reader, name: str, variable: Any) -> tuple[Any, Any]:
        """That a fact is as now, and how far it has moved."""
        z3, now = logic.z3, logic.literal(reader.number(self._known[name]))
        same = variable == now
        if not isinstance(self._known[name], Fraction):
            return same, z3.If(same, z3.RealVal(0), z3.RealVal(1))
        return same, z3.If(variable >= now, variable - now, now - variable) / logic.literal(self._domains[name].span())
