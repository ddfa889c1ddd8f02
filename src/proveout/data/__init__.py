"""Importers, snapshots and splits: the data every candidate is built from and measured on."""

from proveout.data._assign import grouped
from proveout.data._chunks import Chunk, read_table, write_table
from proveout.data._duplicates import near_duplicates, normalised
from proveout.data._entries import SnapshotTaken, TestOpened
from proveout.data._examples import check_columns, read_examples
from proveout.data._importers import Importer, RawRow, importer, importers, read_rows
from proveout.data._report import NearPair, SnapshotReport
from proveout.data._snapshot import (
    Document,
    Manifest,
    Snapshot,
    check_task,
    load_snapshot,
    snapshot_ids,
    take_snapshot,
    verify_snapshot,
)
from proveout.data._splits import CertifySplit, SelectSplit, Split, TestSplit, TrainSplit

__all__ = [
    "CertifySplit",
    "Chunk",
    "Document",
    "Importer",
    "Manifest",
    "NearPair",
    "RawRow",
    "SelectSplit",
    "Snapshot",
    "SnapshotReport",
    "SnapshotTaken",
    "Split",
    "TestOpened",
    "TestSplit",
    "TrainSplit",
    "check_columns",
    "check_task",
    "grouped",
    "importer",
    "importers",
    "load_snapshot",
    "near_duplicates",
    "normalised",
    "read_examples",
    "read_rows",
    "read_table",
    "snapshot_ids",
    "take_snapshot",
    "verify_snapshot",
    "write_table",
]
