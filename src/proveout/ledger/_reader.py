"""Reading the log: entries of acknowledged commits, and proofs. Needs no lock."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from proveout.errors import EntryNotFound
from proveout.ledger._entry import decode_body
from proveout.ledger._frames import commits
from proveout.ledger._head import Head, read_head, read_key
from proveout.ledger._merkle import Tree, leaf_hash
from proveout.ledger._open import check_checkpoint
from proveout.ledger._proofs import ConsistencyProof, InclusionProof
from proveout.ledger._record import Envelope, Keyring, decode_envelope
from proveout.ledger._segments import corrupt, first_index, load_tail, parse_header, segments
from proveout.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from proveout.ledger._entry import EntryBody
    from proveout.store import Store, Workspace

__all__ = ["Entry", "LedgerReader", "instant"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Entry:
    """One entry of the log.

    Attributes:
        index: its place.
        leaf: its leaf hash.
    """

    def __init__(self, reader: LedgerReader, index: int, record: bytes) -> None:
        self.index = index
        self._reader = reader
        self._record = record
        self._envelope: Envelope = decode_envelope(record)

    def __repr__(self) -> str:
        return f"Entry(index={self.index}, kind={self.kind!r}, version={self.version})"

    @property
    def kind(self) -> str:
        """Under which its body is registered."""
        return self._envelope.kind

    @property
    def version(self) -> int:
        """Of its body when it was written."""
        return self._envelope.version

    @property
    def time(self) -> datetime:
        """When it was handed in, in UTC, to the microsecond."""
        return instant(self._envelope.time)

    @property
    def encrypted(self) -> bool:
        """Whether its payload is encrypted under a subject's key."""
        return self._envelope.key_id is not None

    @property
    def subject(self) -> str | None:
        """Whom it is about; None for nobody, and for somebody who was erased."""
        key_id = self._envelope.key_id
        return None if key_id is None else self._reader.keyring.subject_of(key_id)

    @property
    def leaf(self) -> bytes:
        """Its leaf hash, computed from the bytes on disk."""
        return leaf_hash(self._record)

    def payload(self) -> bytes:
        """What it says, as the JSON it was written with.

        Raises:
            SubjectErased: the key was destroyed.
        """
        envelope = self._envelope
        if envelope.key_id is None:
            return envelope.payload
        return self._reader.keyring.open(envelope, f"entry {self.index}")

    def body(self) -> EntryBody:
        """What it says, upgraded to the body's current version.

        Raises:
            SubjectErased: the key was destroyed.
            EntryUnknown: the kind is not registered here.
        """
        return decode_body(self.kind, self.version, self.payload())


class LedgerReader:
    """The log as it was when opened: later commits are seen by opening again.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Ledger.open(Workspace(Path(folder))).close()
        ...     len(LedgerReader.open(Workspace(Path(folder))))
        0
    """

    def __init__(self, workspace: Workspace, paths: list[Path], head: Head) -> None:
        self._workspace = workspace
        self._paths = paths
        self._head = head
        self._tree: Tree | None = None
        self._store: Store | None = None
        self._keyring: Keyring | None = None

    @classmethod
    def open(cls, workspace: Workspace) -> LedgerReader:
        """Open for reading, while another process may write.

        Raises:
            LedgerCorrupt: the log is damaged, or shorter than its HEAD.json says; or there is none.
        """
        key = read_key(workspace)
        checkpoint = read_head(workspace, key)  # before the log, which may only have grown since
        paths = segments(workspace)
        tail = load_tail(paths, key)
        check_checkpoint(workspace, tail, checkpoint)
        return cls(workspace, paths, tail.head or checkpoint)

    def __len__(self) -> int:
        return self._head.size

    @property
    def head(self) -> Head:
        """The signed head that covers everything this reader shows."""
        return self._head

    @property
    def keyring(self) -> Keyring:
        """Subject keys; opened when the first encrypted entry is read."""
        if self._keyring is None:
            self._store = open_store(self._workspace)
            self._keyring = Keyring(self._store)
        return self._keyring

    def entries(self, kind: str | None = None, start: int = 0) -> Iterator[Entry]:
        """Entries from index ``start`` on, in order; of one kind, or of all.

        Raises:
            LedgerCorrupt: a record on the way does not match its checksum.
        """
        for index, record in self._records(start):
            found = Entry(self, index, record)
            if kind is None or found.kind == kind:
                yield found

    def entry(self, index: int) -> Entry:
        """The entry at ``index``.

        Raises:
            EntryNotFound: there is none.
        """
        if 0 <= index < len(self):
            return next(self.entries(start=index))
        raise self._not_found(index)

    def prove(self, index: int) -> InclusionProof:
        """Prove that the entry at ``index`` is under this reader's signed head.

        The first call hashes the log; later ones look up O(log n) hashes.

        Raises:
            EntryNotFound: there is none.
            LedgerCorrupt: the records do not lead to the signed root.
        """
        if not 0 <= index < len(self):
            raise self._not_found(index)
        path = self._hashes().inclusion(index, len(self))
        return InclusionProof(index=index, size=len(self), root=self._head.root, path=path)

    def prove_consistency(self, old_size: int) -> ConsistencyProof:
        """Prove that the log at ``old_size`` entries is a prefix of the log under this reader's signed head.

        Raises:
            EntryNotFound: the log never had so many.
            LedgerCorrupt: the records do not lead to the signed root.
        """
        if not 0 <= old_size <= len(self):
            raise self._not_found(old_size)
        tree = self._hashes()
        return ConsistencyProof(
            old_size=old_size,
            size=len(self),
            old_root=tree.root(old_size),
            root=self._head.root,
            path=tree.consistency(old_size, len(self)),
        )

    def close(self) -> None:
        """Let go of the key store."""
        if self._store is not None:
            self._store.close()
        self._store = self._keyring = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hashes(self) -> Tree:
        if self._tree is None:
            tree = Tree(leaf_hash(record) for _, record in self._records(0))
            if tree.root(len(self)) != self._head.root:
                raise corrupt(self._workspace.ledger, "its records do not lead to the signed root")
            self._tree = tree
        return self._tree

    def _records(self, start: int) -> Iterator[tuple[int, bytes]]:
        begins = [first_index(path) for path in self._paths]
        ends = [*begins[1:], len(self)]
        skip = max(bisect_right(begins, start) - 1, 0)
        for path, first, end in list(zip(self._paths, begins, ends, strict=False))[skip:]:
            index = first
            for index, record in enumerate(segment_records(path, end - first), first):
                if index >= start:
                    yield index, record
            if end > first and index != end - 1:
                raise corrupt(path, f"entry {index} is the last intact one, and {end - 1} should be")

    def _not_found(self, index: int) -> EntryNotFound:
        why = f"the log holds {len(self)} entries"
        fix = "name an index from 0 on that is smaller"
        return EntryNotFound("no such entry", why=why, fix=fix, about=f"entry {index}")


def segment_records(path: Path, count: int) -> Iterator[bytes]:
    """The first ``count`` records of a segment, as far as they are intact."""
    data = path.read_bytes()
    header = parse_header(data)
    for commit in commits(data, header[1]) if header else ():
        if count <= 0:
            return
        yield from commit.bodies
        count -= len(commit.bodies)


def instant(nanoseconds: int) -> datetime:
    """A time of the log as an aware datetime."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
