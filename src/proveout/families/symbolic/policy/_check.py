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

__all__ = ["check_policy"]

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
        return _Checker(policy, given, on).problems(proof)
    except (LookupError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError, ArithmeticError) as error:
        return [f"no proof by this policy: {error!r}"]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=4096)
def _tree(text: str) -> Any:
    return ast.parse(text, mode="eval").body


def _exact(value: Any, unit: str = "") -> Fraction:
    scales = [Fraction(_SCALES.get(name, 1)) ** (-1 if sign else 1) for sign, name in re.findall(r"(/?)([^*/]+)", unit)]
    return Fraction(repr(value) if isinstance(value, float) else value) * math.prod(scales)


def _conjuncts(tree: Any) -> list[str]:
    both = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
    return [inner for part in tree.values for inner in _conjuncts(part)] if both else [ast.dump(tree)]


_APPLY: dict[str, Any] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "USub": operator.neg,
    "Div": lambda one, other: one / other if other else None,
    "Not": operator.not_,
    "abs": abs,
    "min": lambda *found: min(found),
    "max": lambda *found: max(found),
    "quantity": _exact,
    **{f"{name}s": lambda value, unit=name: _exact(value, unit) for name in _SCALES},
    "date": lambda text: _exact(date.fromisoformat(text).toordinal(), "day"),
}


