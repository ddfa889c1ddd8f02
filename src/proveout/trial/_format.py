"""Figures as people read them; a figure that is not defined is a dash."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proveout.trial._estimates import Estimate

__all__ = ["DASH", "interval", "milliseconds", "money", "percent", "plus_minus", "points", "rate", "short_id", "size"]

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
UNITS = ("B", "kB", "MB", "GB", "TB")


def percent(share: float | None) -> str:
    """A share as a percentage without its sign.

    Example:
        >>> percent(0.9541), percent(1.0), percent(None) == DASH
        ('95.4', '100.0', True)
    """
    return DASH if share is None else f"{share * 100:.1f}"


def interval(estimate: Estimate | None) -> str:
    """Both ends of an estimate's interval, in percent."""
    return "" if estimate is None else f"{percent(estimate.low)} to {percent(estimate.high)}"


def plus_minus(estimate: Estimate | None) -> str:
    """Percentage and the longer arm of its interval: ``95.4 ±0.7``."""
    if estimate is None:
        return DASH
    arm = max(estimate.high - estimate.value, estimate.value - estimate.low)
    return f"{percent(estimate.value)} ±{percent(arm)}"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign.

    Example:
        >>> points(0.012), points(-0.004) == f"{MINUS}0.4", points(0.0)
        ('+1.2', True, '0.0')
    """
    rounded = round(difference * 100, 1)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded):.1f}"


def significant(value: float, digits: int = 2) -> str:
    """A positive number to ``digits`` significant digits, never in exponents.

    Example:
        >>> significant(0.0001234), significant(12.34), significant(1234.5)
        ('0.00012', '12', '1,234')
    """
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def money(usd: float | None) -> str:
    """US dollars; small amounts to two significant digits.

    Example:
        >>> money(0.6), money(0.000417), money(12.5), money(2e-9)
        ('$0.60', '$0.00042', '$12.50', '<$0.000001')
    """
    if usd is None:
        return DASH
    if 0 < usd < 1e-6:  # noqa: PLR2004  below what any bill shows
        return "<$0.000001"
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.1 else f"${significant(usd).rstrip('0')}"  # noqa: PLR2004  ten cents


def milliseconds(value: float | None) -> str:
    """Milliseconds to two significant digits, whole above ten.

    Example:
        >>> milliseconds(0.1234), milliseconds(812.7)
        ('0.12', '813')
    """
    return DASH if value is None else significant(value)


def rate(per_second: float | None) -> str:
    """Requests per second."""
    return DASH if per_second is None else significant(per_second)


def size(count: int) -> str:
    """Bytes in the decimal unit that fits.

    Example:
        >>> size(0), size(23_400_000)
        ('0 B', '23 MB')
    """
    power = min(len(UNITS) - 1, int(math.log10(count) // 3)) if count else 0
    return f"{significant(count / 1000**power) if power else count} {UNITS[power]}"


def short_id(identifier: str, keep: int = 8) -> str:
    """A candidate's id with its hash cut short.

    Example:
        >>> short_id("distilled@0123456789abcdef")
        'distilled@01234567'
    """
    family, _, digest = identifier.partition("@")
    return f"{family}@{digest[:keep]}" if digest else identifier
