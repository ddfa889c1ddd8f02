"""Offline verification of the whole log; reads every byte and changes none."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import LedgerCorrupt, ProveoutError
from proveout.ledger._bodies import Recovered
from proveout.ledger._frames import commits
from proveout.ledger._head import Head, read_head, read_key
from proveout.ledger._lock import writer_is_alive
from proveout.ledger._merkle import EMPTY_ROOT, Frontier, leaf_hash
from proveout.ledger._record import decode_envelope
from proveout.ledger._segments import corrupt, first_index, parse_header, segments
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from proveout.ledger._frames import Commit
    from proveout.store import Workspace

__all__ = ["LedgerReport", "verify_ledger"]

_RECOVERED = msgspec.json.Decoder(Recovered).decode


class LedgerReport(msgspec.Struct, frozen=True):
    """What `verify_ledger` found.

    Attributes:
        entries: intact entries, up to the first problem.
        segments: files read.
        heads: signed heads checked.
        quarantined: writes cut short that were taken back, each recorded in the log.
        head: the last signed head; None when there is none.
        problems: what does not verify; empty when all is well.

    Example:
        >>> LedgerReport(entries=2, segments=1, heads=1, quarantined=0, head=None, problems=()).summary
        '2 entries in 1 segments under 1 signed heads, 0 torn writes taken back'
    """

    entries: int
    segments: int
    heads: int
    quarantined: int
    head: Head | None
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything verifies."""
        return not self.problems

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.problems:
            return "; ".join(self.problems)
        counts = f"{self.entries} entries in {self.segments} segments under {self.heads} signed heads"
        return f"{counts}, {self.quarantined} torn writes taken back"


def verify_ledger(workspace: Workspace, *, trusted_head: Head | None = None) -> LedgerReport:
    """Check every checksum, leaf, tree root and signature, HEAD.json and the quarantine; changes nothing.

    Args:
        workspace: whose ledger.
        trusted_head: a head that the auditor kept from earlier. Who holds the signing key can rewrite the whole log
            and sign it anew; only a head kept elsewhere shows that.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Ledger.open(Workspace(Path(folder))).close()
        ...     verify_ledger(Workspace(Path(folder))).ok
        True
    """
    check = _Check(workspace, trusted_head)
    try:
        check.run()
    except (ProveoutError, OSError) as error:
        check.problems.append(str(error))
    return check.report()


class _Check:
    """One pass over the log: the tree so far, and what to compare it with on the way."""

    def __init__(self, workspace: Workspace, trusted: Head | None) -> None:
        self.problems: list[str] = []
        self._workspace = workspace
        self._trusted = trusted
        self._expected: dict[int, set[bytes]] = {}
        self._frontier = Frontier()
        self._head: Head | None = None
        self._segments = self._heads = self._quarantined = 0

    def report(self) -> LedgerReport:
        """What was found so far."""
        return LedgerReport(
            entries=self._frontier.size,
            segments=self._segments,
            heads=self._heads,
            quarantined=self._quarantined,
            head=self._head,
            problems=tuple(self.problems),
        )

    def run(self) -> None:
        """Read everything; raises at the first problem in the log itself."""
        key = read_key(self._workspace)
        # HEAD.json before the log and the list of files before their content: a live writer only adds to both.
        checkpoint = read_head(self._workspace, key)
        for expected in (checkpoint, self._trusted):
            if expected is not None:
                self._expected.setdefault(expected.size, set()).add(expected.root)
        if self._trusted is not None and not self._trusted.verify(key):
            self.problems.append("the trusted head is not signed by the key in key.pub")
        self._compare(0, EMPTY_ROOT)
        listed = set((self._workspace.ledger / "segments").glob("*"))
        paths = [path for path in segments(self._workspace) if path in listed]
        for path in paths:
            self._segment(path, key, last=path == paths[-1])
        self.problems.extend(f"{stray}: it is not a segment" for stray in sorted(listed - set(paths)))
        self._unmatched()

    def _segment(self, path: Path, key: Ed25519PublicKey, *, last: bool) -> None:
        with translated_os_errors(path):
            data = path.read_bytes()
        header = parse_header(data)
        end = 0
        if header is not None:
            frontier, end = header
            if frontier.size != self._frontier.size or frontier.nodes != self._frontier.nodes:
                raise corrupt(path, "its header does not continue the tree of the segments before it")
            for commit in commits(data, end):
                self._commit(path, commit, key)
                end = commit.end
        if first_index(path) > self._frontier.size or (end == 0 and first_index(path) != self._frontier.size):
            raise corrupt(path, f"it begins at entry {first_index(path)}, and {self._frontier.size} are before it")
        self._segments += 1
        if end < len(data) and not (last and writer_is_alive(self._workspace)):
            why = f"its {len(data) - end} bytes from byte {end} on are no signed commit: damaged, or a write cut short"
            fix = "if its writer was killed, open the ledger for writing once (any command that writes): it recovers"
            raise LedgerCorrupt("the ledger does not verify", why=why, fix=fix, about=str(path))

    def _commit(self, path: Path, commit: Commit, key: Ed25519PublicKey) -> None:
        head = Head.from_bytes(commit.head)
        if head.start != self._frontier.size or head.size != head.start + len(commit.bodies):
            raise corrupt(path, f"the head before byte {commit.end} does not count its records")
        self._frontier.extend(leaf_hash(body) for body in commit.bodies)
        if head.root != self._frontier.root() or not head.verify(key):
            raise corrupt(path, f"the head of {head.size} entries does not verify")
        self._heads += 1
        self._head = head
        self._compare(head.size, head.root)
        for body in commit.bodies:
            self._record(path, body)

    def _record(self, path: Path, body: bytes) -> None:
        try:
            envelope = decode_envelope(body)
            if envelope.kind == Recovered.kind and envelope.version == Recovered.version:
                self._quarantine(_RECOVERED(envelope.payload))
        except msgspec.MsgspecError as error:
            raise corrupt(path, f"a record is signed and not an entry ({error})") from error

    def _quarantine(self, recovered: Recovered) -> None:
        self._quarantined += 1
        path = self._workspace.ledger / "quarantine" / recovered.file
        content = path.read_bytes() if path.exists() else b""
        if sha256(content).hexdigest() != recovered.sha256:
            self.problems.append(f"{path}: it is not what was taken back, or it is missing")

    def _compare(self, size: int, root: bytes) -> None:
        if any(expected != root for expected in self._expected.pop(size, set())):
            self.problems.append(f"the root over {size} entries is not the one signed in HEAD.json or trusted before")

    def _unmatched(self) -> None:
        for size in sorted(self._expected):
            found = f"the log holds {self._frontier.size} entries and no head over {size}"
            self.problems.append(f"{found}, as HEAD.json or the trusted head says there was: it was cut or rewritten")
