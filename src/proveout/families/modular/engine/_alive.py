"""Whether the worker of a run lives: an advisory lock of the operating system that dies with its process."""

from __future__ import annotations

import fcntl
import os
import secrets
from typing import TYPE_CHECKING

from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SignOfLife"]

ID_BYTES = 6
# A younger file may be that of a worker which has not locked it yet.
YOUNG_SECONDS = 60.0


class SignOfLife:
    """A file that this worker holds locked for as long as it lives.

    A lease that runs out by the clock takes runs away from a worker that is merely slow, and waits for one that is
    dead. The kernel knows at once, and SQLite's write-ahead log keeps all workers on one machine anyway.

    Args:
        folder: of such files, beside the journal.

    Raises:
        NotWritable: this user may not write there.
        DiskFull: no space is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     one, other = SignOfLife(Path(folder)), SignOfLife(Path(folder))
        ...     before = one.sees(other.id)
        ...     other.close()
        ...     before, one.sees(other.id)
        (True, False)
    """

    def __init__(self, folder: Path) -> None:
        self.id = secrets.token_hex(ID_BYTES)
        self._folder = folder
        path = folder / self.id
        with translated_os_errors(path):
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._clear_away()

    def _clear_away(self) -> None:
        """Files of workers that were killed."""
        now = (self._folder / self.id).stat().st_mtime
        for path in self._folder.iterdir():
            try:
                old = now - path.stat().st_mtime > YOUNG_SECONDS
            except FileNotFoundError:
                continue
            if old:
                self.sees(path.name)

    def sees(self, worker: str) -> bool:
        """Whether that worker lives."""
        if worker == self.id:
            return self._descriptor is not None
        path = self._folder / worker
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Be dead to the others: what this worker left unfinished is theirs."""
        if self._descriptor is not None:
            (self._folder / self.id).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
