"""Building, storing and loading candidates."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ArtifactCorrupt, CandidateNotFound, FamilyDoesNotFit
from proveout.families._code import code_version
from proveout.families._incumbent import recorded_answers
from proveout.families._protocol import BuildRun, Candidate, families
from proveout.ledger import EntryBody, LedgerReader, entry
from proveout.store import Workspace, fsync_folder, translated_os_errors, write_atomic
from proveout.task import canonical_json, content_hash, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.data import Snapshot
    from proveout.ledger import Ledger
    from proveout.task import Task

    Progress = Callable[[str, int, int], None]

__all__ = ["Built", "CandidateBuilt", "build", "candidate_files", "candidate_ids", "load_candidate", "verify_candidate"]

MANIFEST = "manifest.json"


@entry("candidate.built", version=1)
class CandidateBuilt(EntryBody, frozen=True, kw_only=True):
    """A candidate was built: what it is tied to, the hashes of its files, and what building it took."""

    candidate: str
    family: str
    task: str
    snapshot: str
    code: str
    seed: int
    files: dict[str, str]
    wall_seconds: float
    cpu_seconds: float


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate and where it is stored.

    Attributes:
        id: ``family@`` and the first 12 digits of the hash over its files.
        candidate: ready to answer.
        folder: its files.
        reused: it was there already.
        wall_seconds: what building it took, then or now.
        cpu_seconds: the same in processor time.
    """

    id: str
    candidate: Candidate
    folder: Path
    reused: bool
    wall_seconds: float
    cpu_seconds: float


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The hash of each file, and of what the candidate was built from."""

    built_from: str
    files: dict[str, str]


def build(  # noqa: PLR0913  a build has this many parties
    workspace: Workspace,
    task: Task,
    snapshot: Snapshot,
    name: str,
    *,
    seed: int,
    ledger: Ledger,
    progress: Progress,
    embedder: str = "auto",
) -> Built:
    """Build a candidate, or find the one built from the same task, snapshot, code, seed and embedder.

    Raises:
        FamilyUnknown: no family of that name.
        FamilyDoesNotFit: it cannot serve the task.
        BuildFailed: the data do not allow it.
    """
    maker = families.create(name)
    fit = maker.fits(task)
    if not fit.ok:
        raise FamilyDoesNotFit("the family does not fit", why=fit.reason, fix="choose another family", about=name)
    built_from = content_hash([name, fingerprint(task), snapshot.id, code_version(), seed, embedder])
    known = _find(workspace, built_from)
    if known:
        return _reused(workspace, known)
    run = BuildRun(
        seed=seed,
        snapshot=snapshot.id,
        cache=workspace.cache,
        progress=lambda stage, done, total: progress(f"{name}: {stage}", done, total),
        embedder=embedder,
        recorded=partial(recorded_answers, task, snapshot, ledger),
        documents=lambda: {document.path: snapshot.read_document(document) for document in snapshot.documents},
    )
    wall, cpu = time.perf_counter(), time.process_time()
    candidate = maker.build(task, snapshot.train(), snapshot.select(), run)
    took = (time.perf_counter() - wall, time.process_time() - cpu)
    identifier, manifest = _store(workspace, name, candidate, built_from)
    body = CandidateBuilt(
        candidate=identifier,
        family=name,
        task=candidate.card.task,
        snapshot=snapshot.id,
        code=candidate.card.code,
        seed=seed,
        files=manifest.files,
        wall_seconds=took[0],
        cpu_seconds=took[1],
    )
    ledger.append(body)
    folder = workspace.candidates / identifier
    return Built(
        id=identifier, candidate=candidate, folder=folder, reused=False, wall_seconds=took[0], cpu_seconds=took[1]
    )


def load_candidate(workspace: Workspace, identifier: str) -> Candidate:
    """Load a candidate, its files re-hashed.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered.
    """
    verify_candidate(workspace, identifier)
    kind = families.create(identifier.partition("@")[0]).candidate
    return kind.load(workspace.candidates / identifier, workspace.cache)


def candidate_ids(workspace: Workspace) -> list[str]:
    """Ids of all candidates here, sorted."""
    return sorted(path.parent.name for path in workspace.candidates.glob(f"*@*/{MANIFEST}"))


def verify_candidate(workspace: Workspace, identifier: str) -> str:
    """Re-hash a candidate's files, and say what was checked.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered, added or removed.
    """
    folder = workspace.candidates / identifier
    path = folder / MANIFEST
    if not path.is_file():
        known = ", ".join(candidate_ids(workspace)) or "none"
        fix = f"build it with: proveout build {workspace.root}"
        raise CandidateNotFound("no such candidate", why=f"there is {known}", fix=fix, about=identifier)
    content = path.read_bytes()
    if _identifier(identifier.partition("@")[0], content) != identifier:
        raise _corrupt(path, "its manifest does not match its id", identifier)
    stated = msgspec.json.decode(content, type=_Manifest).files
    found = _hashes(folder)
    for name in sorted(stated.keys() | found.keys()):
        if stated.get(name) != found.get(name):
            raise _corrupt(folder / name, "it does not match its hash", identifier)
    size = sum((folder / name).stat().st_size for name in stated)
    return f"{len(stated)} files, {size:,} bytes, match their hashes"


def candidate_files(workspace: Workspace, identifier: str) -> dict[str, str]:
    """The BLAKE2b-256 hash of each of a candidate's files, by name, from its manifest.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered.
    """
    verify_candidate(workspace, identifier)
    return msgspec.json.decode((workspace.candidates / identifier / MANIFEST).read_bytes(), type=_Manifest).files


def _corrupt(path: Path, why: str, identifier: str) -> ArtifactCorrupt:
    fix = f"restore it from a backup, or remove the folder {identifier} and build again"
    return ArtifactCorrupt("a candidate was altered", why=why, fix=fix, about=str(path))


def _find(workspace: Workspace, built_from: str) -> str | None:
    for identifier in candidate_ids(workspace):
        content = (workspace.candidates / identifier / MANIFEST).read_bytes()
        if msgspec.json.decode(content, type=_Manifest).built_from == built_from:
            return identifier
    return None


def _reused(workspace: Workspace, identifier: str) -> Built:
    wall, cpu = 0.0, 0.0
    with LedgerReader.open(workspace) as reader:
        for found in reader.entries(kind=CandidateBuilt.kind):
            body = found.body()
            if isinstance(body, CandidateBuilt) and body.candidate == identifier:
                wall, cpu = body.wall_seconds, body.cpu_seconds
    return Built(
        id=identifier,
        candidate=load_candidate(workspace, identifier),
        folder=workspace.candidates / identifier,
        reused=True,
        wall_seconds=wall,
        cpu_seconds=cpu,
    )


def _store(workspace: Workspace, name: str, candidate: Candidate, built_from: str) -> tuple[str, _Manifest]:
    """Write a candidate's files beside their place, then rename: a kill leaves a whole candidate or none."""
    unfinished = workspace.candidates / f".{name}-{built_from[:12]}"
    with translated_os_errors(unfinished):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        candidate.save(unfinished)
        _sync(unfinished)
        manifest = _Manifest(built_from=built_from, files=_hashes(unfinished))
        content = canonical_json(manifest)
        write_atomic(unfinished / MANIFEST, content)
        identifier = _identifier(name, content)
        target = workspace.candidates / identifier
        if target.exists():
            shutil.rmtree(unfinished)
        else:
            unfinished.rename(target)
        fsync_folder(workspace.candidates)
    return identifier, manifest


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            fsync_folder(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _identifier(name: str, manifest: bytes) -> str:
    return f"{name}@{hashlib.blake2b(manifest, digest_size=32).hexdigest()[:12]}"


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        path.relative_to(folder).as_posix(): hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
        for path in files
    }
