"""Atomic writes, and errors of the operating system told in our words."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from proveout.errors import DiskFull, NotWritable, ProveoutError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["fsync_folder", "translated_os_errors", "write_atomic"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def translated_os_errors(path: Path) -> Iterator[None]:
    """Turn a full disk and a missing permission into `DiskFull` and `NotWritable`; let others through."""
    try:
        yield
    except OSError as error:
        translated = _translate(error, path)
        if translated is None:
            raise
        raise translated from error


def _translate(error: OSError, path: Path) -> ProveoutError | None:
    if error.errno in _FULL:
        fix = "free some space and run the same command again; nothing acknowledged was lost"
        return DiskFull("cannot write", why="no space is left on the device", fix=fix, about=str(path))
    if error.errno in _DENIED:
        fix = "give this user write permission, or choose another folder"
        return NotWritable("cannot write", why=error.strerror or "permission denied", fix=fix, about=str(path))
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        fix = "remove that file or choose another folder"
        return SetupError("cannot write", why="a part of the path is a file", fix=fix, about=str(path))
    return None


def write_atomic(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a whole file or nothing: a temporary file beside it, fsync, rename, fsync of the folder.

    Raises:
        DiskFull: no space is left; the old content stands.
        NotWritable: no permission.
    """
    with translated_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
        try:
            _write_synced(temporary, content, mode)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(path.parent)


def _write_synced(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
