"""What a worker hands its records to."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Recorder"]


class Recorder(Protocol):
    """Records on their way to the ledger; a record that was put survives a kill of every process.

    Attributes:
        most_bytes: of a record; larger ones would crowd out others.
    """

    most_bytes: int

    def next_id(self) -> str:
        """An id for a request that has just come; unique over all rings and restarts."""
        ...

    def put(self, record: bytes) -> int:
        """Hand over the JSON of one `RequestServed`; its place.

        Raises:
            Overloaded: the ring is full: the writer cannot keep up, or the disk is full.
        """
        ...

    def has_room(self, size: int) -> bool:
        """Whether a record of this size can be put now; asked before a request is let in, so that none is lost."""
        ...

    async def durable(self, place: int) -> None:
        """Wait until the record at this place, and all before it, is in the ledger and synced."""
        ...
