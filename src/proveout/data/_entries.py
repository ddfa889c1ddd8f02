"""What the ledger remembers of data."""

from __future__ import annotations

from proveout.ledger import EntryBody, entry

__all__ = ["SnapshotTaken", "TestOpened"]


@entry("snapshot.taken", version=1)
class SnapshotTaken(EntryBody, frozen=True, kw_only=True):
    """A snapshot was made: its id, the task's fingerprint and rows per split."""

    snapshot: str
    task: str
    rows: dict[str, int]


@entry("snapshot.test_opened", version=1)
class TestOpened(EntryBody, frozen=True, kw_only=True):
    """Rows of a TestSplit were handed out, and what for."""

    snapshot: str
    purpose: str
    rows: int
