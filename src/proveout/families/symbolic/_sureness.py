"""How sure an answer with a proof is: what it stands on may have been read wrongly, and rows show how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Sureness", "sureness"]

# Set by hand, for a task without rows to select on; each counts as this many rows where there are some.
DEFINITE, WEAK, ROWS = 0.99, 0.6, 2
DIGITS = 4


class Sureness(msgspec.Struct, frozen=True):
    """Probabilities that an answer is right.

    Attributes:
        definite: of one that nothing weakens.
        weak: of one that an assumption, rounded numbers or a single reader weaken.
        rows: of the SelectSplit, that they were counted on.
    """

    definite: float
    weak: float
    rows: int

    def of(self, *, weak: bool) -> float:
        """The probability for one answer."""
        return self.weak if weak else self.definite

    def parameters(self) -> dict[str, Any]:
        """What a card says of it."""
        chosen = {"chosen_on": "select"} if self.rows else {}
        return {"confidence": {"value": self.definite, **chosen}, "confidence_weak": {"value": self.weak, **chosen}}


def sureness(judged: Iterable[tuple[bool, bool]]) -> Sureness:
    """Count how often answers of either kind are right.

    Args:
        judged: of each answered row of the SelectSplit, whether the answer was weak, and whether it was right.

    Example:
        >>> sureness([(False, True)] * 98).definite, sureness([]).weak
        (0.9998, 0.6)
    """
    right, given = {False: DEFINITE * ROWS, True: WEAK * ROWS}, {False: float(ROWS), True: float(ROWS)}
    rows = 0
    for weak, is_right in judged:
        right[weak] += is_right
        given[weak] += 1
        rows += 1
    return Sureness(round(right[False] / given[False], DIGITS), round(right[True] / given[True], DIGITS), rows)
