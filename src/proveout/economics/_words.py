"""Figures as people read them."""

from __future__ import annotations

import math

__all__ = ["DASH", "days_words", "percent", "signed_points", "signed_usd", "usd_cents", "usd_short", "usd_words"]

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
CENT, THOUSAND = 0.01, 1000
SUFFIXES = ("", "k", "M", "bn")


def percent(share: float) -> str:
    """A share as a percentage without its sign.

    Example:
        >>> percent(0.054), percent(0.001)
        ('5.4', '0.1')
    """
    return f"{share * 100:.1f}"


def signed_points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign.

    Example:
        >>> signed_points(0.012), signed_points(-0.004) == f"{MINUS}0.4"
        ('+1.2', True)
    """
    rounded = round(difference * 100, 1)
    return f"{'+' if rounded > 0 else MINUS if rounded < 0 else ''}{abs(rounded):.1f}"


def usd_words(amount: float | None) -> str:
    """US dollars, cents below 1,000, whole dollars above, two digits for fractions of a cent.

    Example:
        >>> usd_words(0.00042), usd_words(12.5), usd_words(-1234.5) == f"{MINUS}$1,234", usd_words(None) == DASH
        ('$0.00042', '$12.50', True, True)
    """
    if amount is None:
        return DASH
    size, sign = abs(amount), MINUS if amount < 0 else ""
    if size >= THOUSAND:
        return f"{sign}${size:,.0f}"
    if size == 0 or size >= CENT:
        return f"{sign}${size:.2f}"
    return f"{sign}${size:.{1 - math.floor(math.log10(size))}f}"


def usd_cents(amount: float) -> str:
    """US dollars for a column of bills: nothing finer than a cent.

    Example:
        >>> usd_cents(0.00042), usd_cents(0.0), usd_cents(139.72)
        ('<$0.01', '$0.00', '$139.72')
    """
    return "<$0.01" if 0 < amount < CENT / 2 else usd_words(round(amount, 2))


def signed_usd(amount: float | None) -> str:
    """The same with a plus sign above 0."""
    return f"+{usd_words(amount)}" if amount is not None and amount > 0 else usd_words(amount)


def usd_short(amount: float) -> str:
    """For the ticks of an axis.

    Example:
        >>> usd_short(1_500_000), usd_short(-20_000) == f"{MINUS}$20k"
        ('$1.5M', True)
    """
    size = abs(amount)
    power = 0 if size < THOUSAND else min(3, int(math.log10(size) + 1e-9) // 3)
    return f"{MINUS if amount < 0 else ''}${size / 1000**power:.3g}{SUFFIXES[power]}"


def days_words(days: float | None) -> str:
    """A number of days, or "never".

    Example:
        >>> days_words(1), days_words(1200), days_words(None)
        ('1 day', '1,200 days', 'never')
    """
    if days is None:
        return "never"
    return "1 day" if days == 1 else f"{days:,.0f} days"
