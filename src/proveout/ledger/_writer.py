"""The one writer: group commit of batches, each durable and under a signed head before it is acknowledged."""

from __future__ import annotations

import os
import time
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import DiskFull, LedgerError, ProveoutError
from proveout.ledger._bodies import Erased, Recovered
from proveout.ledger._frames import HEAD, RECORD, frame
from proveout.ledger._head import Head, head_path, sign_head
from proveout.ledger._merkle import Frontier, leaf_hash
from proveout.ledger._open import open_log
from proveout.ledger._record import Envelope, Keyring, encode_envelope, encode_envelopes, seal
from proveout.ledger._segments import segment_header, segment_path
from proveout.store import fsync_folder, translated_os_errors, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from proveout.ledger._entry import EntryBody
    from proveout.ledger._open import OpenLog
    from proveout.store import Workspace

__all__ = ["Ledger", "Receipt"]

SEGMENT_BYTES = 64 * 1024 * 1024
CHECKPOINT_NANOSECONDS = 1_000_000_000
STATEMENT = b"proveout statement v1\n"
_encode_json = msgspec.json.Encoder().encode


class Receipt(msgspec.Struct, frozen=True):
    """What the caller holds once an entry is durable.

    Attributes:
        index: the entry's place in the log.
        leaf: its leaf hash; with an inclusion proof it shows that the log holds the entry.
        head: the signed head that covers it.
    """

    index: int
    leaf: bytes
    head: Head


class _Batch:
    """Entries of one caller, on their way to disk."""

    def __init__(self, bodies: list[bytes]) -> None:
        self.frames = b"".join([frame(RECORD, body) for body in bodies])
        self.leaves = [leaf_hash(body) for body in bodies]
        self.start = 0
        self.head: Head | None = None
        self.error: ProveoutError | None = None


