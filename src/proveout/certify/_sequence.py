"""Which hypotheses are rejected when several sequences of them are tested at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["reject_in_sequence"]


def reject_in_sequence(p_values: Sequence[Sequence[float]], delta: float) -> list[tuple[int, float]]:
    """Test each sequence in its order up to its first failure, with an error over all of them of at most delta.

    With one sequence this is fixed-sequence testing, as Learn-then-Test does it (Angelopoulos, Bates, Candès, Jordan,
    Lei 2021): each hypothesis at the full level, since a later one counts only when all before it were rejected. With
    several, each starts with an equal part of delta, and one that is rejected to its end hands its level on to those
    still open: Holm's step-down test (1979), of which the sequences of length one are exactly that, in the graphical
    form of Bretz, Maurer, Brannath and Posch (2009).

    Args:
        p_values: of each sequence, in the order fixed beforehand.
        delta: probability that any true hypothesis is rejected.

    Returns:
        For each sequence, how many are rejected from its start on, and the level it was last tested at.

    Example:
        >>> reject_in_sequence([[0.001, 0.04, 0.06, 0.01]], 0.05)
        [(2, 0.05)]
        >>> reject_in_sequence([[0.04], [0.02]], 0.05)  # Holm: 0.02 ≤ 0.05 / 2, then 0.04 ≤ 0.05
        [(1, 0.05), (1, 0.025)]
    """
    count = len(p_values)
    level = [delta / count] * count
    rejected = [0] * count
    still_open = set(range(count))
    moved = True
    while moved:
        moved = False
        for at in sorted(still_open):
            values = p_values[at]
            while rejected[at] < len(values) and values[rejected[at]] <= level[at]:
                rejected[at] += 1
                moved = True
            if values and rejected[at] == len(values):
                still_open.discard(at)
                for other in still_open:
                    level[other] += level[at] / len(still_open)
    return list(zip(rejected, level, strict=True))
