"""What the experiments of the modularity axis gave, written under its hash and named in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ArtifactCorrupt
from proveout.ledger import LedgerReader
from proveout.store import write_atomic
from proveout.task import content_hash
from proveout.trial._entries import ModularityMeasured
from proveout.trial._faults import faults
from proveout.trial._modularity_run import Outcomes
from proveout.trial._recording import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from proveout.store import Workspace
    from proveout.trial._modularity_run import ModularityPlan
    from proveout.trial._recording import Recorder

__all__ = ["outcomes_path", "recorded_outcomes"]

# Counted up when the experiments change: what an earlier way of asking gave is then not read back.
METHOD = 1


def recorded_outcomes(
    recorder: Recorder, candidate: str, plan: ModularityPlan, seed: int, measure: Callable[[], Outcomes]
) -> tuple[Outcomes, int]:
    """What the experiments gave and the entry that names it; experiments done before are read back instead.

    Raises:
        ArtifactCorrupt: the recorded file is not what the ledger says it is.
    """
    asked = _asked(recorder, plan, seed)
    known = _known(recorder, candidate, asked)
    if known is not None:
        return known
    found = measure()
    content = msgspec.json.encode(found, order="deterministic")
    body = ModularityMeasured(
        candidate=candidate, snapshot=recorder.snapshot, plan=asked, answers=found.asked, hash=digest(content)
    )
    # The file first: an entry must never name what is not there.
    write_atomic(outcomes_path(recorder.workspace, body.hash), content)
    return found, recorder.ledger.append(body).index


def outcomes_path(workspace: Workspace, name: str) -> Path:
    """Where what the experiments of one hash gave is."""
    return workspace.trials / "modularity" / name[:2] / f"{name}.json"


def _asked(recorder: Recorder, plan: ModularityPlan, seed: int) -> str:
    limits = (plan.wrong, plan.sample, plan.hidden, plan.swapped)
    rows = [example.id for example in recorder.examples]
    return content_hash([METHOD, seed, limits, faults.names(), plan.rebuild is not None, rows])


def _known(recorder: Recorder, candidate: str, asked: str) -> tuple[Outcomes, int] | None:
    with LedgerReader.open(recorder.workspace) as reader:
        entries = [(one.index, one.body()) for one in reader.entries(kind=ModularityMeasured.kind)]
    for index, body in reversed(entries):
        if not isinstance(body, ModularityMeasured):
            continue
        path = outcomes_path(recorder.workspace, body.hash)
        wanted = (body.candidate, body.snapshot, body.plan) == (candidate, recorder.snapshot, asked)
        if not wanted or not path.exists():
            continue
        content = path.read_bytes()
        if digest(content) != body.hash:
            why = f"the ledger's entry {index} names another content"
            fix = "delete the file and compare again: its experiments are then done anew"
            raise ArtifactCorrupt("recorded experiments were changed", why=why, fix=fix, about=str(path))
        return msgspec.json.decode(content, type=Outcomes), index
    return None
