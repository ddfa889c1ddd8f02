"""Estimators of an effect, by name; each gives a value and a 95 % interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from proveout._registry import Registry
from proveout.errors import FactInvalid
from proveout.families.symbolic.effects._extra import extra
from proveout.families.symbolic.effects._propensity import propensity, weights

if TYPE_CHECKING:
    from proveout.families.symbolic.effects._design import Design

    Array = np.ndarray[Any, Any]

__all__ = ["EffectMethod", "Found", "bootstrap", "effect_method", "effect_methods"]

Found = tuple[float, float, float]
LEVEL = 0.95
FOLDS = 5


class EffectMethod(Protocol):
    """One way to estimate an effect.

    Attributes:
        estimand: what it estimates, as a formula in y, t, z (the causes) and w (the instruments).
        needs: ``causes`` or ``instruments`` where it cannot do without; else empty.
        targets: the targets it can estimate.
    """

    estimand: ClassVar[str]
    needs: ClassVar[str]
    targets: ClassVar[tuple[str, ...]]

    def value(self, design: Design, seed: int) -> float:
        """The estimate."""
        ...

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """The estimate and the bounds of its 95 % interval."""
        ...


effect_methods: Registry[EffectMethod] = Registry("method", group="proveout.effect_methods", missing=FactInvalid)
effect_method = effect_methods.register


def bootstrap(method: EffectMethod, design: Design, seed: int, resamples: int) -> Found:
    """Percentile interval over resampled rows, the rows of each arm apart (Efron and Tibshirani 1993).

    By arm, so that no resample lacks one.
    """
    rng = np.random.default_rng(seed)
    arms = [np.flatnonzero(design.treated == arm) for arm in (0, 1)]
    found = []
    for _ in range(resamples):
        index = np.concatenate([rng.choice(arm, len(arm)) for arm in arms])
        found.append(method.value(design.rows(index), seed))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return method.value(design, seed), float(low), float(high)


@effect_method("difference")
class Difference:
    """The difference in means, with Welch's interval (1947): right where treatment was drawn by lot."""

    estimand: ClassVar[str] = "E[y | t=1] - E[y | t=0]"
    needs: ClassVar[str] = ""
    targets: ClassVar[tuple[str, ...]] = ("ate", "att")

    def value(self, design: Design, seed: int) -> float:
        """The difference."""
        del seed
        treated = design.treated == 1
        return float(design.outcome[treated].mean() - design.outcome[~treated].mean())

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """The difference and its interval."""
        from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

        del resamples
        arms = [design.outcome[design.treated == arm] for arm in (1, 0)]
        parts = [arm.var(ddof=1) / len(arm) for arm in arms]
        freedom = sum(parts) ** 2 / sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, arms, strict=True))
        value, spread = self.value(design, seed), stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(sum(parts))
        return value, float(value - spread), float(value + spread)


@effect_method("regression")
class Regression:
    """Standardisation: a linear model for each arm, averaged over the target's rows (Robins 1986; Lin 2013)."""

    estimand: ClassVar[str] = "E_z[ E[y | t=1, z] - E[y | t=0, z] ]"
    needs: ClassVar[str] = "causes"
    targets: ClassVar[tuple[str, ...]] = ("ate", "att")

    def value(self, design: Design, seed: int) -> float:
        """The mean over the rows of what the two models say."""
        del seed
        x = np.column_stack([np.ones(len(design.treated)), design.causes])
        treated = design.treated == 1
        target = x if design.target == "ate" else x[treated]
        fits = [np.linalg.lstsq(x[arm], design.outcome[arm], rcond=None)[0] for arm in (treated, ~treated)]
        return float(target.mean(axis=0) @ (fits[0] - fits[1]))

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """With a bootstrap interval."""
        return bootstrap(self, design, seed, resamples)


@effect_method("weighting")
class Weighting:
    """Inverse probability weighting, the weights of each arm of sum 1 (Hajek 1971; Hirano, Imbens and Ridder 2003)."""

    estimand: ClassVar[str] = "E[ y t / P(t=1 | z) ] - E[ y (1-t) / P(t=0 | z) ]"
    needs: ClassVar[str] = "causes"
    targets: ClassVar[tuple[str, ...]] = ("ate", "att")

    def value(self, design: Design, seed: int) -> float:
        """The difference of weighted means."""
        del seed
        weight = weights(design, propensity(design))
        return float(np.sum(np.where(design.treated == 1, 1, -1) * weight * design.outcome))

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """With a bootstrap interval, the propensity fitted again on each resample."""
        return bootstrap(self, design, seed, resamples)


