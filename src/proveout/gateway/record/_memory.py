"""Records kept in a list."""

from __future__ import annotations

from proveout.errors import Overloaded

__all__ = ["MemoryRecorder"]


class MemoryRecorder:
    """A recorder for tests, and for a gateway in a process that keeps its own records: it survives nothing.

    Args:
        most: records that there is room for.
        most_bytes: of a record, which is for whoever makes them to keep to.

    Attributes:
        records: the JSON of each, in order.
        most_bytes: of a record.

    Example:
        >>> recorder = MemoryRecorder()
        >>> recorder.put(b'{"id":"req_0"}')
        1
        >>> (recorder.next_id(), recorder.records)
        ('req_1', [b'{"id":"req_0"}'])
    """

    def __init__(self, most: int = 1 << 20, most_bytes: int = 1 << 20) -> None:
        self.records: list[bytes] = []
        self.most_bytes = most_bytes
        self._most = most
        self._number = 0

    def next_id(self) -> str:
        """An id; unique in this recorder."""
        self._number += 1
        return f"req_{self._number}"

    def put(self, record: bytes) -> int:
        """Keep it; its place.

        Raises:
            Overloaded: there is no room.
        """
        if not self.has_room(len(record)):
            why = f"{self._most} records are kept, and that is all there is room for"
            raise Overloaded("not recorded", why=why, fix="try again", about="ledger", retry_after=1.0)
        self.records.append(record)
        return len(self.records)

    def has_room(self, size: int) -> bool:  # noqa: ARG002  a list has room by number
        """Whether a further record can be put."""
        return len(self.records) < self._most

    async def durable(self, place: int) -> None:
        """Return at once."""
