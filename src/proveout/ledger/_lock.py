"""One writer: an advisory lock of the operating system on ``ledger/lock``, which dies with its process."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from proveout.errors import WriterBusy
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from proveout.store import Workspace

__all__ = ["lock_for_writing", "writer_is_alive"]


def lock_for_writing(workspace: Workspace) -> int:
    """Take the lock; returns its file descriptor, whose closing releases it.

    Raises:
        WriterBusy: another process, or another `Ledger` of this one, holds it.
        NotWritable: this user may not write there.
    """
    path = workspace.ledger / "lock"
    with translated_os_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        why = f"process {holder} holds its lock"
        fix = "wait for that process to end, or stop it"
        raise WriterBusy("cannot write to the ledger", why=why, fix=fix, about=str(workspace.ledger)) from error
    with translated_os_errors(path):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def writer_is_alive(workspace: Workspace) -> bool:
    """Whether some process holds the lock; changes nothing."""
    try:
        descriptor = os.open(workspace.ledger / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