@effect_method("instrument")
class Instrument:
    """Two-stage least squares, with White's interval (Wright 1928; White 1982)."""

    estimand: ClassVar[str] = "Cov(y, w) / Cov(t, w), given z"
    needs: ClassVar[str] = "instruments"
    targets: ClassVar[tuple[str, ...]] = ("ate",)

    def value(self, design: Design, seed: int) -> float:
        """The coefficient of the treatment."""
        return self.estimate(design, seed, 0)[0]

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """The coefficient and its interval."""
        from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

        del seed, resamples
        others = np.column_stack([np.ones(len(design.treated)), design.causes])
        x, w = np.column_stack([design.treated, others]), np.column_stack([design.instruments, others])
        fitted = w @ np.linalg.lstsq(w, x, rcond=None)[0]
        inverse = np.linalg.pinv(fitted.T @ x)
        beta = inverse @ fitted.T @ design.outcome
        residual = design.outcome - x @ beta
        meat = (fitted * residual[:, None]).T @ (fitted * residual[:, None])
        spread = stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt((inverse @ meat @ inverse.T)[0, 0])
        return float(beta[0]), float(beta[0] - spread), float(beta[0] + spread)


@effect_method("doubly robust")
class DoublyRobust:
    """EconML's cross-fitted doubly robust learner: right if either model is (Robins et al. 1994; Chernozhukov 2018)."""

    estimand: ClassVar[str] = "E[ m1(z) - m0(z) + t (y - m1(z)) / e(z) - (1-t) (y - m0(z)) / (1-e(z)) ]"
    needs: ClassVar[str] = "causes"
    targets: ClassVar[tuple[str, ...]] = ("ate", "att")

    def value(self, design: Design, seed: int) -> float:
        """The estimate."""
        return self.estimate(design, seed, 0)[0]

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """With EconML's interval."""
        del resamples
        module, linear = extra("econml.dr"), extra("sklearn.linear_model")
        learner = module.LinearDRLearner(
            model_propensity=linear.LogisticRegression(max_iter=1000),
            model_regression=linear.LinearRegression(),
            min_propensity=0.01,
            cv=FOLDS,
            random_state=seed,
        )
        if design.target == "ate":
            learner.fit(design.outcome, design.treated.astype(int), X=None, W=design.causes)
            return _inferred(learner.effect_inference(None))
        learner.fit(design.outcome, design.treated.astype(int), X=design.causes)
        return _inferred(learner.effect_inference(design.causes[design.treated == 1]).population_summary())


@effect_method("double machine learning")
class DoubleMachineLearning:
    """EconML's partially linear model; rows with overlap count more (Robinson 1988; Chernozhukov et al. 2018)."""

    estimand: ClassVar[str] = "E[ (y - E[y | z]) (t - e(z)) ] / E[ (t - e(z))^2 ]"
    needs: ClassVar[str] = "causes"
    targets: ClassVar[tuple[str, ...]] = ("ate",)

    def value(self, design: Design, seed: int) -> float:
        """The estimate."""
        return self.estimate(design, seed, 0)[0]

    def estimate(self, design: Design, seed: int, resamples: int) -> Found:
        """With EconML's interval."""
        del resamples
        module, linear = extra("econml.dml"), extra("sklearn.linear_model")
        learner = module.LinearDML(
            model_y=linear.LinearRegression(),
            model_t=linear.LogisticRegression(max_iter=1000),
            discrete_treatment=True,
            cv=FOLDS,
            random_state=seed,
        )
        learner.fit(design.outcome, design.treated.astype(int), X=None, W=design.causes)
        return _inferred(learner.effect_inference(None))


def _inferred(inference: Any) -> Found:
    """Of a single effect, or of a summary over rows."""
    if hasattr(inference, "mean_point"):
        low, high = inference.conf_int_mean(alpha=1 - LEVEL)
        return float(np.ravel(inference.mean_point)[0]), float(np.ravel(low)[0]), float(np.ravel(high)[0])
    low, high = inference.conf_int(alpha=1 - LEVEL)
    return float(np.ravel(inference.point_estimate)[0]), float(np.ravel(low)[0]), float(np.ravel(high)[0])
