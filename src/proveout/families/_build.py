"""Building, storing and loading candidates."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import CandidateNotFound, FamilyDoesNotFit
from proveout.families._artifacts import MANIFEST, Manifest, artifact_ids, built_before, check_files, store_artifact
from proveout.families._code import code_version
from proveout.families._incumbent import recorded_answers
from proveout.families._protocol import BuildRun, Candidate, families, routes
from proveout.ledger import EntryBody, LedgerReader, entry
from proveout.task import content_hash, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.data import Snapshot
    from proveout.ledger import Ledger
    from proveout.store import Workspace
    from proveout.task import Task

    Progress = Callable[[str, int, int], None]

__all__ = [
    "Built",
    "CandidateBuilt",
    "build",
    "build_run",
    "candidate_files",
    "candidate_ids",
    "find_built",
    "keep_candidate",
    "load_candidate",
    "load_from",
    "verify_candidate",
]


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
    known = find_built(workspace, built_from)
    if known:
        return known
    run = build_run(
        workspace,
        task,
        snapshot,
        seed=seed,
        ledger=ledger,
        progress=lambda stage, done, total: progress(f"{name}: {stage}", done, total),
        embedder=embedder,
    )
    wall, cpu = time.perf_counter(), time.process_time()
    candidate = maker.build(task, snapshot.train(), snapshot.select(), run)
    took = (time.perf_counter() - wall, time.process_time() - cpu)
    return keep_candidate(workspace, candidate, built_from, took, ledger)


def keep_candidate(
    workspace: Workspace, candidate: Candidate, built_from: str, took: tuple[float, float], ledger: Ledger
) -> Built:
    """Store a candidate and say so in the ledger.

    Args:
        workspace: where it is stored.
        candidate: its card names it and what it is tied to.
        built_from: a hash of all it was built from, by which `find_built` finds it.
        took: seconds that building it took, elapsed and of processor time.
        ledger: written to.
    """
    card = candidate.card
    identifier, manifest = store_artifact(workspace.candidates, card.family, candidate.save, built_from)
    body = CandidateBuilt(
        candidate=identifier,
        family=card.family,
        task=card.task,
        snapshot=card.snapshot,
        code=card.code,
        seed=card.seed,
        files=manifest.files,
        wall_seconds=took[0],
        cpu_seconds=took[1],
    )
    ledger.append(body)
    folder = workspace.candidates / identifier
    return Built(
        id=identifier, candidate=candidate, folder=folder, reused=False, wall_seconds=took[0], cpu_seconds=took[1]
    )


def build_run(
    workspace: Workspace,
    task: Task,
    snapshot: Snapshot,
    *,
    seed: int,
    ledger: Ledger,
    progress: Progress,
    embedder: str = "auto",
) -> BuildRun:
    """What a build on a snapshot may use besides its data."""
    return BuildRun(
        seed=seed,
        snapshot=snapshot.id,
        cache=workspace.cache,
        progress=progress,
        embedder=embedder,
        recorded=partial(recorded_answers, task, snapshot, ledger),
        documents=lambda: {document.path: snapshot.read_document(document) for document in snapshot.documents},
    )


def load_candidate(workspace: Workspace, identifier: str) -> Candidate:
    """Load a candidate, its files re-hashed.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered.
    """
    return load_from(workspace.candidates / identifier, workspace.cache)


def load_from(folder: Path, cache: Path) -> Candidate:
    """Load a candidate from its folder, whose name is its id, its files re-hashed.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered.
    """
    _verify_files(folder)
    name = folder.name.partition("@")[0]
    kind = routes.create(name) if name in routes.names() else families.create(name).candidate
    return kind.load(folder, cache)


def candidate_ids(workspace: Workspace) -> list[str]:
    """Ids of all candidates here, sorted."""
    return artifact_ids(workspace.candidates)


def verify_candidate(workspace: Workspace, identifier: str) -> str:
    """Re-hash a candidate's files, and say what was checked.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered, added or removed.
    """
    return _verify_files(workspace.candidates / identifier)


def _verify_files(folder: Path) -> str:
    identifier, path = folder.name, folder / MANIFEST
    if not path.is_file():
        known = ", ".join(artifact_ids(folder.parent)) or "none"
        fix = f"build it with: proveout build {folder.parent.parent.parent}"
        raise CandidateNotFound("no such candidate", why=f"there is {known}", fix=fix, about=identifier)
    return check_files(folder.parent, identifier)


def find_built(workspace: Workspace, built_from: str) -> Built | None:
    """The candidate that was stored with this hash of all it was built from."""
    known = built_before(workspace.candidates, built_from)
    return _reused(workspace, known) if known else None


def candidate_files(workspace: Workspace, identifier: str) -> dict[str, str]:
    """The BLAKE2b-256 hash of each of a candidate's files, by name, from its manifest.

    Raises:
        CandidateNotFound: there is none of that id.
        ArtifactCorrupt: a file was altered.
    """
    verify_candidate(workspace, identifier)
    content = (workspace.candidates / identifier / MANIFEST).read_bytes()
    return msgspec.json.decode(content, type=Manifest).files


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
