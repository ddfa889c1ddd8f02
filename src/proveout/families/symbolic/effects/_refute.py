"""Attempts to refute an estimate: what should change nothing must change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from proveout.families.symbolic.effects._design import Design
    from proveout.families.symbolic.effects._methods import EffectMethod

    Array = np.ndarray[Any, Any]

__all__ = ["Refutation", "e_value", "refute"]

SUBSET = 0.8
LEVEL = 0.05


class Refutation(msgspec.Struct, frozen=True):
    """One attempt.

    Attributes:
        name: ``placebo treatment``, ``random common cause``, ``data subset`` or ``unobserved confounder``.
        passed: the estimate stood; None for what only informs.
        value: the mean estimate under the attempt; for the unobserved confounder the E-value of the estimate.
        low: the lower end of the middle 95 % of its estimates; there the E-value of the interval's nearer end.
        high: the upper end.
        says: what it means, in a sentence.
    """

    name: str
    passed: bool | None
    value: float
    low: float
    high: float
    says: str


def refute(
    method: EffectMethod, design: Design, found: tuple[float, float, float], *, seed: int, runs: int
) -> list[Refutation]:
    """All attempts on an estimate and its interval, each of ``runs`` repeats.

    None of them can see a confounder that was not measured; the last says how strong one would have to be.
    """
    rng = np.random.default_rng([seed, 1])
    value = found[0]
    return [
        _placebo(method, design, value, rng=rng, runs=runs),
        _random_cause(method, design, value, rng=rng, runs=runs),
        _subset(method, design, value, rng=rng, runs=runs),
        _unobserved(design, found),
    ]


def e_value(difference: float) -> float:
    """How strong an unmeasured confounder must be, as a risk ratio with both sides, to explain an effect away.

    Args:
        difference: the effect in standard deviations of the outcome (VanderWeele and Ding 2017).

    Example:
        >>> round(e_value(0.0), 2), round(e_value(0.5), 2)
        (1.0, 2.53)
    """
    ratio = float(np.exp(0.91 * abs(difference)))
    return ratio + float(np.sqrt(ratio * (ratio - 1)))


def _placebo(method: EffectMethod, design: Design, value: float, *, rng: Any, runs: int) -> Refutation:
    """Treatment drawn by lot has no effect."""
    effects = []
    for _ in range(runs):
        treated = rng.permutation(design.treated)
        # An instrument must keep its hold on the treatment's rows, or the first stage is empty.
        drawn = msgspec.structs.replace(design, treated=treated)
        if method.needs == "instruments":
            drawn = msgspec.structs.replace(design, outcome=rng.permutation(design.outcome))
        effects.append(method.value(drawn, 0))
    low, high = _middle(effects)
    beaten = float(np.mean(np.abs(effects) >= abs(value)))
    says = f"a placebo has an effect as large as the estimate in {beaten:.0%} of {runs} draws"
    return Refutation("placebo treatment", low <= 0 <= high, float(np.mean(effects)), low, high, says)


def _random_cause(method: EffectMethod, design: Design, value: float, *, rng: Any, runs: int) -> Refutation:
    """A column of noise, adjusted for, changes nothing."""
    effects = []
    for _ in range(runs):
        causes = np.column_stack([design.causes, rng.standard_normal(len(design.treated))])
        effects.append(method.value(msgspec.structs.replace(design, causes=causes), 0))
    return _stands("random common cause", value, effects, f"a random cause, adjusted for, in {runs} draws")


def _subset(method: EffectMethod, design: Design, value: float, *, rng: Any, runs: int) -> Refutation:
    """Four rows in five say what all say."""
    arms = [np.flatnonzero(design.treated == arm) for arm in (0, 1)]
    effects = []
    for _ in range(runs):
        index = [rng.choice(arm, max(2, int(SUBSET * len(arm))), replace=False) for arm in arms]
        effects.append(method.value(design.rows(np.concatenate(index)), 0))
    return _stands("data subset", value, effects, f"{SUBSET:.0%} of the rows, in {runs} draws")


def _stands(name: str, value: float, effects: list[float], says: str) -> Refutation:
    """Passed if the estimate is among those found again, within rounding."""
    low, high = _middle(effects)
    slack = 1e-9 + 1e-6 * abs(value)
    return Refutation(name, low - slack <= value <= high + slack, float(np.mean(effects)), low, high, says)


def _unobserved(design: Design, found: tuple[float, float, float]) -> Refutation:
    """How strong a confounder would have to be."""
    spread = float(design.outcome.std())
    value, low, high = found
    nearer = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    whole, end = e_value(value / spread), e_value(nearer / spread)
    says = f"to explain the effect away, one must multiply the odds of treatment and outcome by about {whole:.2f} each"
    return Refutation("unobserved confounder", None, whole, end, whole, says)


def _middle(effects: list[float]) -> tuple[float, float]:
    low, high = np.quantile(effects, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)
