"""What would have happened in a past case, had something else been done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import FactInvalid
from proveout.families.symbolic.effects._branches import chains
from proveout.families.symbolic.effects._events import ACTION, Event, Value, check_value, next_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families.symbolic.effects._consequences import ConsequenceModel

__all__ = ["Counterfactual", "Instead", "counterfactual"]

ROUNDING = 1e-12


class Instead(msgspec.Struct, frozen=True):
    """One outcome that might have been, and between which bounds its probability lies."""

    after: dict[str, Value]
    low: float
    high: float


class Counterfactual(msgspec.Struct, frozen=True):
    """The answer.

    Attributes:
        action: what was done instead.
        identified: the data and the declaration give one probability for each outcome, so that the bounds meet.
        reason: why, or why not.
        outcomes: likeliest first.
        reward: bounds of the expected reward under the other action.
        factual: the reward as it was.
    """

    action: str
    identified: bool
    reason: str
    outcomes: tuple[Instead, ...]
    reward: tuple[float, float]
    factual: float


class _World(msgspec.Struct, frozen=True):
    """An assignment of what is unknown, its probability given all that was seen, and the values of all inputs."""

    weight: float
    seen: float
    given: dict[str, Value]


def counterfactual(model: ConsequenceModel, event: Event, action: str) -> Counterfactual:
    """What would have come of a past event under another action: abduction, action, prediction (Pearl 2009, 7.1).

    The noise of a number is its residual, and stays as it was. That of a monotone variable is its place on the scale
    of its values, known to lie between two bounds. Of any other variable nothing ties the two outcomes together, and
    only the sharp bounds hold that their probabilities leave (Frechet 1951; Tian and Pearl 2000).

    Raises:
        FactInvalid: the event or the action is not of the declaration, or was impossible.
    """
    known = model.known(event.state)
    for name in (event.action, action):
        if name not in model.spec.actions:
            raise FactInvalid("an action is unknown", why="it is not declared", fix="correct it", about=name)
    seen = {name: _seen(model, event, name) for name in model.spec.order()}
    worlds = _worlds(model, known, event.action, seen)
    same = action == event.action
    identified = same or all(one.monotone or not one.values for one in model.spec.after.values())
    found: dict[tuple[Value, ...], list[Any]] = {}
    for world in worlds:
        pairs = _coupled(model, world, action, seen) if identified else _bounded(model, world, action)
        for after, low, high in pairs:
            full = {**after, **_numbers(model, world, action, after, seen)}
            part = found.setdefault(tuple(after.values()), [full, 0.0, 0.0])
            part[1], part[2] = part[1] + world.weight * low, part[2] + world.weight * high
    outcomes = tuple(Instead(after, low, high) for after, low, high in found.values() if high > ROUNDING)
    worths = [model.spec.worth(one.after) for one in outcomes]
    bounds = (_extreme(outcomes, worths, 1), _extreme(outcomes, worths, -1))
    ranked = tuple(sorted(outcomes, key=lambda one: (-one.high, -one.low)))
    return Counterfactual(action, identified, _reason(model, same=same), ranked, bounds, model.spec.worth(seen))


def _seen(model: ConsequenceModel, event: Event, name: str) -> Value:
    if name not in event.after:
        raise FactInvalid("a fact is missing", why="the event does not say what came", fix="give it", about=name)
    return check_value(name, model.spec.after[name], event.after[name])


def _worlds(
    model: ConsequenceModel, state: Mapping[str, Value], action: str, seen: Mapping[str, Value]
) -> list[_World]:
    """Abduction: what is unknown, given the state and what came of the action."""
    found = []
    for assignment, weight in model.belief(state):
        given = {**state, **assignment, ACTION: action, **{next_of(name): value for name, value in seen.items()}}
        p = 1.0
        for name, mechanism in model.mechanisms.discrete.items():
            p *= mechanism.distribution(given)[model.spec.after[name].values.index(str(seen[name]))]
        found.append(_World(weight * p, p, given))
    total = sum(one.weight for one in found)
    if total <= 0:
        why = "the model gives what came of it a probability of 0"
        raise FactInvalid("the event was impossible", why=why, fix="check the event", about="event")
    return [_World(one.weight / total, one.seen, one.given) for one in found if one.weight > 0]


def _base(model: ConsequenceModel, world: _World, action: str) -> dict[str, Value]:
    nodes = {next_of(name) for name in model.spec.after}
    return {**{name: value for name, value in world.given.items() if name not in nodes}, ACTION: action}


def _coupled(
    model: ConsequenceModel, world: _World, action: str, seen: Mapping[str, Value]
) -> Iterator[tuple[dict[str, Value], float, float]]:
    """Each variable keeps its place on the scale of its values."""
    names = [name for name in model.spec.order() if name in model.mechanisms.discrete]

    def follow(
        at: int, given: dict[str, Value], after: dict[str, Value], p: float
    ) -> Iterator[tuple[dict[str, Value], float, float]]:
        if at == len(names):
            yield after, p, p
            return
        name = names[at]
        mechanism, values = model.mechanisms.discrete[name], model.spec.after[name].values
        shares = _kept(
            mechanism.distribution(world.given), mechanism.distribution(given), values.index(str(seen[name]))
        )
        for value, share in zip(values, shares, strict=True):
            if share > 0:
                yield from follow(at + 1, {**given, next_of(name): value}, {**after, name: value}, p * share)

    yield from follow(0, _base(model, world, action), {}, 1.0)


def _kept(was: Sequence[float], new: Sequence[float], at: int) -> list[float]:
    """Shares of the interval that value ``at`` had on the scale from 0 to 1, by the values that have it now."""
    if tuple(was) == tuple(new):
        return [float(one == at) for one in range(len(new))]
    low = sum(was[:at])
    high, start, shares = low + was[at], 0.0, []
    for share in new:
        shares.append(max(0.0, min(high, start + share) - max(low, start)) / was[at])
        start += share
    total = sum(shares)
    return [share / total for share in shares]


def _bounded(model: ConsequenceModel, world: _World, action: str) -> Iterator[tuple[dict[str, Value], float, float]]:
    """Bounds of each outcome's probability given an outcome of probability ``world.seen``."""
    for after, p in chains(model, model.mechanisms, _base(model, world, action)):
        yield after, max(0.0, (world.seen + p - 1) / world.seen), min(1.0, p / world.seen)


