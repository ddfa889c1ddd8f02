"""The effect of a treatment on an outcome, from a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import FactInvalid
from proveout.families.symbolic.effects._design import Question, design_of
from proveout.families.symbolic.effects._methods import effect_methods
from proveout.families.symbolic.effects._propensity import Overlap, overlap
from proveout.families.symbolic.effects._refute import Refutation, refute

if TYPE_CHECKING:
    from proveout.families.symbolic.effects._design import Design
    from proveout.families.symbolic.effects._methods import EffectMethod

__all__ = ["Effect", "estimate_effect"]

# Below it an instrument hardly moves the treatment (Staiger and Stock 1997).
WEAK = 10.0


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        value: the effect, in units of the outcome.
        low: lower bound of its 95 % interval.
        high: upper bound.
        method: name of the estimator.
        target: ``ate``, the mean over all rows, or ``att``, the mean over the treated.
        estimand: the formula that was estimated.
        adjusted: columns it was adjusted for.
        n: rows.
        treated: treated rows.
        overlap: how far the arms are comparable; None where nothing was adjusted for.
        refutations: what was tried against it.
        warnings: what to be careful about.
    """

    value: float
    low: float
    high: float
    method: str
    target: str
    estimand: str
    adjusted: tuple[str, ...]
    n: int
    treated: int
    overlap: Overlap | None
    refutations: tuple[Refutation, ...]
    warnings: tuple[str, ...]


def estimate_effect(
    table: Any,
    question: Question,
    method: str = "regression",
    *,
    seed: int = 0,
    resamples: int = 400,
    runs: int = 50,
) -> Effect:
    """The effect, with its interval, the overlap of the arms and attempts to refute it.

    Args:
        table: a CSV, JSON Lines or Parquet file, an Arrow table, a data frame or a mapping of columns.
        question: treatment, outcome and what to adjust for.
        method: ``difference``, ``regression``, ``weighting``, ``instrument``; with the extra ``causal`` also
            ``doubly robust`` and ``double machine learning``.
        seed: of resampling and cross-fitting.
        resamples: bootstrap samples behind the interval, where the method needs them.
        runs: repeats of each refutation; 0 leaves them out.

    Raises:
        DataError: a column is missing or unfit, an arm too small; see `design_of`.
        FactInvalid: the method is unknown, needs something the question lacks, or cannot estimate its target.
        GraphInvalid: the graph does not identify the effect.
        ExtraMissing: the method needs the extra ``causal``.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> ill = rng.integers(0, 2, 4000)
        >>> treated = (rng.random(4000) < 0.2 + 0.6 * ill).astype(int)
        >>> days = 3 * ill - treated + rng.normal(size=4000)
        >>> table = {"ill": ill, "treated": treated, "days": days}
        >>> naive = estimate_effect(table, Question(treatment="treated", outcome="days"), "difference", runs=0)
        >>> found = estimate_effect(table, Question(treatment="treated", outcome="days", causes=("ill",)), runs=0)
        >>> naive.value > 0.5, found.low < -1 < found.high
        (True, True)
    """
    chosen = effect_methods.create(method)
    design = design_of(table, question)
    _check(chosen, method, design)
    found = chosen.estimate(design, seed, resamples)
    common = overlap(design) if design.causes.shape[1] and chosen.needs == "causes" else None
    refutations = refute(chosen, design, found, seed=seed, runs=runs) if runs else []
    treated = int(design.treated.sum())
    warnings = common.warnings((treated, len(design.treated) - treated), design.target) if common else []
    warnings += _weak(chosen, design)
    warnings += [f"refuted by {one.name}: {one.says}" for one in refutations if one.passed is False]
    return Effect(
        value=found[0],
        low=found[1],
        high=found[2],
        method=method,
        target=design.target,
        estimand=chosen.estimand,
        adjusted=() if method == "difference" else design.names,
        n=len(design.treated),
        treated=treated,
        overlap=common,
        refutations=tuple(refutations),
        warnings=tuple(warnings),
    )


def _check(chosen: EffectMethod, method: str, design: Design) -> None:
    if chosen.needs == "instruments" and not design.instruments.shape[1]:
        raise FactInvalid("no instrument", why="the question names none", fix="name instruments", about=method)
    if design.target not in chosen.targets:
        why = f"it estimates {' and '.join(chosen.targets)}"
        raise FactInvalid("the method cannot estimate the target", why=why, fix="choose another", about=method)


def _weak(chosen: EffectMethod, design: Design) -> list[str]:
    """A warning where the instruments hardly move the treatment: the F of the first stage."""
    if chosen.needs != "instruments":
        return []
    others = np.column_stack([np.ones(len(design.treated)), design.causes])
    full = np.column_stack([others, design.instruments])
    without, within = (
        float(np.sum((design.treated - x @ np.linalg.lstsq(x, design.treated, rcond=None)[0]) ** 2))
        for x in (others, full)
    )
    freedom = len(full) - full.shape[1]
    f = (without - within) / design.instruments.shape[1] / max(within / freedom, 1e-12)
    return [f"weak instrument: F of the first stage is {f:.1f}, below {WEAK:.0f}"] if f < WEAK else []
