"""Build or buy: what is left after the gates is told apart by money, and only then by what has no price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.economics._distributions import Floats

__all__ = ["CLEAR", "Choice", "Ranked", "Weighed", "choose", "weigh"]

CLEAR = 0.8
PERTURBATIONS = 10_000
TIE = 1e-12
# How far weights are perturbed: a Dirichlet distribution around them, in which a weight of one half among two has a
# standard deviation of 11 points.
CONCENTRATION = 10.0


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """Options weighed by criteria that have no price.

    Attributes:
        winner: the option of the highest sum at the weights as stated; "" without options.
        survives: share of perturbed weights at which it still wins.
        sums: of each option, from 0 to 1.
        clear: whether it survives at least 80 %.
    """

    winner: str
    survives: float
    sums: dict[str, float]
    clear: bool


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One option: P(its net present value is the highest), and P(it is above 0)."""

    option: str
    probability_best: float
    probability_above_0: float


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome.

    Attributes:
        winner: the option; "" when there is no clear one.
        by: ``gates`` (one option is left), ``money``, ``criteria``, or ``none``.
        ranked: the options by money, the best first.
        contenders: options that money does not tell from the best with 80 % probability.
        weighed: the contenders by criteria; None where money decides or there are no criteria.
        reason: in plain words.
    """

    winner: str
    by: Literal["gates", "money", "criteria", "none"]
    ranked: tuple[Ranked, ...]
    contenders: tuple[str, ...]
    weighed: Weighed | None
    reason: str


def choose(
    values: Mapping[str, Floats], scores: Mapping[str, Mapping[str, float]], weights: Mapping[str, float], *, seed: int
) -> Choice:
    """Choose among options that passed the gates.

    Args:
        values: net present value of each option, draw by draw, all of the same draws; 0 for staying.
        scores: of each criterion, the score of each option, from 0 to 1.
        weights: of each criterion, above 0.
        seed: of the perturbations.

    Example:
        >>> draws = {"stay": np.zeros(9), "move": np.full(9, 5.0)}
        >>> choose(draws, {}, {}, seed=0).winner
        'move'
    """
    ranked = _by_money(values)
    if len(ranked) == 1:
        only = ranked[0].option
        reason = f"{only} is the only option left after the gates"
        return Choice(winner=only, by="gates", ranked=ranked, contenders=(only,), weighed=None, reason=reason)
    best = ranked[0].option
    close = [one.option for one in ranked[1:] if _beats(values[best], values[one.option]) < CLEAR]
    contenders = (best, *close)
    if not close:
        reason = f"{best} is worth more than any other option in at least {CLEAR:.0%} of draws"
        return Choice(winner=best, by="money", ranked=ranked, contenders=contenders, weighed=None, reason=reason)
    if not weights:
        reason = f"money does not tell {' from '.join(contenders)}, and the scenario states no criteria"
        return Choice(winner="", by="none", ranked=ranked, contenders=contenders, weighed=None, reason=reason)
    weighed = weigh(contenders, scores, weights, seed=seed)
    reason = f"money does not tell {' from '.join(contenders)}; {_weighed_words(weighed)}"
    return Choice(
        winner=weighed.winner if weighed.clear else "",
        by="criteria" if weighed.clear else "none",
        ranked=ranked,
        contenders=contenders,
        weighed=weighed,
        reason=reason,
    )


def _weighed_words(weighed: Weighed) -> str:
    tied = [option for option, total in weighed.sums.items() if total >= weighed.sums[weighed.winner] - TIE]
    if len(tied) > 1:
        return f"by what has no price, {' and '.join(tied)} tie: no clear winner"
    found = f"by what has no price, {weighed.winner} is first at {weighed.survives:.0%} of perturbed weights"
    return found if weighed.clear else f"{found}, under {CLEAR:.0%}: no clear winner"


def _beats(first: Floats, second: Floats) -> float:
    """Share of draws in which the first is worth more; a tie counts half."""
    return float(np.mean(first > second) + np.mean(first == second) / 2)


def _by_money(values: Mapping[str, Floats]) -> tuple[Ranked, ...]:
    names = list(values)
    stacked = np.stack([values[name] for name in names])
    highest = stacked == stacked.max(axis=0)
    shares = (highest / highest.sum(axis=0)).mean(axis=1)
    medians = np.median(stacked, axis=1)
    order = sorted(range(len(names)), key=lambda at: (-medians[at], names[at]))
    return tuple(
        Ranked(
            option=names[at],
            probability_best=float(shares[at]),
            probability_above_0=float(np.mean(stacked[at] > 0)),
        )
        for at in order
    )


def weigh(
    options: Sequence[str], scores: Mapping[str, Mapping[str, float]], weights: Mapping[str, float], *, seed: int
) -> Weighed:
    """The weighted sum of each option, and how much of the winner is due to the weights.

    Weights are perturbed by a Dirichlet distribution whose mean they are (see Butler, Jia and Dyer, Eur. J. Oper. Res.
    103 (1997) 531-546, for the simulation of weights in such models).

    Example:
        >>> found = weigh(["a", "b"], {"proof": {"a": 1.0, "b": 0.2}}, {"proof": 1.0}, seed=0)
        >>> found.winner, found.survives
        ('a', 1.0)
    """
    names = sorted(weights)
    stated = np.array([weights[name] for name in names], dtype=np.float64)
    stated /= stated.sum()
    table = np.array([[scores[name][option] for name in names] for option in options], dtype=np.float64)
    sums = table @ stated
    winner = int(np.argmax(sums))
    drawn = np.random.default_rng(seed).dirichlet(stated * CONCENTRATION * len(names), PERTURBATIONS)
    perturbed = drawn @ table.T
    survives = float(np.mean(perturbed[:, winner] >= perturbed.max(axis=1) - TIE))
    if np.sum(sums >= sums[winner] - TIE) > 1:  # a tie at the stated weights is no win
        survives = min(survives, 0.5)
    return Weighed(
        winner=options[winner],
        survives=survives,
        sums={option: float(total) for option, total in zip(options, sums, strict=True)},
        clear=survives >= CLEAR,
    )
