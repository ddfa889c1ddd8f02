"""A policy as its independent checker reads it: once, and so that to compare expressions is to compare objects."""

from __future__ import annotations

import ast
from typing import Any

__all__ = ["Parsed"]

# Spellings of expressions that are kept.
_MOST_TEXTS = 10_000


class Parsed:
    """The facts, definitions and rules in force of a policy that is given as JSON.

    Of expressions that are written alike, and of their parts, there is one object.

    Raises:
        ValueError: a rule is dated and no day is given.
    """

    def __init__(self, policy: dict[str, Any], on: str) -> None:
        self._trees: dict[Any, Any] = {}
        self._texts: dict[str, Any] = {}
        self._names: dict[int, set[str]] = {}
        self.facts = {fact["name"]: fact for fact in policy.get("facts", [])}
        self.means = {one["name"]: self._new(one["means"]) for one in policy.get("definitions", [])}
        rules = sorted(policy.get("rules", []), key=lambda one: -int(one["priority"]))
        rules = [one for one in rules if not on or one.get("starts", on) <= on <= one.get("ends", on)]
        if not on and any({"starts", "ends"} & set(one) for one in rules):
            raise ValueError("rules are dated and no day is given")
        self.rules = {one["id"]: one for one in rules}
        self.rank = {name: at for at, name in enumerate(self.rules)}
        self.trees = {name: self._new(rule["if"]) for name, rule in self.rules.items()}
        self.above: dict[str, list[str]] = {name: [] for name in self.rules}
        for one in rules:
            for other in self.above.keys() & set(one.get("overrides", ())):
                self.above[other].append(one["id"])

    def _new(self, text: str) -> Any:
        return self._one(ast.parse(text, mode="eval").body, new=True)

    def tree(self, text: str) -> Any:
        """The expression of the policy that is written so.

        Raises:
            ValueError: it has none.
        """
        if text in self._texts:
            return self._texts[text]
        found = self._one(ast.parse(text, mode="eval").body, new=False)
        if found is None:
            raise ValueError(f"{text[:80]!r} is no part of the policy")
        if len(self._texts) < _MOST_TEXTS:
            self._texts[text] = found
        return found

    def _one(self, tree: Any, *, new: bool) -> Any:
        """Of all equal trees the first; None where it is to be none that is new."""
        key: list[Any] = [type(tree)]
        for name, value in ast.iter_fields(tree):
            if isinstance(value, list):
                setattr(tree, name, [self._one(part, new=new) for part in value])
                key.append(tuple(map(id, getattr(tree, name))))
            elif isinstance(value, ast.AST):
                setattr(tree, name, self._one(value, new=new))
                key.append(id(getattr(tree, name)))
            else:
                key += [type(value), repr(value)]
        return self._trees.setdefault(tuple(key), tree) if new else self._trees.get(tuple(key))

    def parts(self, tree: Any) -> list[Any]:
        """The parts that explain a truth value; none where it is simply computed."""
        if isinstance(tree, ast.BoolOp | ast.UnaryOp):
            return list(tree.values) if isinstance(tree, ast.BoolOp) else [tree.operand]
        return [self.means[tree.id]] if isinstance(tree, ast.Name) and tree.id in self.means else []

    def conjuncts(self, tree: Any) -> list[Any]:
        """The parts that must all hold."""
        both = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
        return [inner for part in tree.values for inner in self.conjuncts(part)] if both else [tree]

    def names_in(self, tree: Any) -> set[str]:
        """The facts that it depends on, also through definitions."""
        if id(tree) not in self._names:
            found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            deeper = [self.names_in(self.means[name]) for name in found & set(self.means)]
            self._names[id(tree)] = (found & set(self.facts)).union(*deeper)
        return self._names[id(tree)]
