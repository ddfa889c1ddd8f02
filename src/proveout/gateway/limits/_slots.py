"""Where the state of limits is kept: one cell of eight numbers for each name, in this process alone."""

from __future__ import annotations

from typing import Protocol

__all__ = [
    "CELL",
    "DAY",
    "DAY_SPENT",
    "HELD",
    "MONTH",
    "MONTH_SPENT",
    "REQUESTS",
    "TOKENS",
    "TOKENS_TOTAL",
    "LocalSlots",
    "Numbers",
    "Slots",
]

# A cell: theoretical arrival times of requests and tokens, all seconds of tokens ever booked, the latest day and month
# that were seen with what was spent in each, and what requests under way may yet cost. Money is in whole nanodollars,
# which a float adds without error up to nine million dollars.
CELL = 8
REQUESTS, TOKENS, TOKENS_TOTAL, DAY, DAY_SPENT, MONTH, MONTH_SPENT, HELD = range(CELL)


class Numbers(Protocol):
    """A row of floats: a list, or shared memory."""

    def __getitem__(self, index: int, /) -> float: ...

    def __setitem__(self, index: int, value: float, /) -> None: ...

    def __len__(self) -> int: ...


class Slots(Protocol):
    """Cells by name."""

    @property
    def shared(self) -> bool:
        """Whether other processes use them, so that `lock` must be held to touch them."""
        ...

    @property
    def cells(self) -> Numbers:
        """All cells, one after the other."""
        ...

    @property
    def leases(self) -> Numbers:
        """For each cell, what of its held money is of this process."""
        ...

    def lock(self) -> None:
        """Wait until nobody else touches the cells."""
        ...

    def unlock(self) -> None:
        """Let others touch them."""
        ...

    def find(self, name: str) -> int:
        """Number of the cell of this name, taken at first use; called with the lock held.

        Raises:
            Overloaded: there is no room for another name.
        """
        ...


class LocalSlots:
    """Slots of one process: lists, and no lock, since only one thread may use a `Limiter`.

    Example:
        >>> slots = LocalSlots()
        >>> slots.find("key:a"), slots.find("key:b"), slots.find("key:a")
        (0, 1, 0)
    """

    shared = False

    def __init__(self) -> None:
        self.cells: list[float] = []
        self.leases: list[float] = []
        self._names: dict[str, int] = {}

    def lock(self) -> None:
        """Nobody else is there."""

    def unlock(self) -> None:
        """Nobody else is there."""

    def find(self, name: str) -> int:
        """Number of the cell of this name, made at first use."""
        cell = self._names.get(name)
        if cell is None:
            cell = self._names[name] = len(self.leases)
            self.cells.extend([0.0] * CELL)
            self.leases.append(0.0)
        return cell
