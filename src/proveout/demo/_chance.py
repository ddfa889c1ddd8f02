"""One biased coin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

__all__ = ["chance"]


def chance(share: float, rng: random.Random) -> bool:
    """True with probability ``share``.

    Example:
        >>> import random
        >>> chance(1.0, random.Random(0))
        True
    """
    return rng.random() < share