class _Checker:
    def __init__(self, policy: dict[str, Any], given: dict[str, Any], on: str) -> None:
        self.policy, self.given, self.on = policy, given, on
        self.facts = {fact["name"]: fact for fact in policy.get("facts", [])}
        self.means = {one["name"]: _tree(one["means"]) for one in policy.get("definitions", [])}
        rules = sorted(policy.get("rules", []), key=lambda one: -int(one["priority"]))
        rules = [one for one in rules if not on or one.get("starts", on) <= on <= one.get("ends", on)]
        if set(given) - set(self.facts) or (not on and any({"starts", "ends"} & set(one) for one in rules)):
            raise ValueError("unknown facts are given, or rules are dated and no day is given")
        self.rules, overriding = {one["id"]: one for one in rules}, [one for one in rules if one.get("overrides")]
        self.trees = {name: _tree(rule["if"]) for name, rule in self.rules.items()}
        self.above = {name: [one["id"] for one in overriding if name in one["overrides"]] for name in self.rules}
        self.states: dict[str, bool | None] = {}
        self.used: set[str] = set()
        self.wrong: list[str] = []

    def value(self, tree: Any) -> Any:
        """What an expression comes to: a truth value, a text or a number; None while it is unknown."""
        found: Any
        match tree:
            case ast.Constant(value):
                found = value if isinstance(value, bool | str) else _exact(value)
            case ast.Name(name):
                found = self.value(self.means[name]) if name in self.means else self.fact(name)
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
        fact, plain = self.facts[name], self.given.get(name, self.facts[name].get("default"))
        if plain is None or fact["type"] in {"boolean", "enum", "text"}:
            return plain
        return _APPLY["date"](plain) if fact["type"] == "date" else _exact(plain, fact.get("unit", ""))

    def active(self, name: str) -> bool | None:
        """Whether a rule fires and no active rule overrides it."""
        if name not in self.states:
            above = [self.active(other) for other in self.above[name]]
            found = [self.value(self.trees[name]), *(None if one is None else not one for one in above)]
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

    def parts(self, tree: Any) -> list[Any]:
        """The parts that explain a truth value; none where it is simply computed."""
        if isinstance(tree, ast.BoolOp | ast.UnaryOp):
            return list(tree.values) if isinstance(tree, ast.BoolOp) else [tree.operand]
        return [self.means[tree.id]] if isinstance(tree, ast.Name) and tree.id in self.means else []

    def names(self, tree: Any) -> set[str]:
        found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        return (found & set(self.facts)).union(*(self.names(self.means[name]) for name in found & set(self.means)))

    def unknown(self, tree: Any) -> list[str]:
        inner = [name for part in self.parts(tree) for name in self.unknown(part)]
        own = [name for name in self.facts if name in self.names(tree) and self.fact(name) is None]
        return [] if self.value(tree) is not None else inner if self.parts(tree) else own

    def lacks(self, name: str) -> list[str]:
        """The unknown facts that leave a rule open."""
        above = [fact for other in self.above[name] if self.active(other) is None for fact in self.lacks(other)]
        return list(dict.fromkeys(self.unknown(self.trees[name]) + above))

    def head(self, name: str, more: dict[str, Any]) -> dict[str, Any]:
        said = {key: value for key, value in self.rules[name].items() if key in {"then", "priority", "cites"}}
        return {"rule": name, **said, **more}

    def step(self, tree: Any, shown: Any, held: Any) -> None:
        """A condition must be shown to hold or fail by the parts of it that this takes."""
        parts, dumped = self.parts(tree), ast.dump(_tree(shown["text"]))
        so = dumped == ast.dump(tree) and shown["is"] is held and self.value(tree) is held
        self.must(so and set(shown) == {"text", "is", *(["since"] if parts else [])}, shown["text"])
        self.used |= set() if parts else self.names(tree)
        if isinstance(tree, ast.BoolOp) and held == isinstance(tree.op, ast.Or):
            one = ast.dump(_tree(shown["since"][0]["text"]))
            parts = [part for part in parts if ast.dump(part) == one and self.value(part) is held][:1]
        for part, inner in zip(parts, shown.get("since", []), strict=True):
            self.step(part, inner, self.value(part))

    def steps(self, proof: Any, deciding: list[str], against: list[str]) -> None:
        for one in proof["holds"]:
            self.must(_json(one) == _json(self.head(one["rule"], {"since": one["since"]})), f"rule {one['rule']}")
            self.must(self.active(one["rule"]), f"rule {one['rule']} is active")
            self.step(self.trees[one["rule"]], one["since"], held=True)
        for group in proof["fails"]:
            tree = _tree(group["since"]["text"])
            self.step(tree, group["since"], held=False)
            failing = set(group) == {"since", "rules"} and group["rules"]
            self.must(
                failing and all(ast.dump(tree) in _conjuncts(self.trees[name]) for name in failing), "all these fail"
            )
        for one in proof["overridden"]:
            self.must(set(one) == {"rule", "by"} and one["by"] in self.above[one["rule"]], f"overridden {one['rule']}")
        holds, by = [one["rule"] for one in proof["holds"]], {one["by"] for one in proof["overridden"]} - set(deciding)
        self.must(
            holds == deciding + holds[len(deciding) :] and sorted(holds[len(deciding) :]) == sorted(by), "what holds"
        )
        rank = {name: at for at, name in enumerate(self.rules)}
        lists = [[rank[name] for name in group["rules"]] for group in proof["fails"]]
        last = [rank[one["rule"]] for one in proof["overridden"]]
        self.must([*map(sorted, [*sorted(lists), last])] == [*lists, last], "rules stand in their order")
        needed = {*against, *(other for name in holds for other in self.above[name])}
        self.must(sorted(sum(lists, last)) == sorted(rank[name] for name in needed), "all that must fail does")

    def problems(self, proof: Any) -> list[str]:
        status, rules, against = self.verdict()
        told: dict[str, Any] = {"kind": "policy", "status": status, **({"day": self.on} if self.on else {})}
        told |= {key: list(proof[key]) for key in ("holds", "fails", "overridden")}
        told["decision"] = self.rules[rules[0]]["then"] if status == "decided" else ""
        hashed = blake2b(_json(self.policy).encode(), digest_size=32).hexdigest()
        told["policy"] = {"name": self.policy["name"], "version": self.policy["version"], "hash": hashed}
        if status == "undetermined":
            told["decision"] = self.policy.get("undetermined", "")
            told["waiting"] = [self.head(name, {"for": self.lacks(name)}) for name in rules]
            told["missing"] = list(dict.fromkeys(fact for one in told["waiting"] for fact in one["for"]))
        self.must(proof["status"] == status, f"the verdict is {proof['status']}, it is {status}")
        self.steps(proof, [] if status == "undetermined" else rules, against)
        stated = {name: self.given[name] for name in self.used & set(self.given) if self.given[name] is not None}
        usual = {name: self.facts[name]["default"] for name in self.used - set(stated) if "default" in self.facts[name]}
        told["facts"] = {"stated": stated, "default": {name: usual[name] for name in usual if name not in self.given}}
        self.must(_json(proof) == _json(told), "what it says of the policy, the case and the facts")
        return self.wrong
