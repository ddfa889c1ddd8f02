"""Audit entries of keys on their way from the store to the ledger.

A gateway that runs holds the ledger, so that the command that changes a key cannot write there. The entry is therefore
put into the store in the same transaction as the change (the outbox pattern), and whoever holds the ledger next writes
it: the command itself, the gateway's supervisor, or a later command. A kill between the two steps of `write_audits`
writes an entry twice, with the same ``change``; it never loses one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.gateway.keys._entries import KeyCreated, KeyRevoked, KeyRotated
from proveout.ledger import decode_body

if TYPE_CHECKING:
    from collections.abc import Collection

    from proveout.ledger import EntryBody, Ledger
    from proveout.store import Store

__all__ = ["Told", "clear_audits", "encode_audit", "pending_audits", "write_audits"]

Told = KeyCreated | KeyRevoked | KeyRotated


class _Pending(msgspec.Struct, frozen=True, array_like=True):
    kind: str
    version: int
    payload: msgspec.Raw


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Pending).decode


def encode_audit(body: Told) -> bytes:
    """The entry as the store keeps it."""
    return _encode(_Pending(body.kind, body.version, msgspec.Raw(_encode(body))))


def pending_audits(store: Store) -> list[tuple[int, EntryBody]]:
    """Entries that the ledger does not have yet, numbered, in the order of what they tell."""
    found = [(number, _decode(record)) for number, record in store.pending_audits()]
    return [(number, decode_body(one.kind, one.version, bytes(one.payload))) for number, one in found]


def clear_audits(store: Store, numbers: Collection[int]) -> None:
    """Forget entries that are durable in the ledger."""
    store.clear_audits(numbers)


def write_audits(store: Store, ledger: Ledger) -> int:
    """Write what is pending to the ledger and forget it; how many entries.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.gateway.keys import create_key
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace, open_store
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     workspace = Workspace(Path(folder))
        ...     with open_store(workspace) as store, Ledger.open(workspace) as ledger:
        ...         _ = create_key(store, "app")
        ...         write_audits(store, ledger), write_audits(store, ledger)
        (1, 0)
    """
    pending = pending_audits(store)
    ledger.append_many([body for _, body in pending])
    if pending:
        clear_audits(store, [number for number, _ in pending])
    return len(pending)
