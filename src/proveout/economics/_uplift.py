"""Two counts told apart: conversion uplift and escalations avoided, with intervals."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec

from proveout.errors import CountsInvalid

__all__ = ["Counts", "Uplift", "cpu_hours_saved", "escalations_avoided", "uplift"]

SECONDS_PER_HOUR = 3600


class Counts(msgspec.Struct, frozen=True):
    """How many of ``n`` did it: converted, were passed on to a person.

    Raises:
        CountsInvalid: a count is negative, above ``n``, or ``n`` is 0.
    """

    hits: int
    n: int

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.hits <= self.n:
            why = f"{self.hits:,} of {self.n:,}"
            fix = "give counts with 0 ≤ hits ≤ n and n ≥ 1"
            raise CountsInvalid("counts that cannot be", why=why, fix=fix, about="counts")

    @property
    def rate(self) -> float:
        """The share."""
        return self.hits / self.n


class Uplift(msgspec.Struct, frozen=True, kw_only=True):
    """The new rate less the old one, with its interval.

    Attributes:
        old: share.
        new: share.
        difference: new less old.
        low: lower end of the interval.
        high: upper end.
        relative: difference as a share of the old rate; None when that is 0.
        confidence: of the two-sided interval.
        shown: whether the interval excludes 0.
    """

    old: float
    new: float
    difference: float
    low: float
    high: float
    relative: float | None
    confidence: float
    shown: bool


def uplift(old: Counts, new: Counts, *, confidence: float = 0.95) -> Uplift:
    """Difference of two independent shares by Newcombe's hybrid score interval.

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10. It keeps within [-1, 1] and stays sound for few hits.

    Raises:
        CountsInvalid: ``confidence`` is not within (0, 1).

    Example:
        >>> found = uplift(Counts(48, 80), Counts(56, 70))  # the paper's first example, 0.8 less 0.6
        >>> round(found.low, 4), round(found.high, 4)
        (0.0524, 0.3339)
    """
    _check_confidence(confidence)
    difference = new.rate - old.rate
    old_low, old_high = _wilson(old, confidence)
    new_low, new_high = _wilson(new, confidence)
    low = difference - math.hypot(new.rate - new_low, old_high - old.rate)
    high = difference + math.hypot(new_high - new.rate, old.rate - old_low)
    return Uplift(
        old=old.rate,
        new=new.rate,
        difference=difference,
        low=low,
        high=high,
        relative=difference / old.rate if old.hits else None,
        confidence=confidence,
        shown=low > 0 or high < 0,
    )


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        fix = "give a share such as 0.95"
        raise CountsInvalid("no such confidence", why=f"it is {confidence:g}", fix=fix, about="confidence")


def _wilson(counts: Counts, confidence: float) -> tuple[float, float]:
    """Wilson's score interval (J. Am. Stat. Assoc. 22 (1927) 209-212)."""
    z, n, share = NormalDist().inv_cdf(0.5 + confidence / 2), counts.n, counts.rate
    middle = share + z * z / (2 * n)
    arm = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - arm) / scale), min(1.0, (middle + arm) / scale)


def escalations_avoided(
    old: Counts, new: Counts, requests: float, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """How many of ``requests`` are no longer passed on to a person: estimate, and both ends of its interval.

    Raises:
        CountsInvalid: ``requests`` is negative.

    Example:
        >>> [round(value) for value in escalations_avoided(Counts(100, 1000), Counts(40, 1000), 10_000)]
        [600, 379, 827]
    """
    if requests < 0:
        raise CountsInvalid("no such volume", why=f"it is {requests:g}", fix="give 0 or more", about="requests")
    found = uplift(old, new, confidence=confidence)
    return -found.difference * requests, -found.high * requests, -found.low * requests


def cpu_hours_saved(old_cpu_seconds_per_1000: float, new_cpu_seconds_per_1000: float, requests: float) -> float:
    """Processor hours saved on ``requests``; below 0 where the new one takes more, as a model behind an API takes none.

    Raises:
        CountsInvalid: a figure is negative.

    Example:
        >>> cpu_hours_saved(72.0, 36.0, 1_000_000)
        10.0
    """
    for value in (old_cpu_seconds_per_1000, new_cpu_seconds_per_1000, requests):
        if value < 0:
            raise CountsInvalid("no such figure", why=f"it is {value:g}", fix="give 0 or more", about="cpu hours")
    return (old_cpu_seconds_per_1000 - new_cpu_seconds_per_1000) * requests / 1000 / SECONDS_PER_HOUR
