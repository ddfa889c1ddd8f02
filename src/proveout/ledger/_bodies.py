"""The entries that the ledger writes about itself."""

from __future__ import annotations

from proveout.ledger._entry import EntryBody, entry

__all__ = ["Erased", "Recovered"]


@entry("ledger.recovered", version=1)
class Recovered(EntryBody, frozen=True):
    """A write cut short was taken back when the ledger was opened; none of it had been acknowledged.

    Attributes:
        segment: name of the segment file.
        offset: where in it the torn bytes began.
        length: how many there were.
        sha256: their hash.
        file: name of their copy in ``ledger/quarantine/``.

    Example:
        >>> Recovered(segment="0.seg", offset=20, length=3, sha256="ab", file="0-20-ab.bin").length
        3
    """

    segment: str
    offset: int
    length: int
    sha256: str
    file: str


@entry("ledger.erased", version=1)
class Erased(EntryBody, frozen=True):
    """A subject's key is destroyed; ``key_id`` (hexadecimal) stands in the entries that it encrypted.

    Example:
        >>> Erased(key_id="00ff").key_id
        '00ff'
    """

    key_id: str
