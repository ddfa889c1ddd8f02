"""The append-only, tamper-evident record of everything that happened: typed entries under a signed Merkle tree."""

from proveout.ledger._bodies import Erased, Recovered
from proveout.ledger._entry import EntryBody, Upgrade, decode_body, entry, entry_kinds, entry_type
from proveout.ledger._head import Head, read_public_key
from proveout.ledger._merkle import Tree, check_consistency, check_inclusion, leaf_hash
from proveout.ledger._proofs import ConsistencyProof, InclusionProof
from proveout.ledger._reader import Entry, LedgerReader
from proveout.ledger._verify import LedgerReport, verify_ledger
from proveout.ledger._views import compact, open_view, view_sql
from proveout.ledger._writer import Ledger, Receipt

__all__ = [
    "ConsistencyProof",
    "Entry",
    "EntryBody",
    "Erased",
    "Head",
    "InclusionProof",
    "Ledger",
    "LedgerReader",
    "LedgerReport",
    "Receipt",
    "Recovered",
    "Tree",
    "Upgrade",
    "check_consistency",
    "check_inclusion",
    "compact",
    "decode_body",
    "entry",
    "entry_kinds",
    "entry_type",
    "leaf_hash",
    "open_view",
    "read_public_key",
    "verify_ledger",
    "view_sql",
]
