"""What follows from one action, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.errors import FactInvalid
from proveout.families.symbolic.effects._branches import branches
from proveout.families.symbolic.effects._events import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.families.symbolic.effects._branches import Branch
    from proveout.families.symbolic.effects._consequences import ConsequenceModel

__all__ = ["Outcome", "Prediction", "Span", "predict"]

LOW, HIGH = 0.025, 0.975


class Span(msgspec.Struct, frozen=True):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


class Outcome(msgspec.Struct, frozen=True):
    """One outcome: the discrete values after the action, their probability and its 95 % interval."""

    after: dict[str, Value]
    probability: float
    low: float
    high: float


class Prediction(msgspec.Struct, frozen=True):
    """What follows from an action.

    Attributes:
        action: the action that is set.
        outcomes: likeliest first; their probabilities add up to 1.
        numbers: by name, the expected value and the interval in which 95 % of cases end up.
        reward: the expected reward, and the interval of that expectation.
        support: logged events with this action in this discrete state.
        warnings: what to be careful about.
    """

    action: str
    outcomes: tuple[Outcome, ...]
    numbers: dict[str, Span]
    reward: Span
    support: int
    warnings: tuple[str, ...]


def predict(model: ConsequenceModel, state: Mapping[str, Value], action: str) -> Prediction:
    """The distribution of outcomes were the action taken: ``P(after | do(action), state)``.

    A discrete variable that the state leaves out is averaged over as it was before anybody acted, so that what the log
    says of an action is not mistaken for what the kind of case it was taken in would have brought anyway.

    Raises:
        FactInvalid: the state or the action is not of the declaration.
    """
    known = model.known(state)
    if action not in model.spec.actions:
        fix = f"use one of {', '.join(model.spec.actions)}"
        raise FactInvalid("an action is unknown", why="it is not declared", fix=fix, about=action)
    belief = model.belief(known)
    found = branches(model, model.mechanisms, known, belief, action)
    again = [branches(model, one, known, belief, action) for one in model.replicas]
    support = model.supported(known, action)
    warnings = () if support else (f"no logged case like this was met by {action}: the model extrapolates",)
    return Prediction(
        action,
        _outcomes(model, found, again),
        {name: _number(model, name, found) for name in sorted(model.mechanisms.numeric)},
        _span(_reward(found), [_reward(one) for one in again]),
        support,
        warnings,
    )


def _discrete(model: ConsequenceModel, found: list[Branch]) -> dict[tuple[tuple[str, Value], ...], float]:
    """Probability by discrete values."""
    totals: dict[tuple[tuple[str, Value], ...], float] = {}
    for one in found:
        key = tuple((name, value) for name, value in one.after.items() if model.spec.after[name].values)
        totals[key] = totals.get(key, 0.0) + one.probability
    return totals


def _outcomes(model: ConsequenceModel, found: list[Branch], again: list[list[Branch]]) -> tuple[Outcome, ...]:
    spread = [_discrete(model, one) for one in again]
    outcomes = []
    for key, p in _discrete(model, found).items():
        span = _span(p, [one.get(key, 0.0) for one in spread])
        outcomes.append(Outcome(dict(key), p, span.low, span.high))
    return tuple(sorted(outcomes, key=lambda one: -one.probability))


def _number(model: ConsequenceModel, name: str, found: list[Branch]) -> Span:
    mean = sum(one.probability * float(one.after[name]) for one in found)
    values = [float(one.after[name]) for one in found if one.probability > LOW]
    spread = model.spreads[name]
    moving = name in model.spec.state
    low, high = (min(values, default=mean), max(values, default=mean)) if not moving else (mean, mean)
    return Span(mean, low + spread.low, high + spread.high)


def _reward(found: list[Branch]) -> float:
    return sum(one.probability * one.reward for one in found)


def _span(value: float, again: list[float]) -> Span:
    if not again:
        return Span(value, value, value)
    low, high = np.quantile(again, [LOW, HIGH])
    return Span(value, min(value, float(low)), max(value, float(high)))
