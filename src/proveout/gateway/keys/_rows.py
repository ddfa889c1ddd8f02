"""Keys as rows of the store: one row for each secret, ``ID.N`` for the Nth secret of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import StoreCorrupt
from proveout.gateway._key import Key

if TYPE_CHECKING:
    from proveout.store import Store

__all__ = ["Row", "encode_key", "read_rows", "row_id"]

encode_key = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Key).decode


class Row(msgspec.Struct, frozen=True):
    """One secret's row, as it was read.

    Attributes:
        id: of the row.
        record: what the store holds.
        number: which secret of its key this is, from 1 on.
        key: what it means.
    """

    id: str
    record: bytes
    number: int
    key: Key


def row_id(key_id: str, number: int) -> str:
    """The id of a row."""
    return f"{key_id}.{number}"


def read_rows(store: Store) -> list[Row]:
    """All rows, those of a key together and its newest secret last.

    Raises:
        StoreCorrupt: a row is no key.
    """
    rows = [_row(found, record) for found, record in store.api_keys()]
    return sorted(rows, key=lambda row: (row.key.id, row.number))


def _row(found: str, record: bytes) -> Row:
    try:
        return Row(found, record, int(found.rpartition(".")[2]), _decode(record))
    except (msgspec.MsgspecError, ValueError) as error:
        fix = "restore .proveout/store.sqlite from a backup, or revoke and make the key again"
        raise StoreCorrupt("cannot read a key", why=str(error), fix=fix, about=found) from error
