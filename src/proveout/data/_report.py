"""What a snapshot says about its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NearPair", "SnapshotReport"]


class NearPair(msgspec.Struct, frozen=True):
    """Two rows whose texts are nearly the same, in different splits."""

    row: str
    other: str
    similarity: float


class SnapshotReport(msgspec.Struct, frozen=True, kw_only=True):
    """Counts a person looks at before trusting a comparison.

    Attributes:
        rows: per split.
        labels: rows per label in ``examples`` files; empty for free text.
        segments: rows per segment, all splits.
        unlabelled: rows without expected output.
        exact_duplicates: rows whose normalised text another row of the same files has; kept in one split.
        dropped: ids of rows that equal a test row and were left out of the other splits.
        near_duplicates: pairs of similar texts in different splits, test rows included.
        near_samples: some of those pairs.
        conflicts: texts that carry different labels, with an id of each.
    """

    rows: dict[str, int]
    labels: dict[str, int]
    segments: dict[str, int]
    unlabelled: int
    exact_duplicates: int
    dropped: tuple[str, ...]
    near_duplicates: int
    near_samples: tuple[NearPair, ...]
    conflicts: tuple[tuple[str, str], ...]

    def lines(self) -> Iterator[str]:
        """The report for people, one fact a line.

        Example:
            >>> report = SnapshotReport(
            ...     rows={"train": 8, "test": 2},
            ...     labels={"a": 5, "b": 5},
            ...     segments={},
            ...     unlabelled=0,
            ...     exact_duplicates=0,
            ...     dropped=(),
            ...     near_duplicates=0,
            ...     near_samples=(),
            ...     conflicts=(),
            ... )
            >>> list(report.lines())
            ['rows: train 8, test 2', 'labels: 2, from 5 to 5 rows each']
        """
        yield "rows: " + ", ".join(f"{name} {count:,}" for name, count in self.rows.items())
        if self.labels:
            least, most = min(self.labels.values()), max(self.labels.values())
            yield f"labels: {len(self.labels)}, from {least} to {most} rows each"
        if self.segments:
            yield "segments: " + ", ".join(f"{name} {count:,}" for name, count in self.segments.items())
        facts = {
            "without expected output": self.unlabelled,
            "exact duplicates, kept in one split": self.exact_duplicates,
            "left out because they equal a test row": len(self.dropped),
            "near-duplicate pairs across splits": self.near_duplicates,
            "texts with two different labels": len(self.conflicts),
        }
        yield from (f"{what}: {count:,}" for what, count in facts.items() if count)
