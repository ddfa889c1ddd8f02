"""Checks a plan from the saved model alone: finds its value again, by code that shares nothing with the planner."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

__all__ = ["check_plan"]

CLOSE, SEPARATOR = 1e-9, "\x1f"
STEP = {"state", "action", "value", "fallback", "proof", "considered", "pruned", "follows"}
PRUNED, FOLLOW = {"action", "status", "reason", "proof"}, {"after", "probability", "reward", "step"}

Json = Mapping[str, Any]
Belief = Mapping[tuple[tuple[str, str], ...], float]
Part = tuple[dict[str, Any], float, float, Belief]
World = tuple[tuple[Any, ...], dict[str, Any], float]


def check_plan(proof: Json, model: Json, allowed: Callable[[Json, str], dict[str, Any] | None]) -> list[str]:
    """What is wrong with a plan; nothing, if it is the best one that the rules allow.

    ``model`` is that of the saved consequence model, decoded from its JSON; ``allowed`` gives the rules' proof that an
    action is allowed in a state, checked by their own checker, or None.
    """
    try:
        head = proof["kind"] == "plan" and set(proof) == {"kind", "depth", "least", "step"}
        if not head or proof["depth"] not in (1, 2, 3) or not isinstance(proof["least"], int):
            return ["it is no proof of a plan"]
        checker, state = _Checker(model, allowed, proof["least"]), proof["step"]["state"]
        known = model["spec"]["state"]
        if any(known[name]["values"] and value not in known[name]["values"] for name, value in state.items()):
            return ["a value of its state is none of the variable's"]
        return checker.step(proof["step"], state, checker.belief(state), proof["depth"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError) as error:
        return [f"it is malformed: {type(error).__name__}: {error}"]


class _Checker:
    def __init__(self, model: Json, allowed: Callable[[Json, str], dict[str, Any] | None], least: int) -> None:
        self.model, self.allowed, self.least, self.spec = model, allowed, least, model["spec"]
        self.known: dict[tuple[Any, ...], list[World]] = {}
        self.discrete = sorted(name for name, one in self.spec["state"].items() if one["values"])

    def step(self, step: Json, state: Json, belief: Belief, depth: int) -> list[str]:
        free = [action for action in self.spec["actions"] if self.free(state, action)]
        values = {action: self.value(state, belief, action, depth) for action in free or [self.spec["safe"]]}
        taken, considered = step["action"], step["considered"]
        pruned = [one["action"] for one in step["pruned"] if set(one) == PRUNED]
        problems = {
            "a step has other parts, or is for another state": set(step) != STEP or step["state"] != state,
            "a fallback is claimed wrongly": step["fallback"] is not (not free),
            "the actions considered, or their values, are others": set(considered) != set(free)
            or any(_far(considered[action], values[action]) for action in free),
            "the actions that are pruned are others": sorted(pruned) != sorted(set(self.spec["actions"]) - set(free))
            or len(pruned) != len(step["pruned"]),
            "another action is better": taken not in values or _far(values[taken], max(values.values())),
            "its proof is another": step["proof"] != (self.allowed(state, taken) if free else None),
            "its value is another": _far(step["value"], values.get(taken, math.inf)),
        }
        return [what for what, wrong in problems.items() if wrong] or self.follows(step, state, belief, depth)

    def follows(self, step: Json, state: Json, belief: Belief, depth: int) -> list[str]:
        parts = self.parts(state, belief, step["action"])
        found = ["outcomes are missing, or too many"] if len(parts) != len(step["follows"]) else []
        for after, p, reward, later in parts:
            same = [one for one in step["follows"] if set(one) == FOLLOW and _alike(one["after"], after)]
            if len(same) != 1 or _far(same[0]["probability"], p) or _far(same[0]["reward"], reward):
                found.append("an outcome, its probability or its reward is another")
            elif (same[0]["step"] is None) != (depth == 1 or self.over(after)):
                found.append("a step is missing, or follows the end")
            elif same[0]["step"] is not None:
                found += self.step(same[0]["step"], self.moved(state, same[0]["after"]), later, depth - 1)
        return found

    def value(self, state: Json, belief: Belief, action: str, depth: int) -> float:
        total = 0.0
        for after, p, reward, later in self.parts(state, belief, action):
            total += p * reward
            if depth > 1 and not self.over(after):
                new = self.moved(state, after)
                free = [one for one in self.spec["actions"] if self.free(new, one)] or [self.spec["safe"]]
                total += p * max(self.value(new, later, one, depth - 1) for one in free)
        return total

    def free(self, state: Json, action: str) -> bool:
        seen = 0.0
        for key, count in self.model["support"].items():
            *values, logged = key.split(SEPARATOR)
            told = zip(self.discrete, values, strict=True)
            seen += count * (logged == action and all(state.get(name, value) == value for name, value in told))
        return seen >= self.least and bool((self.allowed(state, action) or {}).get("kind"))

    def belief(self, state: Json) -> Belief:
        rows = [dict(zip(self.discrete, key.split(SEPARATOR), strict=True)) for key in self.model["first"]]
        counted = list(zip(rows, self.model["first"].values(), strict=True))
        agreeing = [(row, n) for row, n in counted if all(row[name] == state.get(name, row[name]) for name in row)]
        total = sum(count for _, count in agreeing or counted)
        found: dict[tuple[tuple[str, str], ...], float] = {}
        for row, count in agreeing or counted:
            key = tuple((name, row[name]) for name in self.discrete if name not in state)
            found[key] = found.get(key, 0.0) + count / total
        return found

    def parts(self, state: Json, belief: Belief, action: str) -> list[Part]:
        mixed: dict[tuple[Any, ...], list[tuple[Any, float, dict[str, Any]]]] = {}
        for unknown, weight in belief.items():
            for key, after, p in self.outcomes({**state, **dict(unknown), "action": action}):
                if weight > 0 and p > 0:
                    mixed.setdefault(key, []).append((unknown, weight * p, after))
        return [self.part(rows) for rows in mixed.values()]

    def part(self, rows: list[tuple[Any, float, dict[str, Any]]]) -> Part:
        total = sum(p for _, p, _ in rows)
        after = dict(rows[0][2])
        for name in self.model["mechanisms"]["numeric"]:
            after[name] = sum(p * one[name] for _, p, one in rows) / total
        weights = self.spec["reward"].items()
        reward = sum(of.get(after[name], 0.0) if isinstance(of, dict) else of * after[name] for name, of in weights)
        return after, total, float(reward), {unknown: p / total for unknown, p, _ in rows}

    def outcomes(self, given: Json) -> list[World]:
        place = tuple(sorted(given.items()))
        if place not in self.known:
            self.known[place] = [one for world in self.worlds(given) for one in self.numbered(*world)]
        return self.known[place]

    def worlds(self, given: Json) -> list[tuple[dict[str, Any], dict[str, Any], float]]:
        left = dict(self.model["mechanisms"]["discrete"])
        worlds: list[tuple[dict[str, Any], dict[str, Any], float]] = [(dict(given), {}, 1.0)]
        while left:
            name = min(one for one, of in left.items() if not {f"next.{other}" for other in left} & set(of["inputs"]))
            learner, values = left.pop(name), self.spec["after"][name]["values"]
            worlds = [
                ({**world, f"next.{name}": value}, {**after, name: value}, p * share)
                for world, after, p in worlds
                for value, share in zip(values, _shares(learner, world), strict=True)
            ]
        return worlds

    def numbered(self, world: Json, after: Json, p: float) -> list[World]:
        means = {name: _mean(learner, world) for name, learner in self.model["mechanisms"]["numeric"].items()}
        moving = sorted(set(means) & set(self.spec["state"]))
        atoms = [list(enumerate(self.model["spreads"][name]["atoms"])) for name in moving]
        found = []
        for drawn in product(*atoms):
            moved = {name: means[name] + atom for name, (_, atom) in zip(moving, drawn, strict=True)}
            key = (*sorted(after.items()), *(at for at, _ in drawn))
            found.append((key, {**after, **means, **moved}, p / math.prod(map(len, atoms))))
        return found

    def over(self, after: Json) -> bool:
        return any(after[name] in values for name, values in self.spec["ends"].items())

    def moved(self, state: Json, after: Json) -> dict[str, Any]:
        return {**state, **{name: value for name, value in after.items() if name in self.spec["state"]}}


def _place(learner: Json, given: Json) -> tuple[str, str]:
    inputs = learner["inputs"]
    return SEPARATOR.join(str(given[name]) for name in inputs), given["action"] if "action" in inputs else ""


def _dot(weights: list[float], encoding: Json, given: Json) -> float:
    marks = [given[name] == level for name, levels in sorted(encoding["levels"].items()) for level in levels[1:]]
    centred = [(given[name] - of) / encoding["scale"][name] for name, of in sorted(encoding["centre"].items())]
    return float(sum(a * b for a, b in zip(weights, [1.0, *marks, *centred], strict=True)))


def _shares(learner: Json, given: Json) -> list[float]:
    cell, action = _place(learner, given)
    prior = learner["prior"].get(action, learner["prior"][""])
    if learner["type"] == "Table":
        counts, worth = learner["counts"].get(cell, [0.0] * len(prior)), learner["strength"]
        return [(count + worth * share) / (sum(counts) + worth) for count, share in zip(counts, prior, strict=True)]
    if action not in learner["weights"]:
        return list(prior)
    scores = [-math.inf if of is None else _dot(of, learner["encoding"], given) for of in learner["weights"][action]]
    powers, rows = [math.exp(score - max(scores)) for score in scores], learner["rows"][action]
    return [(rows * power / sum(powers) + share) / (rows + 1) for power, share in zip(powers, prior, strict=True)]


def _mean(learner: Json, given: Json) -> float:
    cell, action = _place(learner, given)
    if learner["type"] == "Ridge":
        return _dot(learner["weights"].get(action, learner["weights"][""]), learner["encoding"], given)
    (total, rows), prior = learner["sums"].get(cell, (0.0, 0.0)), learner["prior"].get(action, learner["prior"][""])
    return float((total + learner["strength"] * prior) / (rows + learner["strength"]))


def _far(one: Any, other: float) -> bool:
    return type(one) not in (int, float) or not abs(one - other) <= CLOSE * max(1.0, abs(other))


def _alike(one: Json, other: Json) -> bool:
    return set(one) == set(other) and all(
        one[name] == value if isinstance(value, str) else not _far(one[name], value) for name, value in other.items()
    )
