"""An independent check of proofs by policies: it shares no code with what makes them."""

from __future__ import annotations

import ast
import json
import math
import operator
import re
from datetime import date
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from proveout.families.symbolic.policy._check_parsed import Parsed

__all__ = ["PolicyChecker", "check_policy"]

# Every span of time is computed in seconds or months, and a date as the seconds since the year 1.
_SCALES = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 1, "year": 12}


def check_policy(proof: Any, policy: dict[str, Any], given: dict[str, Any], on: str = "") -> list[str]:
    """Check each step of a proof, and that none is missing, against the policy and the facts alone.

    ``policy`` is what `policy_to_json` gives, ``given`` what `Facts.to_json` does, ``on`` the day of a policy that has
    dated rules, as ``2026-01-31``. What is wrong with the proof is returned: nothing when it is accepted.

    Example:
        >>> check_policy({"kind": "policy"}, {"version": 1, "name": "p", "decisions": ["a"]}, {})
        ["no proof by this policy: KeyError('holds')"]
    """
    try:
        return _checker(_json(policy), on).problems(proof, given)
    except _WRONG as error:
        return [f"no proof by this policy: {error!r}"]


_WRONG = (LookupError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError, ArithmeticError)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=16)
def _checker(policy: str, on: str) -> PolicyChecker:
    return PolicyChecker(json.loads(policy), on)


def _exact(value: Any, unit: str = "") -> Fraction:
    scales = [Fraction(_SCALES.get(name, 1)) ** (-1 if sign else 1) for sign, name in re.findall(r"(/?)([^*/]+)", unit)]
    return Fraction(repr(value) if isinstance(value, float) else value) * math.prod(scales)


_APPLY: dict[str, Any] = {
    "Eq": operator.eq, "NotEq": operator.ne, "Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt,
    "GtE": operator.ge, "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "USub": operator.neg,
    "Div": lambda one, other: one / other if other else None,
    "Not": operator.not_,
    "abs": abs,
    "min": lambda *found: min(found),
    "max": lambda *found: max(found),
    "quantity": _exact,
    **{f"{name}s": lambda value, unit=name: _exact(value, unit) for name in _SCALES},
    "date": lambda text: _exact(date.fromisoformat(text).toordinal(), "day"),
}  # fmt: skip


class PolicyChecker:
    """`check_policy` for many proofs by one policy on one day, which is read once.

    Example:
        >>> PolicyChecker({"version": 1, "name": "p", "decisions": ["a"]}).problems({"kind": "policy"}, {})
        ["no proof by this policy: KeyError('holds')"]
    """

    def __init__(self, policy: dict[str, Any], on: str = "") -> None:
        self.head = {"version": policy["version"], "name": policy["name"]}
        self.head["hash"] = blake2b(_json(policy).encode(), digest_size=32).hexdigest()
        self.undetermined, self.on, self.parsed = policy.get("undetermined", ""), on, Parsed(policy, on)

    def problems(self, proof: Any, given: dict[str, Any]) -> list[str]:
        """What is wrong with a proof about a case; nothing when it is accepted."""
        try:
            return _Case(self, given).problems(proof)
        except _WRONG as error:
            return [f"no proof by this policy: {error!r}"]


