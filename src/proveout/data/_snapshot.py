"""Snapshots: immutable, content-addressed sets of examples and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from proveout.data._chunks import Chunk, digest, put_objects, read_object, read_table, write_table
from proveout.data._entries import SnapshotTaken, TestOpened
from proveout.data._prepare import prepare
from proveout.data._report import SnapshotReport
from proveout.data._splits import CertifySplit, SelectSplit, Split, TestSplit, TrainSplit
from proveout.data._table import SCHEMA, from_table, to_table
from proveout.errors import DataUnreadable, SnapshotCorrupt, SnapshotNotFound, TaskChanged
from proveout.store import Workspace, write_atomic
from proveout.task import canonical_json, content_hash, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from proveout.ledger import Ledger
    from proveout.task import Task

    Progress = Callable[[str, int, int], None]

__all__ = [
    "Document",
    "Manifest",
    "Snapshot",
    "check_task",
    "load_snapshot",
    "snapshot_ids",
    "take_snapshot",
    "verify_snapshot",
]

FORMAT = 1
LATEST = "LATEST"
S = TypeVar("S", bound=Split)


class Document(msgspec.Struct, frozen=True):
    """One document of a snapshot: its path in the task's folder, the hash of its content, and its size in bytes."""

    path: str
    hash: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds; the hash of its canonical JSON is the snapshot's id."""

    format: int
    task: str
    splits: dict[str, tuple[Chunk, ...]]
    documents: tuple[Document, ...]
    report: SnapshotReport


class Snapshot(msgspec.Struct, frozen=True):
    """An immutable set of examples and documents, split once.

    Attributes:
        workspace: where its chunks are.
        id: 64 hex digits, the BLAKE2b-256 of its manifest.
        manifest: what it holds.
    """

    workspace: Workspace
    id: str
    manifest: Manifest

    @property
    def task(self) -> str:
        """Fingerprint of the task it was taken for."""
        return self.manifest.task

    @property
    def report(self) -> SnapshotReport:
        """Counts per split, duplicates and conflicts."""
        return self.manifest.report

    @property
    def documents(self) -> tuple[Document, ...]:
        """Its documents, sorted by path."""
        return self.manifest.documents

    def train(self) -> TrainSplit:
        """Rows to learn from; each chunk is checked against its hash, as in all four."""
        return self._open(TrainSplit)

    def select(self) -> SelectSplit:
        """Rows to choose on."""
        return self._open(SelectSplit)

    def certify(self) -> CertifySplit:
        """Rows a certificate is computed from."""
        return self._open(CertifySplit)

    def open_test(self, ledger: Ledger, purpose: str) -> TestSplit:
        """The untouched rows; the opening and its purpose are in the ledger before a row is handed out."""
        ledger.append(TestOpened(snapshot=self.id, purpose=purpose, rows=self.report.rows[TestSplit.name]))
        return self._open(TestSplit)

    def incumbent_answers(self) -> dict[str, dict[str, Any]]:
        """The incumbent's recorded answers of all splits, by the content hash of the inputs; holds no labels.

        Of several answers to one input, the first is kept.
        """
        found: dict[str, dict[str, Any]] = {}
        decode = msgspec.json.Decoder().decode
        for name in self.manifest.splits:
            table = self._table(name).select(["inputs", "incumbent"])
            for inputs, answer in zip(table["inputs"].to_pylist(), table["incumbent"].to_pylist(), strict=True):
                if answer is not None:
                    found.setdefault(content_hash(decode(inputs)), decode(answer))
        return found

    def labelled_inputs(self, split: str) -> list[dict[str, Any]]:
        """Inputs of a split's labelled rows, in order and without their labels: all that checking a proof reads.

        Since no label is handed out, this opens no TestSplit.
        """
        table = self._table(split).select(["inputs", "expected"])
        decode = msgspec.json.Decoder().decode
        rows = zip(table["inputs"].to_pylist(), table["expected"].to_pylist(), strict=True)
        return [decode(inputs) for inputs, expected in rows if expected is not None]

    def read_document(self, document: Document) -> bytes:
        """The bytes of one document, re-hashed."""
        return bytes(read_object(self.workspace.objects, document.hash))

    def _open(self, kind: type[S]) -> S:
        return kind(snapshot=self.id, examples=from_table(self._table(kind.name)))

    def _table(self, name: str) -> Any:
        return read_table(self.workspace.objects, self.manifest.splits[name], SCHEMA)


