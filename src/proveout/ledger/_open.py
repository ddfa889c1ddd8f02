"""Opening a log to write: the lock, the keys, the last acknowledged commit, and the quarantine of torn bytes."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from proveout.ledger._bodies import Recovered
from proveout.ledger._head import head_path, key_path, read_head, read_key, sign_head
from proveout.ledger._lock import lock_for_writing
from proveout.ledger._merkle import EMPTY_ROOT
from proveout.ledger._segments import corrupt, load_tail, segments
from proveout.store import open_store, translated_os_errors, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from proveout.ledger._head import Head
    from proveout.ledger._segments import Tail
    from proveout.store import Store, Workspace

__all__ = ["OpenLog", "check_checkpoint", "open_log"]

_STARTED = "ledger.started"


class OpenLog(NamedTuple):
    """What the writer works with.

    Attributes:
        checkpoint: the head in HEAD.json.
        quarantined: what was cut off the tail, when something was.
    """

    workspace: Workspace
    lock: int
    store: Store
    key: Ed25519PrivateKey
    tail: Tail
    checkpoint: Head
    quarantined: Recovered | None

    def close(self) -> None:
        """Release the store and the lock."""
        self.store.close()
        os.close(self.lock)


def open_log(workspace: Workspace, clock: Callable[[], int]) -> OpenLog:
    """Lock, check and recover; see `proveout.ledger.Ledger.open` for what it raises."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  as in _head

    workspace.ensure()
    with translated_os_errors(workspace.ledger):
        (workspace.ledger / "segments").mkdir(parents=True, exist_ok=True)
    lock = lock_for_writing(workspace)
    try:
        store = open_store(workspace)
    except BaseException:
        os.close(lock)
        raise
    try:
        key = Ed25519PrivateKey.from_private_bytes(store.secret("ledger.signing"))
        _start(workspace, store, key, clock)
        _check_key(workspace, key)
        tail = load_tail(segments(workspace), key.public_key())
        checkpoint = read_head(workspace, key.public_key())
        check_checkpoint(workspace, tail, checkpoint)
        return OpenLog(workspace, lock, store, key, tail, checkpoint, _quarantine(workspace, tail))
    except BaseException:
        store.close()
        os.close(lock)
        raise


def _start(workspace: Workspace, store: Store, key: Ed25519PrivateKey, clock: Callable[[], int]) -> None:
    """Make key.pub and HEAD.json, once: if they go missing later, that is damage and not a beginning."""
    if store.get(_STARTED) is not None:
        return
    if segments(workspace):
        raise corrupt(workspace.ledger, "there are segments, and the store that signed them is gone")
    write_atomic(key_path(workspace), key.public_key().public_bytes_raw().hex().encode() + b"\n")
    empty = sign_head(key, start=0, size=0, time=clock(), root=EMPTY_ROOT)
    write_atomic(head_path(workspace), empty.to_json())
    store.put(_STARTED, "1")


def _check_key(workspace: Workspace, key: Ed25519PrivateKey) -> None:
    if read_key(workspace).public_bytes_raw() != key.public_key().public_bytes_raw():
        raise corrupt(key_path(workspace), "it is not the public half of the signing key in the store")


def check_checkpoint(workspace: Workspace, tail: Tail, checkpoint: Head) -> None:
    """HEAD.json may lag behind the log, and never the other way.

    Raises:
        LedgerCorrupt: the log is shorter than HEAD.json says, or another log.
    """
    if checkpoint.size > tail.frontier.size:
        why = f"HEAD.json was signed over {checkpoint.size} entries, and only {tail.frontier.size} are intact"
        raise corrupt(workspace.ledger, why)
    if tail.roots.get(checkpoint.size, checkpoint.root) != checkpoint.root:
        raise corrupt(head_path(workspace), f"its root over {checkpoint.size} entries is not that of the log")


def _quarantine(workspace: Workspace, tail: Tail) -> Recovered | None:
    if not tail.torn or tail.path is None:
        return None
    digest = sha256(tail.torn).hexdigest()
    file = f"{tail.path.stem}-{tail.end}-{digest[:16]}.bin"
    write_atomic(workspace.ledger / "quarantine" / file, tail.torn)
    return Recovered(segment=tail.path.name, offset=tail.end, length=len(tail.torn), sha256=digest, file=file)
