"""Checks a plan from the saved model alone: finds its value again, by code that shares nothing with the planner."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

__all__ = ["check_plan"]

CLOSE = 1e-9
SEPARATOR = "\x1f"
Json = Mapping[str, Any]
Rules = Callable[[Json, str], dict[str, Any] | None]
Belief = Mapping[tuple[tuple[str, str], ...], float]
Part = tuple[dict[str, Any], float, float, Belief]


def check_plan(proof: Json, model: Json, allowed: Rules) -> list[str]:
    """What is wrong with a plan; nothing, if it is the best one that the rules allow.

    Args:
        proof: what `Plan.proof` gave.
        model: ``model`` of the saved consequence model, as decoded from its JSON.
        allowed: by state and action, the rules' proof that it is allowed, checked by their own checker, or None.
    """
    try:
        if proof["kind"] != "plan" or set(proof) != {"kind", "depth", "least", "step"}:
            return ["it is no proof of a plan"]
        if proof["depth"] not in (1, 2, 3) or not isinstance(proof["least"], int):
            return ["its depth or its least support is out of range"]
        state = proof["step"]["state"]
        checker = _Checker(model, allowed, proof["least"])
        return checker.step(proof["step"], state, checker.belief(state), proof["depth"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError) as error:
        return [f"it is malformed: {type(error).__name__}: {error}"]


class _Checker:
    def __init__(self, model: Json, allowed: Rules, least: int) -> None:
        self.model, self.allowed, self.least = model, allowed, least
        self.spec = model["spec"]
        self.known: dict[tuple[Any, ...], list[tuple[tuple[Any, ...], dict[str, Any], float]]] = {}
        self.discrete = sorted(name for name, one in self.spec["state"].items() if one["values"])

    def step(self, step: Json, state: Json, belief: Belief, depth: int) -> list[str]:
        """Problems of a step and of all that follow it."""
        values = {
            action: self.value(state, belief, action, depth)
            for action in self.spec["actions"]
            if self.free(state, action)
        }
        taken = step["action"]
        best = max(values.values()) if values else None
        found = []
        if step["state"] != state:
            found.append("a step is for another state than the one that is reached")
        if step["fallback"] is not (not values) or (not values and taken != self.spec["safe"]):
            found.append("a fallback is claimed wrongly, or is not the safe action")
        if step["considered"].keys() != values.keys() or any(
            _far(step["considered"][one], values[one]) for one in values
        ):
            found.append("the actions considered, or their values, are others")
        if {one["action"] for one in step["pruned"]} != set(self.spec["actions"]) - set(values) or len(
            step["pruned"]
        ) + len(values) != len(self.spec["actions"]):
            found.append("the actions that are pruned are others")
        if values and (taken not in values or _far(values[taken], best)):
            found.append(f"{taken} is not the best allowed action")
        if step["proof"] != (self.allowed(state, taken) if values else None):
            found.append(f"the proof that {taken} is allowed is another")
        if _far(step["value"], values.get(taken, self.value(state, belief, taken, depth))):
            found.append("the value of a step is another")
        return found + self.follows(step, state, belief, depth)

    def follows(self, step: Json, state: Json, belief: Belief, depth: int) -> list[str]:
        """Problems of the outcomes that a step lists."""
        parts = self.parts(state, belief, step["action"])
        if len(parts) != len(step["follows"]):
            return ["outcomes are missing, or too many"]
        found = []
        for after, p, reward, later in parts:
            same = [one for one in step["follows"] if _alike(one["after"], after)]
            if len(same) != 1 or _far(same[0]["probability"], p) or _far(same[0]["reward"], reward):
                found.append("an outcome, its probability or its reward is another")
            elif (same[0]["step"] is None) != (depth == 1 or self.over(after)):
                found.append("a step is missing, or follows the end")
            elif same[0]["step"] is not None:
                found += self.step(same[0]["step"], self.moved(state, same[0]["after"]), later, depth - 1)
        return found

    def value(self, state: Json, belief: Belief, action: str, depth: int) -> float:
        """The expected reward of an action and the best of what may follow."""
        total = 0.0
        for after, p, reward, later in self.parts(state, belief, action):
            total += p * reward
            if depth > 1 and not self.over(after):
                total += p * self.best(self.moved(state, after), later, depth - 1)
        return total

    def best(self, state: Json, belief: Belief, depth: int) -> float:
        """The value of the best allowed action, or of the safe one."""
        free = [action for action in self.spec["actions"] if self.free(state, action)] or [self.spec["safe"]]
        return max(self.value(state, belief, action, depth) for action in free)

    def free(self, state: Json, action: str) -> bool:
        """Whether an action is proved allowed and was logged often enough."""
        seen = 0.0
        for key, count in self.model["support"].items():
            *values, logged = key.split(SEPARATOR)
            agrees = all(state.get(name, value) == value for name, value in zip(self.discrete, values, strict=True))
            seen += count if agrees and logged == action else 0.0
        return seen >= self.least and bool((self.allowed(state, action) or {}).get("kind"))

    def belief(self, state: Json) -> Belief:
        """Shares of what is unknown among first events that agree with the state, or among all if none does."""
        unknown = [name for name in self.discrete if name not in state]
        rows = [
            (dict(zip(self.discrete, key.split(SEPARATOR), strict=True)), count)
            for key, count in self.model["first"].items()
        ]
        agreeing = [(row, count) for row, count in rows if all(row[name] == state.get(name, row[name]) for name in row)]
        total = sum(count for _, count in agreeing or rows)
        found: dict[tuple[tuple[str, str], ...], float] = {}
        for row, count in agreeing or rows:
            key = tuple((name, row[name]) for name in unknown)
            found[key] = found.get(key, 0.0) + count / total
        return found

    def parts(self, state: Json, belief: Belief, action: str) -> list[Part]:
        """Outcomes with probability, reward, and the belief they leave."""
        mixed: dict[tuple[Any, ...], list[tuple[Any, float, dict[str, Any]]]] = {}
        for unknown, weight in belief.items():
            for key, after, p in self.outcomes({**state, **dict(unknown), "action": action}):
                if weight > 0 and p > 0:
                    mixed.setdefault(key, []).append((unknown, weight * p, after))
        found: list[Part] = []
        for rows in mixed.values():
            total = sum(p for _, p, _ in rows)
            after = {
                name: value if isinstance(value, str) else sum(p * one[name] for _, p, one in rows) / total
                for name, value in rows[0][2].items()
            }
            found.append((after, total, self.reward(after), {unknown: p / total for unknown, p, _ in rows}))
        return found

    def outcomes(self, given: Json) -> list[tuple[tuple[Any, ...], dict[str, Any], float]]:
        """Every combination of values after an action, for known inputs."""
        place = tuple(sorted(given.items()))
        if place not in self.known:
            self.known[place] = self.enumerated(given)
        return self.known[place]

    def enumerated(self, given: Json) -> list[tuple[tuple[Any, ...], dict[str, Any], float]]:
        """The same, for the first time."""
        open_ = dict(self.model["mechanisms"]["discrete"])
        worlds: list[tuple[dict[str, Any], dict[str, Any], float]] = [(dict(given), {}, 1.0)]
        while open_:
            name = min(one for one, of in open_.items() if not {f"next.{other}" for other in open_} & set(of["inputs"]))
            learner, values = open_.pop(name), self.spec["after"][name]["values"]
            worlds = [
                ({**world, f"next.{name}": value}, {**after, name: value}, p * share)
                for world, after, p in worlds
                for value, share in zip(values, _shares(learner, world), strict=True)
            ]
        found = []
        numbers = self.model["mechanisms"]["numeric"]
        moving = sorted(set(numbers) & set(self.spec["state"]))
        for world, after, p in worlds:
            means = {name: _mean(learner, world) for name, learner in numbers.items()}
            atoms = [list(enumerate(self.model["spreads"][name]["atoms"])) for name in moving]
            for drawn in product(*atoms):
                moved = {name: means[name] + atom for name, (_, atom) in zip(moving, drawn, strict=True)}
                key = (*sorted(after.items()), *(at for at, _ in drawn))
                found.append((key, {**after, **means, **moved}, p / math.prod(map(len, atoms))))
        return found

    def reward(self, after: Json) -> float:
        """What an outcome is worth."""
        weights = self.spec["reward"].items()
        return float(
            sum(of.get(after[name], 0.0) if isinstance(of, dict) else of * after[name] for name, of in weights)
        )

    def over(self, after: Json) -> bool:
        """Whether the case has ended."""
        return any(after[name] in values for name, values in self.spec["ends"].items())

    def moved(self, state: Json, after: Json) -> dict[str, Any]:
        """The next state."""
        return {**state, **{name: value for name, value in after.items() if name in self.spec["state"]}}


def _cell(learner: Json, given: Json) -> tuple[str, str]:
    inputs = learner["inputs"]
    return SEPARATOR.join(str(given[name]) for name in inputs), given["action"] if "action" in inputs else ""


def _features(encoding: Json, given: Json) -> list[float]:
    marks = [float(given[name] == level) for name, levels in sorted(encoding["levels"].items()) for level in levels[1:]]
    return [
        1.0,
        *marks,
        *((given[name] - centre) / encoding["scale"][name] for name, centre in sorted(encoding["centre"].items())),
    ]


def _dot(weights: list[float], features: list[float]) -> float:
    return sum(a * b for a, b in zip(weights, features, strict=True))


def _shares(learner: Json, given: Json) -> list[float]:
    cell, action = _cell(learner, given)
    prior = learner["prior"].get(action, learner["prior"][""])
    if learner["type"] == "Table":
        counts, worth = learner["counts"].get(cell, [0.0] * len(prior)), learner["strength"]
        return [(count + worth * share) / (sum(counts) + worth) for count, share in zip(counts, prior, strict=True)]
    if action not in learner["weights"]:
        return list(prior)
    features = _features(learner["encoding"], given)
    scores = [-math.inf if of is None else _dot(of, features) for of in learner["weights"][action]]
    powers, rows = [math.exp(score - max(scores)) for score in scores], learner["rows"][action]
    return [(rows * power / sum(powers) + share) / (rows + 1) for power, share in zip(powers, prior, strict=True)]


def _mean(learner: Json, given: Json) -> float:
    cell, action = _cell(learner, given)
    if learner["type"] == "Ridge":
        return _dot(learner["weights"].get(action, learner["weights"][""]), _features(learner["encoding"], given))
    total, rows = learner["sums"].get(cell, (0.0, 0.0))
    prior = learner["prior"].get(action, learner["prior"][""])
    return float((total + learner["strength"] * prior) / (rows + learner["strength"]))


def _far(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or not isinstance(one, int | float) or not math.isfinite(one):
        return True
    return bool(abs(one - other) > CLOSE * max(1.0, abs(other)))


def _alike(one: Json, other: Json) -> bool:
    return one.keys() == other.keys() and all(
        one[name] == value if isinstance(value, str) else not _far(one[name], value) for name, value in other.items()
    )
