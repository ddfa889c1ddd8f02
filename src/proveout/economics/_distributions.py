"""What a figure may be when nobody knows it exactly: a distribution stated in a scenario."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Distribution", "Lognormal", "Normal", "Quantity", "Triangular", "Uniform", "exact", "stated"]

STANDARD = NormalDist()
Above = Annotated[float, Meta(gt=0.0)]


class Uniform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="dist", tag="uniform"):
    """Any value between ``low`` and ``high`` is as likely as any other; its typical value is the middle.

    Example:
        >>> Uniform(low=1, high=3).typical
        Fraction(2, 1)
    """

    low: float
    high: float

    @property
    def typical(self) -> Fraction:
        """The value that the deterministic case counts with."""
        return (exact(self.low) + exact(self.high)) / 2

    @property
    def problem(self) -> str:
        """Why it is no distribution; "" when it is one."""
        return "" if self.low <= self.high else "low is above high"

    def quantile(self, share: float) -> float:
        """The value that ``share`` of all draws stay below."""
        return self.low + share * (self.high - self.low)

    def outside(self, low: float, high: float) -> float:
        """The probability of a draw outside [low, high]."""
        width = self.high - self.low
        if width == 0:
            return float(not low <= self.low <= high)
        return min(1.0, (max(0.0, low - self.low) + max(0.0, self.high - high)) / width)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Draws, shape (count,)."""
        return rng.uniform(self.low, self.high, count)


class Triangular(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="dist", tag="triangular"
):
    """Between ``low`` and ``high``, likeliest at ``mode``, which is its typical value.

    Example:
        >>> Triangular(low=0, mode=1, high=4).quantile(0.25)
        1.0
    """

    low: float
    mode: float
    high: float

    @property
    def typical(self) -> Fraction:
        """The value that the deterministic case counts with."""
        return exact(self.mode)

    @property
    def problem(self) -> str:
        """Why it is no distribution; "" when it is one."""
        return "" if self.low <= self.mode <= self.high else "low, mode and high are not in this order"

    def quantile(self, share: float) -> float:
        """The value that ``share`` of all draws stay below."""
        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        if width == 0:
            return self.mode
        if share * width <= left:
            return self.low + math.sqrt(share * width * left)
        return self.high - math.sqrt((1 - share) * width * right)

    def _below(self, value: float) -> float:
        if value <= self.low:
            return float(value == self.low == self.high)
        if value >= self.high:
            return 1.0
        width = self.high - self.low
        if value <= self.mode:
            return (value - self.low) ** 2 / (width * (self.mode - self.low))
        return 1 - (self.high - value) ** 2 / (width * (self.high - self.mode))

    def outside(self, low: float, high: float) -> float:
        """The probability of a draw outside [low, high]."""
        if self.low == self.high:
            return float(not low <= self.low <= high)
        return self._below(low) + 1 - self._below(high)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Draws, shape (count,)."""
        if self.low == self.high:
            return np.full(count, self.low)
        return rng.triangular(self.low, self.mode, self.high, count)


class Normal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="dist", tag="normal"):
    """The bell curve around ``mean``, which is its typical value.

    Example:
        >>> Normal(mean=10, sd=1).quantile(0.5)
        10.0
    """

    mean: float
    sd: Above

    @property
    def typical(self) -> Fraction:
        """The value that the deterministic case counts with."""
        return exact(self.mean)

    @property
    def problem(self) -> str:
        """Why it is no distribution; "" when it is one."""
        return ""

    def quantile(self, share: float) -> float:
        """The value that ``share`` of all draws stay below."""
        return self.mean + self.sd * STANDARD.inv_cdf(share)

    def outside(self, low: float, high: float) -> float:
        """The probability of a draw outside [low, high]."""
        curve = NormalDist(self.mean, self.sd)
        return curve.cdf(low) + 1 - curve.cdf(high)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Draws, shape (count,)."""
        return rng.normal(self.mean, self.sd, count)


class Lognormal(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="dist", tag="lognormal"
):
    """Its logarithm is normal around that of ``median``, its typical value, with standard deviation ``sigma``.

    Example:
        >>> Lognormal(median=100, sigma=0.5).quantile(0.5)
        100.0
    """

    median: Above
    sigma: Above

    @property
    def typical(self) -> Fraction:
        """The value that the deterministic case counts with."""
        return exact(self.median)

    @property
    def problem(self) -> str:
        """Why it is no distribution; "" when it is one."""
        return ""

    def quantile(self, share: float) -> float:
        """The value that ``share`` of all draws stay below."""
        return self.median * math.exp(self.sigma * STANDARD.inv_cdf(share))

    def outside(self, low: float, high: float) -> float:
        """The probability of a draw outside [low, high]."""
        curve = NormalDist(math.log(self.median), self.sigma)
        below = curve.cdf(math.log(low)) if low > 0 else 0.0
        return below + (1 - curve.cdf(math.log(high)) if high > 0 else 1.0)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Draws, shape (count,)."""
        return rng.lognormal(math.log(self.median), self.sigma, count)


Distribution = Uniform | Triangular | Normal | Lognormal
Quantity = float | Uniform | Triangular | Normal | Lognormal


def exact(value: float) -> Fraction:
    """The decimal number as it was written, and not the binary one nearest to it.

    Example:
        >>> exact(0.1) + exact(0.2) == exact(0.3)
        True
    """
    return Fraction(repr(float(value)))


def stated(quantity: Quantity) -> str:
    """A quantity as people read it.

    Example:
        >>> stated(Uniform(low=1, high=2)), stated(0.25)
        ('uniform(low 1, high 2)', '0.25')
    """
    if isinstance(quantity, float | int):
        return f"{quantity:,.12g}"
    fields = ", ".join(f"{name} {getattr(quantity, name):,.12g}" for name in quantity.__struct_fields__)
    return f"{type(quantity).__name__.lower()}({fields})"
