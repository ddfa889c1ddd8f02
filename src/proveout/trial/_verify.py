"""Checking finished trials offline: the result file and every recorded answer are what the ledger says they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from proveout.errors import ArtifactCorrupt
from proveout.families import code_version
from proveout.ledger import EntryBody, LedgerReader
from proveout.trial._entries import AnswersRecorded, ModularityMeasured, TrialFinished, TrialStarted
from proveout.trial._modularity_record import outcomes_path
from proveout.trial._recording import answers_path, digest, probes_path
from proveout.trial._reproof import Chunk, reprove, stated_proofs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proveout.store import Workspace

__all__ = ["trial_ids", "verify_trial"]

Body = TypeVar("Body", bound=EntryBody)


def trial_ids(workspace: Workspace) -> list[str]:
    """Ids of the trials whose result is here, sorted."""
    return sorted(path.stem for path in workspace.trials.glob("trial@*.json"))


def verify_trial(workspace: Workspace, trial: str) -> str:
    """Re-hash a trial's result and the answers it stands on, check their proofs anew, and say what was checked.

    Raises:
        ArtifactCorrupt: a file is missing, or is not what the ledger's entry names, or fewer proofs are accepted than
            the result says.
    """
    started = [body for body in _bodies(workspace, TrialStarted) if body.trial == trial]
    finished = [body for body in _bodies(workspace, TrialFinished) if body.trial == trial]
    result = workspace.trials / f"{trial}.json"
    if not started or not finished:
        raise _corrupt(result, "the ledger has no entry of this trial's end")
    _check(result, finished[-1].hash)
    begun = started[-1]
    chunks = {
        (body.candidate, body.probes, body.start, body.rows): body.hash
        for body in _bodies(workspace, AnswersRecorded)
        if body.snapshot == begun.snapshot and body.candidate in begun.candidates
    }
    for name in chunks.values():
        _check(answers_path(workspace, name), name)
    for name in {probes for _, probes, _, _ in chunks if probes}:
        _check(probes_path(workspace, name), name)
    for one in _bodies(workspace, ModularityMeasured):
        if one.snapshot == begun.snapshot and one.candidate in begun.candidates:
            _check(outcomes_path(workspace, one.hash), one.hash)
    answers = sum(rows for _, _, _, rows in chunks)
    own = [Chunk(name, start, hash_) for (name, probes, start, _), hash_ in chunks.items() if not probes]
    return f"its result and {answers:,} recorded answers match the ledger{_proofs(workspace, begun, result, own)}"


def _proofs(workspace: Workspace, begun: TrialStarted, result: Path, chunks: list[Chunk]) -> str:
    """What became of the proofs; nothing where the result speaks of none."""
    stated = stated_proofs(result.read_bytes(), code_version())
    counted = [chunk for chunk in chunks if chunk.candidate in stated]
    found = reprove(workspace, begun.snapshot, counted) if counted else {}
    for name, count in found.items():
        if count.accepted < stated[name]:
            why = f"{count.accepted:,} of its {count.given:,} proofs are accepted, and the result says {stated[name]:,}"
            raise _corrupt(workspace.candidates / name, why)
    given, accepted = (sum(getattr(count, part) for count in found.values()) for part in ("given", "accepted"))
    return f"; {accepted:,} of {given:,} proofs are accepted by their checkers" if found else ""


def _bodies(workspace: Workspace, kind: type[Body]) -> Iterator[Body]:
    with LedgerReader.open(workspace) as reader:
        for entry in reader.entries(kind=kind.kind):
            body = entry.body()
            if isinstance(body, kind):
                yield body


def _check(path: Path, stated: str) -> None:
    if not path.is_file():
        raise _corrupt(path, "the file is missing")
    if digest(path.read_bytes()) != stated:
        raise _corrupt(path, "it does not match the hash in the ledger")


def _corrupt(path: Path, why: str) -> ArtifactCorrupt:
    fix = "restore the file from a backup, or remove it and compare again"
    return ArtifactCorrupt("a trial was altered", why=why, fix=fix, about=str(path))
