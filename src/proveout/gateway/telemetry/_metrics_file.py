"""Rendered metrics as a file: the supervisor writes it once a second, every worker serves it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MetricsFile"]


class MetricsFile:
    r"""Written whole and never synced, for it is rebuilt within a second; best kept in memory, as on ``/dev/shm``.

    Args:
        path: of the file; one process writes it.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = MetricsFile(Path(folder) / "metrics")
        ...     before = file.read()
        ...     file.write(b"up 1\n")
        ...     before, file.read()
        (b'', b'up 1\n')
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._seen: tuple[int, int] | None = None
        self._content = b""

    def write(self, content: bytes) -> None:
        """Replace the content; a reader sees all of the old one or all of the new one.

        Raises:
            DiskFull: no space is left; the old content stands.
        """
        with translated_os_errors(self._path):
            self._temporary.write_bytes(content)
            self._temporary.replace(self._path)

    def read(self) -> bytes:
        """The content; b"" before the first write. The file is read once for each time that it was written."""
        try:
            if _version(self._path) != self._seen:
                with self._path.open("rb") as file:
                    self._content, self._seen = file.read(), _version(file.fileno())
        except FileNotFoundError:
            return b""
        return self._content


def _version(file: Path | int) -> tuple[int, int]:
    """Another for each write: every one makes a new file."""
    found = os.stat(file)  # noqa: PTH116  of a path as of an open file
    return found.st_ino, found.st_mtime_ns