class Ledger:
    """The writer of one workspace's log; make one with `Ledger.open`. Safe to share between threads.

    Each caller encodes its own entries; whoever gets the commit lock writes everything that is waiting with one write
    and one sync, then acknowledges all of it (flat combining: Hendler et al., SPAA 2010).

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.ledger import EntryBody, LedgerReader, entry
        >>> from proveout.store import Workspace
        >>> @entry("example.greeted", version=1)
        ... class Greeted(EntryBody):
        ...     name: str
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     workspace = Workspace(Path(folder))
        ...     with Ledger.open(workspace) as ledger:
        ...         ledger.append(Greeted(name="Ada")).index
        ...     [entry.body() for entry in LedgerReader.open(workspace).entries()]
        0
        [Greeted(name='Ada')]
    """

    def __init__(self, log: OpenLog, *, segment_bytes: int, clock: Callable[[], int]) -> None:
        self._log = log
        self._segment_bytes = segment_bytes
        self._clock = clock
        self._keyring = Keyring(log.store)
        self._path: Path | None = log.tail.path
        self._end = log.tail.end
        self._frontier: Frontier = log.tail.frontier
        self._head = log.tail.head or log.checkpoint
        self._checkpoint = log.checkpoint
        self._checkpoint_overdue = False
        self._descriptor: int | None = None
        self._broken: ProveoutError | None = None
        self._closed = False
        self._waiting: list[_Batch] = []
        self._queue_lock = Lock()
        self._commit_lock = Lock()

    @classmethod
    def open(
        cls, workspace: Workspace, *, segment_bytes: int = SEGMENT_BYTES, clock: Callable[[], int] = time.time_ns
    ) -> Ledger:
        """Open for writing; recover from a write cut short by a kill.

        Args:
            workspace: whose ledger.
            segment_bytes: a segment of at least this size is sealed.
            clock: nanoseconds since the epoch.

        Raises:
            WriterBusy: another writer is at it.
            LedgerCorrupt: the log does not verify, so nothing may be added to it.
            NotWritable: this user may not write there.
            DiskFull: no space is left.
        """
        log = open_log(workspace, clock)
        ledger = cls(log, segment_bytes=segment_bytes, clock=clock)
        try:
            if log.quarantined is not None:
                ledger._append_recovered(log.quarantined)
        except BaseException:
            ledger._release()
            raise
        return ledger

    def __len__(self) -> int:
        return self._head.size

    @property
    def workspace(self) -> Workspace:
        """Whose log it is; a `LedgerReader` of it reads what was appended."""
        return self._log.workspace

    @property
    def head(self) -> Head:
        """The latest signed tree head; keep a copy elsewhere to detect a rewritten log."""
        return self._head

    def append(self, body: EntryBody, subject: str | None = None) -> Receipt:
        """Add one entry; durable on return. See `append_many`."""
        return self.append_many([body], subject)[0]

    def append_many(self, bodies: Sequence[EntryBody], subject: str | None = None) -> list[Receipt]:
        """Add entries, all or none; durable on return.

        Args:
            bodies: declared with `entry`.
            subject: whom they are about; their payload is then encrypted under the subject's key.

        Raises:
            DiskFull: no space is left; nothing of it was kept, and later appends work once there is room.
            LedgerError: the ledger is closed.
        """
        if not bodies:
            return []
        batch = _Batch(self._encode(bodies, subject))
        head = self._append(batch)
        return [Receipt(index, leaf, head) for index, leaf in enumerate(batch.leaves, batch.start)]

    def append_encoded(self, body: type[EntryBody], payloads: Sequence[bytes]) -> range:
        """Add entries whose bodies another process has encoded, all or none; durable on return. See `append_many`.

        Args:
            body: what all of them are.
            payloads: each the JSON of one body in its current version; written as it is, and not looked at.

        Returns:
            Their indices.
        """
        if not payloads:
            return range(0)
        batch = _Batch(encode_envelopes(body.kind, body.version, self._clock(), payloads))
        self._append(batch)
        return range(batch.start, batch.start + len(payloads))

    def erase_subject(self, subject: str) -> bool:
        """Destroy the subject's key, so that nobody can read the bodies about them.

        The entry comes first, so that no key is ever destroyed without a record; run again after an error.

        Returns:
            Whether the subject had a key.
        """
        key = self._log.store.find_subject(subject)
        if key is not None:
            self.append(Erased(key_id=key.id.hex()))
        self._keyring.forget(subject)
        self._log.store.erase_subject(subject)
        return key is not None

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the Ed25519 key that heads and statements are verified with; key.pub holds them too."""
        return self._log.key.public_key().public_bytes_raw()

    def sign(self, statement: bytes) -> bytes:
        """Sign a statement that lives outside the log, such as a certificate, with the key of the log (RFC 8032).

        What is signed begins with a line of its own, so that no statement can pass for a tree head.

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> from proveout.store import Workspace
            >>> with tempfile.TemporaryDirectory() as folder, Ledger.open(Workspace(Path(folder))) as ledger:
            ...     len(ledger.sign(b"true"))
            64
        """
        return self._log.key.sign(STATEMENT + statement)

    def close(self) -> None:
        """Write HEAD.json and release the lock.

        Raises:
            DiskFull: HEAD.json could not be written; every acknowledged entry is in the log all the same.
        """
        with self._commit_lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._broken is None:
                    self._write_checkpoint()
            finally:
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _encode(self, bodies: Sequence[EntryBody], subject: str | None) -> list[bytes]:
        now = self._clock()
        clear = [Envelope(body.kind, body.version, now, None, _encode_json(body)) for body in bodies]
        if subject is None:
            return [encode_envelope(envelope) for envelope in clear]
        key_id, cipher = self._keyring.of_subject(subject)
        return [encode_envelope(seal(envelope, cipher, key_id)) for envelope in clear]

    def _append(self, batch: _Batch) -> Head:
        """Hand a batch in, and write it unless somebody else does; the head that covers it."""
        with self._queue_lock:
            self._waiting.append(batch)
        with self._commit_lock:
            if batch.head is None and batch.error is None:
                with self._queue_lock:
                    batches, self._waiting = self._waiting, []
                self._commit(batches)
        if batch.head is None:
            raise batch.error or self._unusable("its commit was interrupted")
        return batch.head

    def _commit(self, batches: list[_Batch]) -> None:
        """Write everything or nothing of these; afterwards each holds its head or its error."""
        interrupted: ProveoutError = self._unusable("a commit was interrupted, so what the disk holds is not known")
        failure = interrupted
        try:
            self._refuse_if_unusable()
            if self._checkpoint_overdue:
                self._write_checkpoint()
            self._write_under_head(batches)
        except ProveoutError as error:
            failure = error
        except OSError as error:
            failure = self._broken or self._unusable(str(error))
        else:
            self._checkpoint_if_due()
        finally:
            for batch in batches:
                batch.error = failure if batch.head is None else None
            if batches[-1].error is interrupted:
                self._broken = interrupted

    def _write_under_head(self, batches: list[_Batch]) -> None:
        frontier = self._frontier.copy()
        for batch in batches:
            frontier.extend(batch.leaves)
        start, size = self._frontier.size, frontier.size
        head = sign_head(self._log.key, start=start, size=size, time=self._clock(), root=frontier.root())
        self._write(b"".join([batch.frames for batch in batches]) + frame(HEAD, head.to_bytes()))
        self._frontier, self._head = frontier, head
        for batch in batches:
            batch.start, batch.head = start, head
            start += len(batch.leaves)

    def _write(self, content: bytes) -> None:
        """Write and sync at the acknowledged end, in a new segment when the present one is full."""
        if self._path is None or self._end >= self._segment_bytes:
            self._start_segment()
        path, end = self._path or self._log.workspace.ledger, self._end
        if end == 0:
            content = segment_header(self._frontier) + content
        try:
            with translated_os_errors(path):
                descriptor = self._open_segment(path)
                _write_all(descriptor, content, end)
                os.fdatasync(descriptor)
                if end == 0:
                    fsync_folder(path.parent)
        except BaseException as error:
            self._cut_back(error)
            raise
        self._end = end + len(content)

    def _start_segment(self) -> None:
        self._write_checkpoint()
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        self._path, self._end = segment_path(self._log.workspace, self._frontier.size), 0

    def _open_segment(self, path: Path) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        return self._descriptor

    def _cut_back(self, error: BaseException) -> None:
        """Take back what a failed commit may have left; a ledger that cannot is not written to again."""
        if self._descriptor is None:
            return
        try:
            os.ftruncate(self._descriptor, self._end)
            os.fdatasync(self._descriptor)
        except OSError:
            self._broken = self._unusable(f"a commit failed ({error}) and could not be taken back")
            return
        if not isinstance(error, DiskFull):
            self._broken = self._unusable(f"a commit failed ({error}), so what the disk holds is not known")

    def _append_recovered(self, body: Recovered) -> None:
        """Write the entry over the torn bytes, then cut what is left of them: a kill in between is recovered again."""
        self.append(body)
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, self._end)
            os.fdatasync(self._descriptor)

    def _checkpoint_if_due(self) -> None:
        if self._head.time - self._checkpoint.time < CHECKPOINT_NANOSECONDS:
            return
        try:
            self._write_checkpoint()
        except (ProveoutError, OSError):
            # The entries are durable and must be acknowledged: the next commit tries again, and raises.
            self._checkpoint_overdue = True

    def _write_checkpoint(self) -> None:
        if self._checkpoint != self._head:
            write_atomic(head_path(self._log.workspace), self._head.to_json())
            self._checkpoint = self._head
        self._checkpoint_overdue = False

    def _refuse_if_unusable(self) -> None:
        if self._closed:
            raise self._unusable("it is closed")
        if self._broken is not None:
            raise self._broken

    def _unusable(self, why: str) -> LedgerError:
        about = str(self._log.workspace.ledger)
        return LedgerError("cannot write to the ledger", why=why, fix="open the ledger again", about=about)

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._closed = True
        self._log.close()


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
