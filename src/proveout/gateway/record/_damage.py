"""What is not whole in a ring: kept in a file, told, and written to the ledger, so that no record goes silently."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from proveout.ledger import EntryBody, entry
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from proveout.gateway.record._ring import Ring
    from proveout.ledger import Ledger

__all__ = ["RecordsDamaged", "set_aside", "set_file_aside"]


@entry("gateway.damaged", version=1)
class RecordsDamaged(EntryBody, frozen=True):
    """A part of a ring was no whole record when it was to be written: how many requests it held is not known.

    Attributes:
        ring: id; "" where not even the header could be read.
        place: in the ring where it began.
        length: bytes.
        sha256: their hash.
        file: name of their copy in ``rings/quarantine/``.

    Example:
        >>> RecordsDamaged(ring="00ff", place=16, length=8, sha256="ab", file="00ff-16.bin").kind
        'gateway.damaged'
    """

    ring: str
    place: int
    length: int
    sha256: str
    file: str


def set_aside(ring: Ring, ledger: Ledger, notice: Callable[[str], None]) -> bool:
    """Keep what is damaged at the front of a ring elsewhere, and go on behind it; whether anything was.

    Raises:
        DiskFull: it could not be kept; it stays where it is.
    """
    damaged = ring.damage()
    if damaged:
        where = f"bytes {ring.drained} to {ring.drained + len(damaged)} are no whole record"
        _keep(damaged, RingPart(ring.path, ring.id, ring.drained), where, ledger, notice)
        ring.skip(len(damaged))
    return bool(damaged)


def set_file_aside(path: Path, why: str, ledger: Ledger, notice: Callable[[str], None]) -> None:
    """Keep a file elsewhere that is no ring any more, and delete it."""
    _keep(path.read_bytes(), RingPart(path, "", 0), why, ledger, notice)
    path.unlink()


class RingPart(NamedTuple):
    """Where bytes were: file, id of the ring, place in it."""

    path: Path
    ring: str
    place: int


def _keep(content: bytes, part: RingPart, why: str, ledger: Ledger, notice: Callable[[str], None]) -> None:
    digest = sha256(content).hexdigest()
    file = f"{part.ring or part.path.stem}-{part.place}-{digest[:16]}.bin"
    write_atomic(part.path.parent / "quarantine" / file, content)
    length = len(content)
    ledger.append(RecordsDamaged(ring=part.ring, place=part.place, length=length, sha256=digest, file=file))
    notice(
        f"{part.path}: {why}: what was acknowledged in them after the last sync may be lost; "
        f"the {length} bytes are kept in quarantine/{file}, and the ledger says so"
    )
