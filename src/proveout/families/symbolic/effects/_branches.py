"""The exact distribution over what follows an action, and what it reveals of what was unknown."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.effects._events import ACTION, Value, next_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families.symbolic.effects._consequences import ConsequenceModel, Mechanisms

__all__ = ["Belief", "Branch", "Known", "branches", "chains"]

Belief = list[tuple[dict[str, Value], float]]
Known = dict[tuple[tuple[str, Value], ...], list[tuple[tuple[Any, ...], dict[str, Value], float]]]


class Branch(msgspec.Struct, frozen=True):
    """One outcome of an action.

    Attributes:
        after: the discrete values, and of each number its expectation, or one of its few values where it is a state.
        probability: of the outcome under the action.
        reward: its expected worth.
        belief: what is then known of what was unknown before.
    """

    after: dict[str, Value]
    probability: float
    reward: float
    belief: Belief


def branches(
    model: ConsequenceModel,
    mechanisms: Mechanisms,
    state: Mapping[str, Value],
    belief: Belief,
    action: str,
    known: Known | None = None,
) -> list[Branch]:
    """All outcomes of ``do(action)`` of positive probability, in order of the declaration.

    The truncated factorisation (Pearl 2009, eq. 3.10): the action is set, each mechanism stays as it is, and what is
    unknown is averaged over as it was before the action. ``known`` keeps what was enumerated for one set of mechanisms.
    """
    known = {} if known is None else known
    mixed: dict[tuple[Any, ...], list[tuple[dict[str, Value], float, dict[str, Value]]]] = {}
    for assignment, weight in belief:
        full = {**state, **assignment, ACTION: action}
        place = tuple(full.items())
        if place not in known:
            known[place] = list(_outcomes(model, mechanisms, full))
        for key, after, probability in known[place]:
            if weight > 0 and probability > 0:
                mixed.setdefault(key, []).append((assignment, weight * probability, after))
    return [_branch(model, parts) for parts in mixed.values()]


def chains(
    model: ConsequenceModel, mechanisms: Mechanisms, given: dict[str, Value]
) -> Iterator[tuple[dict[str, Value], float]]:
    """Each combination of the discrete variables after an action, and its probability, by the chain rule."""
    names = [name for name in model.spec.order() if name in mechanisms.discrete]

    def follow(
        at: int, given: dict[str, Value], after: dict[str, Value], p: float
    ) -> Iterator[tuple[dict[str, Value], float]]:
        if at == len(names):
            yield after, p
            return
        name = names[at]
        shares = mechanisms.discrete[name].distribution(given)
        for value, share in zip(model.spec.after[name].values, shares, strict=True):
            yield from follow(at + 1, {**given, next_of(name): value}, {**after, name: value}, p * share)

    yield from follow(0, given, {}, 1.0)


def _outcomes(
    model: ConsequenceModel, mechanisms: Mechanisms, full: dict[str, Value]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Value], float]]:
    """A key, the values after the action, and their probability; numbers that are states take a few values each."""
    moving = sorted(name for name in mechanisms.numeric if name in model.spec.state)
    for after, p in chains(model, mechanisms, full):
        given = {**full, **{next_of(name): value for name, value in after.items()}}
        means: dict[str, Value] = {name: mechanism.mean(given) for name, mechanism in mechanisms.numeric.items()}
        for atoms in product(*(enumerate(model.spreads[name].atoms) for name in moving)):
            moved = {name: float(means[name]) + atom for name, (_, atom) in zip(moving, atoms, strict=True)}
            share = p
            for name in moving:
                share /= len(model.spreads[name].atoms)
            key = (*after.values(), *(at for at, _ in atoms))
            yield key, {**after, **means, **moved}, share


def _branch(model: ConsequenceModel, parts: Sequence[tuple[dict[str, Value], float, dict[str, Value]]]) -> Branch:
    total = sum(p for _, p, _ in parts)
    after = dict(parts[0][2])
    for name in after:
        if not model.spec.after[name].values:
            after[name] = sum(p * float(one[name]) for _, p, one in parts) / total
    return Branch(after, total, model.spec.worth(after), [(assignment, p / total) for assignment, p, _ in parts])