def _numbers(
    model: ConsequenceModel, world: _World, action: str, after: Mapping[str, Value], seen: Mapping[str, Value]
) -> dict[str, Value]:
    """The numbers under the other action, each with the residual that it had."""
    given = {**_base(model, world, action), **{next_of(name): value for name, value in after.items()}}
    return {
        name: mechanism.mean(given) + float(seen[name]) - mechanism.mean(world.given)
        for name, mechanism in model.mechanisms.numeric.items()
    }


def _extreme(outcomes: Sequence[Instead], worths: Sequence[float], sign: int) -> float:
    """The least (sign 1) or greatest (-1) expected worth that the bounds leave: what is spare goes where it tells."""
    total = sum(one.low * worth for one, worth in zip(outcomes, worths, strict=True))
    spare = 1 - sum(one.low for one in outcomes)
    for worth, one in sorted(zip(worths, outcomes, strict=True), key=lambda pair: sign * pair[0]):
        taken = min(max(spare, 0.0), one.high - one.low)
        total, spare = total + taken * worth, spare - taken
    return total


def _reason(model: ConsequenceModel, *, same: bool) -> str:
    if same:
        return "it is what was done"
    loose = sorted(name for name, one in model.spec.after.items() if one.values and not one.monotone)
    if loose:
        return f"not identified: {', '.join(loose)} is not declared monotone, so that only bounds hold"
    return "each variable keeps its noise: monotone ones their place on the scale, numbers their residual"
