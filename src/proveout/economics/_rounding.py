"""How exact figures become numbers that are shown and stored."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["MICRO", "usd"]

MICRO = 6


def usd(amount: Fraction | float) -> float:
    """US dollars to a millionth, halves to even; the only place where an exact amount is rounded.

    Example:
        >>> usd(Fraction(1, 3)), usd(Fraction(5, 10**7))
        (0.333333, 0.0)
    """
    return float(round(Fraction(amount), MICRO))
