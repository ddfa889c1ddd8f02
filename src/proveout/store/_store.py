"""The store's contract: configuration, the signing secret, subject keys and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import TracebackType
    from typing import Self

__all__ = ["ApiKeyChange", "Store", "SubjectKey"]


class SubjectKey(msgspec.Struct, frozen=True):
    """The data key of one subject.

    Attributes:
        id: 16 random bytes; what entries carry instead of the subject's name.
        subject: whose key it is; None once erased.
        material: the 256-bit key; None once erased.

    Example:
        >>> SubjectKey(id=bytes(16), subject=None, material=None).erased
        True
    """

    id: bytes
    subject: str | None
    material: bytes | None

    @property
    def erased(self) -> bool:
        """Whether the key was destroyed."""
        return self.material is None


class ApiKeyChange(msgspec.Struct, frozen=True):
    """One row of API keys as it was read, and as it is to be.

    Attributes:
        id: of the row.
        old: its record when it was read; None for a row that must not be there yet.
        new: its record from now on; None takes the row away.
    """

    id: str
    old: bytes | None
    new: bytes | None


@runtime_checkable
class Store(Protocol):
    """What is small and mutable: configuration and keys. Everything else is a view of the ledger.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.store import Workspace, open_store
        >>> with tempfile.TemporaryDirectory() as folder, open_store(Workspace(Path(folder))) as store:
        ...     isinstance(store, Store)
        True
    """

    def get(self, name: str) -> str | None:
        """The configured value, or None."""
        ...

    def put(self, name: str, value: str) -> None:
        """Set a configured value; durable on return."""
        ...

    def secret(self, name: str) -> bytes:
        """32 random bytes, made at the first call and the same ever after."""
        ...

    def subject_key(self, subject: str) -> SubjectKey:
        """The subject's key, made and durable at the first call."""
        ...

    def find_key(self, key_id: bytes) -> SubjectKey | None:
        """The key of that id, erased or not; None when there never was one."""
        ...

    def find_subject(self, subject: str) -> SubjectKey | None:
        """The subject's key; None when there is none, or no longer."""
        ...

    def erase_subject(self, subject: str) -> None:
        """Destroy the subject's key, if there is one; nothing of it is left in the database's files."""
        ...

    def api_keys(self) -> list[tuple[str, bytes]]:
        """Id and record of each API key, sorted by id."""
        ...

    def api_keys_version(self) -> str:
        """Another value after each change of API keys, by whatever process; "" before the first."""
        ...

    def change_api_keys(self, changes: Sequence[ApiKeyChange], audit: bytes) -> bool:
        """Make these changes and remember what to tell the ledger: all of it, durable on return, or nothing.

        Args:
            changes: of different rows.
            audit: see `pending_audits`.

        Returns:
            False, and nothing was changed, when a row is not what it was when it was read.
        """
        ...

    def pending_audits(self) -> list[tuple[int, bytes]]:
        """What changes of API keys are still to tell the ledger, numbered in the order of the changes."""
        ...

    def clear_audits(self, numbers: Collection[int]) -> None:
        """Forget what has been written to the ledger."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
