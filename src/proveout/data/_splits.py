"""The four splits, as four types: choosing on test rows is a type error."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from proveout.task import Example

__all__ = ["CertifySplit", "SelectSplit", "Split", "TestSplit", "TrainSplit"]


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one snapshot that were set apart for one purpose.

    Attributes:
        snapshot: id of the snapshot.
        examples: the rows, in the snapshot's order.
    """

    name: ClassVar[str] = ""
    snapshot: str
    examples: tuple[Example, ...]

    def __len__(self) -> int:
        return len(self.examples)


class TrainSplit(Split, frozen=True, kw_only=True):
    """Rows to learn from."""

    name: ClassVar[str] = "train"


class SelectSplit(Split, frozen=True, kw_only=True):
    """Rows to choose thresholds and models on."""

    name: ClassVar[str] = "select"


class CertifySplit(Split, frozen=True, kw_only=True):
    """Rows a certificate is computed from, once."""

    name: ClassVar[str] = "certify"


class TestSplit(Split, frozen=True, kw_only=True):
    """Untouched rows, for measuring and never for choosing; opening them is written to the ledger."""

    __test__: ClassVar[bool] = False  # not a class of tests
    name: ClassVar[str] = "test"
