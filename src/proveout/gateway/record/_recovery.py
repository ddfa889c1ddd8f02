"""What a kill left in the rings: into the ledger, each record once."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import RingCorrupt
from proveout.gateway._entries import RequestServed
from proveout.gateway.record._damage import set_aside, set_file_aside
from proveout.gateway.record._notice import tell
from proveout.gateway.record._ring import Ring
from proveout.ledger import LedgerReader
from proveout.store import fsync_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from proveout.ledger import Ledger
    from proveout.store import Workspace

__all__ = ["Recovery", "recover", "rings_folder"]

MOST_RECORDS = 4096
MOST_BYTES = 4 * 1024 * 1024
PATIENCE_SECONDS = 5.0


class Recovery(msgspec.Struct, frozen=True):
    """What `recover` found.

    Attributes:
        rings: files that were left and are deleted now.
        records: that were written to the ledger.
        doubled: records that the ledger had already, and that were left out.
        damaged: parts that were no whole record and are kept in ``rings/quarantine/``.

    Example:
        >>> Recovery(rings=1, records=2).records
        2
    """

    rings: int = 0
    records: int = 0
    doubled: int = 0
    damaged: int = 0


def rings_folder(workspace: Workspace) -> Path:
    """Where the rings of a gateway with this home are.

    Example:
        >>> from pathlib import Path
        >>> from proveout.store import Workspace
        >>> rings_folder(Workspace(Path("home"))).as_posix()
        'home/.proveout/rings'
    """
    return workspace.state / "rings"


def recover(
    ledger: Ledger,
    *,
    notice: Callable[[str], None] = tell,
    patience: float = PATIENCE_SECONDS,
) -> Recovery:
    """Write what the rings of an earlier gateway still hold, and delete them; called before new rings are made.

    A batch may have been committed by a writer that was killed before it took the batch out of the rings. Each ring's
    header says how many entries the ledger held before that batch, so that only what came after is searched for it.
    A kill in the middle of this is recovered by calling it again.

    Args:
        ledger: of the gateway's home; whoever has it is the only one who recovers.
        notice: called with a line about each damaged part.
        patience: seconds to wait for a worker that was killed with its supervisor to be gone.

    Raises:
        WriterBusy: a worker of the earlier gateway still runs.
        RingForeign: another version of Proveout left a ring.
        DiskFull: no space is left; nothing is lost.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder, Ledger.open(Workspace(Path(folder))) as ledger:
        ...     with Ring.create(rings_folder(ledger.workspace) / "w0.ring") as ring:
        ...         place = ring.put(b'{"id":"req_0"}')
        ...     (recover(ledger).records, recover(ledger).records)
        (1, 0)
    """
    folder = rings_folder(ledger.workspace)
    found = [_recover_file(path, ledger, notice, patience) for path in sorted(folder.glob("*.ring"))]
    for path in folder.glob(".*.tmp"):
        path.unlink()  # killed while it was made
    if found:
        fsync_folder(folder)
    return Recovery(
        rings=len(found),
        records=sum(one.records for one in found),
        doubled=sum(one.doubled for one in found),
        damaged=sum(one.damaged for one in found),
    )


def _recover_file(path: Path, ledger: Ledger, notice: Callable[[str], None], patience: float) -> Recovery:
    try:
        ring = Ring.open(path)
    except RingCorrupt as error:
        set_file_aside(path, error.why, ledger, notice)
        return Recovery(damaged=1)
    with ring:
        ring.claim(patience)
        found = _empty(ring, ledger, notice)
        path.unlink()
    return found


def _empty(ring: Ring, ledger: Ledger, notice: Callable[[str], None]) -> Recovery:
    written = _written_since(ring.mark, ledger) if ring.pending else set()
    records = doubled = damaged = 0
    while ring.pending:
        found = ring.peek(MOST_RECORDS, MOST_BYTES)
        new = [record for record in found if _digest(record) not in written]
        ledger.append_encoded(RequestServed, new)
        ring.advance(len(found))
        records += len(new)
        doubled += len(found) - len(new)
        damaged += set_aside(ring, ledger, notice)
    return Recovery(records=records, doubled=doubled, damaged=damaged)


def _written_since(mark: int, ledger: Ledger) -> set[bytes]:
    """Digests of the records among the ledger's entries from this one on."""
    with LedgerReader.open(ledger.workspace) as reader:
        return {_digest(entry.payload()) for entry in reader.entries(RequestServed.kind, start=mark)}


def _digest(record: bytes) -> bytes:
    return blake2b(record, digest_size=16).digest()