def _quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def take_snapshot(workspace: Workspace, task: Task, ledger: Ledger, progress: Progress = _quiet) -> Snapshot:
    """Freeze the task's rows and documents; the same content gives the same id, and is stored once.

    Chunks are durable before the manifest names them, so that a kill leaves a whole snapshot or none.

    Raises:
        DataError: a file, a column or a row cannot be used; nothing was written.
        DiskFull: no space is left; the snapshot before stands.
    """
    prepared = prepare(task, progress)
    documents = _documents(task)
    progress("writing chunks", 0, 1)
    splits = {name: write_table(workspace.objects, to_table(rows)) for name, rows in prepared.splits.items()}
    put_objects(workspace.objects, [content for _, content in documents])
    manifest = Manifest(
        format=FORMAT,
        task=fingerprint(task),
        splits=splits,
        documents=tuple(Document(path, digest(content), len(content)) for path, content in documents),
        report=prepared.report,
    )
    content = canonical_json(manifest)
    snapshot = Snapshot(workspace, digest(content), manifest)
    path = workspace.snapshots / f"{snapshot.id}.json"
    is_new = not path.exists()
    write_atomic(path, content)
    if is_new:
        ledger.append(SnapshotTaken(snapshot=snapshot.id, task=manifest.task, rows=prepared.report.rows))
    write_atomic(workspace.snapshots / LATEST, snapshot.id.encode())
    progress("writing chunks", 1, 1)
    return snapshot


def load_snapshot(workspace: Workspace, snapshot_id: str | None = None) -> Snapshot:
    """Read a snapshot's manifest, the latest one's by default; chunks are read and checked when a split is opened.

    Raises:
        SnapshotNotFound: there is none.
        SnapshotCorrupt: the manifest does not match its hash.
    """
    name = snapshot_id or _latest(workspace)
    path = workspace.snapshots / f"{name}.json"
    if not path.is_file():
        known = ", ".join(found[:12] for found in snapshot_ids(workspace)) or "none"
        fix = f"take one with: proveout snapshot {workspace.root}"
        raise SnapshotNotFound(
            "no such snapshot", why=f"there is {known}", fix=fix, about=name[:12] or str(workspace.root)
        )
    content = path.read_bytes()
    if digest(content) != name:
        fix = f"restore that file from a backup, or take it again with: proveout snapshot {workspace.root}"
        raise SnapshotCorrupt("a manifest was altered", why="it does not match its hash", fix=fix, about=str(path))
    return Snapshot(workspace, name, msgspec.json.decode(content, type=Manifest))


def snapshot_ids(workspace: Workspace) -> list[str]:
    """Ids of all snapshots here, sorted."""
    return sorted(path.stem for path in workspace.snapshots.glob("*.json"))


def verify_snapshot(workspace: Workspace, snapshot_id: str) -> str:
    """Re-hash a snapshot's manifest, chunks and documents, and say what was checked.

    Raises:
        SnapshotCorrupt: one of them was altered.
    """
    snapshot = load_snapshot(workspace, snapshot_id)
    chunks = [chunk for chunks in snapshot.manifest.splits.values() for chunk in chunks]
    names = [*(chunk.hash for chunk in chunks), *(document.hash for document in snapshot.documents)]
    size = sum(len(read_object(workspace.objects, name)) for name in names)
    rows = sum(snapshot.report.rows.values())
    return f"{rows:,} rows and {len(snapshot.documents)} documents in {size:,} bytes match their hashes"


def check_task(snapshot: Snapshot, task: Task) -> None:
    """Refuse to work on a snapshot whose task has another meaning now.

    Raises:
        TaskChanged: the fingerprints differ.
    """
    now = fingerprint(task)
    if snapshot.task != now:
        why = f"snapshot {snapshot.id[:12]} was taken for fingerprint {snapshot.task[:12]}, and task.toml is {now[:12]}"
        fix = f"take a new one with: proveout snapshot {task.root}, or undo the edit"
        raise TaskChanged("the task was edited after its snapshot", why=why, fix=fix, about=str(task.root))


def _latest(workspace: Workspace) -> str:
    try:
        return (workspace.snapshots / LATEST).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def _documents(task: Task) -> list[tuple[str, bytes]]:
    """Paths, relative to the task's folder, and contents of its documents, sorted by path."""
    found: dict[str, bytes] = {}
    for pattern in task.documents.paths:
        files = [path for path in sorted(task.root.glob(pattern)) if path.is_file()]
        if not files:
            fix = "correct documents.paths in task.toml"
            raise DataUnreadable("no documents", why=f"nothing matches {pattern!r}", fix=fix, about=str(task.root))
        found |= {file.relative_to(task.root).as_posix(): _read(file) for file in files}
    return sorted(found.items())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "make it readable to this user"
        raise DataUnreadable("cannot read a document", why=str(error), fix=fix, about=str(path)) from error
