"""Proofs of recorded answers checked once more, offline, by the independent checkers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from proveout.data import load_snapshot
from proveout.families import Claim, check_proof
from proveout.task import Answer
from proveout.trial._recording import answers_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from proveout.store import Workspace

__all__ = ["Chunk", "Reproved", "reprove", "stated_proofs"]


class Chunk(NamedTuple):
    """Recorded answers of one candidate to labelled test rows: its first row, and the name of its file."""

    candidate: str
    start: int
    hash: str


class Reproved(NamedTuple):
    """Of the definite answers with a proof: how many there are, and how many proofs are accepted."""

    given: int
    accepted: int


def reprove(workspace: Workspace, snapshot: str, chunks: Iterable[Chunk]) -> dict[str, Reproved]:
    """Check each proof anew from the inputs and the candidate's files, by candidate; no label is read."""
    inputs = load_snapshot(workspace, snapshot).labelled_inputs("test")
    counts: dict[str, Reproved] = {}
    for chunk in chunks:
        answers = msgspec.json.decode(answers_path(workspace, chunk.hash).read_bytes(), type=list[Answer])
        rows = zip(inputs[chunk.start : chunk.start + len(answers)], answers, strict=True)
        folder = workspace.candidates / chunk.candidate
        held = [_holds(given, answer, folder) for given, answer in rows if answer.output and answer.evidence.proof]
        before = counts.get(chunk.candidate, Reproved(0, 0))
        counts[chunk.candidate] = Reproved(before.given + len(held), before.accepted + sum(held))
    return counts


def _holds(inputs: Mapping[str, Any], answer: Answer, folder: Path) -> bool:
    claim = Claim(inputs=inputs, output=answer.output or {}, proof=answer.evidence.proof or {}, folder=folder)
    return not check_proof(claim)


def stated_proofs(result: bytes, code: str) -> dict[str, int]:
    """How many proofs a trial's result says were accepted, by candidate; none for a result that does not say it.

    Proofs of another version of the code are left out: its checkers are the ones to ask.

    Example:
        >>> axis = {"evidence": {"proof": 9}, "refused": {"proof": 2}}
        >>> one = {"id": "a@1", "code": "0.1", "axes": {"interpretability": axis}}
        >>> stated_proofs(json.dumps({"candidates": [one]}).encode(), "0.1")
        {'a@1': 7}
    """
    found = {}
    for one in json.loads(result)["candidates"]:
        if one["code"] != code:
            continue
        axis = (one.get("axes") or {}).get("interpretability") or {}
        given = axis.get("evidence", {}).get("proof", 0)
        if given:
            found[one["id"]] = given - axis.get("refused", {}).get("proof", 0)
    return found