class _Case:
    def __init__(self, checker: PolicyChecker, given: dict[str, Any]) -> None:
        self.checker, self.given, self.of = checker, given, checker.parsed
        self.rules, self.above = self.of.rules, self.of.above
        if set(given) - set(self.of.facts):
            raise ValueError("unknown facts are given")
        self.values: dict[int, Any] = {}
        self.states: dict[str, bool | None] = {}
        self.used: set[str] = set()
        self.wrong: list[str] = []

    def value(self, tree: Any) -> Any:
        if id(tree) not in self.values:
            self.values[id(tree)] = self.computed(tree)
        return self.values[id(tree)]

    def computed(self, tree: Any) -> Any:
        """What an expression comes to: a truth value, a text or a number; None while it is unknown."""
        found: Any
        match tree:
            case ast.Constant(value):
                found = value if isinstance(value, bool | str) else _exact(value)
            case ast.Name(name):
                found = self.value(self.of.means[name]) if name in self.of.means else self.fact(name)
            case ast.BoolOp(op, parts):
                values, settling = [self.value(part) for part in parts], isinstance(op, ast.Or)
                found = settling if settling in values else None if None in values else not settling
            case ast.IfExp(test, then, otherwise):
                found = None if (held := self.value(test)) is None else self.value(then if held else otherwise)
            case ast.Compare(left, [ast.In() | ast.NotIn() as op], [ast.List(items)]):
                values = [self.applied("Eq", left, item) for item in items]
                found = None if None in values else (True in values) == isinstance(op, ast.In)
            case ast.Compare(left, [op], [right]) | ast.BinOp(left, op, right):
                found = self.applied(type(op).__name__, left, right)
            case ast.UnaryOp(op, of):
                found = self.applied(type(op).__name__, of)
            case _:
                found = self.applied(tree.func.id, *tree.args)
        return found

    def applied(self, name: str, *parts: Any) -> Any:
        found = [self.value(part) for part in parts]
        return None if None in found else _APPLY[name](*found)

    def fact(self, name: str) -> Any:
        fact = self.of.facts[name]
        plain = self.given.get(name, fact.get("default"))
        if plain is None or fact["type"] in {"boolean", "enum", "text"}:
            return plain
        return _APPLY["date"](plain) if fact["type"] == "date" else _exact(plain, fact.get("unit", ""))

    def active(self, name: str) -> bool | None:
        """Whether a rule fires and no active rule overrides it."""
        if name not in self.states:
            above = [self.active(other) for other in self.above[name]]
            found = [self.value(self.of.trees[name]), *(None if one is None else not one for one in above)]
            self.states[name] = False if False in found else None if None in found else True
        return self.states[name]

    def verdict(self) -> tuple[str, list[str], list[str]]:
        """Status; the rule that decides and one that contradicts it, or those still open; those that must fail."""
        on, waiting = ([name for name in self.rules if self.active(name) is state] for state in (True, None))
        if not on:
            return ("undetermined", waiting, []) if waiting else ("uncovered", [], list(self.rules))
        then, top = self.rules[on[0]]["then"], self.rules[on[0]]["priority"]
        against = [name for name, rule in self.rules.items() if rule["priority"] >= top and rule["then"] != then]
        if rivals := [name for name in on if name in against][:1]:
            against = [name for name, rule in self.rules.items() if rule["priority"] > top]
        waiting = [name for name in waiting if name in against]
        status = "conflict" if rivals else "decided"
        return ("undetermined", waiting, []) if waiting else (status, [on[0], *rivals], against)

    def must(self, so: Any, what: str) -> None:
        self.wrong += [] if so else [f"not so: {what}"]

    def unknown(self, tree: Any) -> list[str]:
        parts = self.of.parts(tree)
        if self.value(tree) is not None:
            return []
        if parts:
            return [name for part in parts for name in self.unknown(part)]
        return [name for name in self.of.facts if name in self.of.names_in(tree) and self.fact(name) is None]

    def lacks(self, name: str) -> list[str]:
        """The unknown facts that leave a rule open."""
        above = [fact for other in self.above[name] if self.active(other) is None for fact in self.lacks(other)]
        return list(dict.fromkeys(self.unknown(self.of.trees[name]) + above))

    def head(self, name: str, more: dict[str, Any]) -> dict[str, Any]:
        said = {key: value for key, value in self.rules[name].items() if key in {"then", "priority", "cites"}}
        return {"rule": name, **said, **more}

    def step(self, tree: Any, shown: Any, held: Any) -> None:
        """A condition must be shown to hold or fail by the parts of it that this takes."""
        parts = self.of.parts(tree)
        so = self.of.tree(shown["text"]) is tree and shown["is"] is held and self.value(tree) is held
        self.must(so and set(shown) == {"text", "is", *(["since"] if parts else [])}, shown["text"])
        self.used |= set() if parts else self.of.names_in(tree)
        if isinstance(tree, ast.BoolOp) and held == isinstance(tree.op, ast.Or):
            one = self.of.tree(shown["since"][0]["text"])
            parts = [part for part in parts if part is one and self.value(part) is held][:1]
        for part, inner in zip(parts, shown.get("since", []), strict=True):
            self.step(part, inner, self.value(part))

    def steps(self, proof: Any, deciding: list[str], against: list[str]) -> None:
        for one in proof["holds"]:
            self.must(_json(one) == _json(self.head(one["rule"], {"since": one["since"]})), f"rule {one['rule']}")
            self.must(self.active(one["rule"]), f"rule {one['rule']} is active")
            self.step(self.of.trees[one["rule"]], one["since"], held=True)
        for group in proof["fails"]:
            tree = self.of.tree(group["since"]["text"])
            self.step(tree, group["since"], held=False)
            failing = set(group) == {"since", "rules"} and group["rules"]
            conjuncts = [self.of.conjuncts(self.of.trees[name]) for name in failing or []]
            self.must(failing and all(any(part is tree for part in some) for some in conjuncts), "all these fail")
        for one in proof["overridden"]:
            self.must(set(one) == {"rule", "by"} and one["by"] in self.above[one["rule"]], f"overridden {one['rule']}")
        holds, by = [one["rule"] for one in proof["holds"]], {one["by"] for one in proof["overridden"]} - set(deciding)
        self.must(
            holds == deciding + holds[len(deciding) :] and sorted(holds[len(deciding) :]) == sorted(by), "what holds"
        )
        rank = self.of.rank
        lists = [[rank[name] for name in group["rules"]] for group in proof["fails"]]
        last = [rank[one["rule"]] for one in proof["overridden"]]
        self.must([*map(sorted, [*sorted(lists), last])] == [*lists, last], "rules stand in their order")
        needed = {*against, *(other for name in holds for other in self.above[name])}
        self.must(sorted(sum(lists, last)) == sorted(rank[name] for name in needed), "all that must fail does")

    def problems(self, proof: Any) -> list[str]:
        checker, facts = self.checker, self.of.facts
        status, rules, against = self.verdict()
        told: dict[str, Any] = {"kind": "policy", "status": status, **({"day": checker.on} if checker.on else {})}
        told |= {key: list(proof[key]) for key in ("holds", "fails", "overridden")}
        told["decision"] = self.rules[rules[0]]["then"] if status == "decided" else ""
        told["policy"] = checker.head
        if status == "undetermined":
            told["decision"] = checker.undetermined
            told["waiting"] = [self.head(name, {"for": self.lacks(name)}) for name in rules]
            told["missing"] = list(dict.fromkeys(fact for one in told["waiting"] for fact in one["for"]))
        self.must(proof["status"] == status, f"the verdict is {proof['status']}, it is {status}")
        self.steps(proof, [] if status == "undetermined" else rules, against)
        stated = {name: self.given[name] for name in self.used & set(self.given) if self.given[name] is not None}
        usual = {name: facts[name]["default"] for name in self.used - set(stated) if "default" in facts[name]}
        told["facts"] = {"stated": stated, "default": {name: usual[name] for name in usual if name not in self.given}}
        self.must(_json(proof) == _json(told), "what it says of the policy, the case and the facts")
        return self.wrong
