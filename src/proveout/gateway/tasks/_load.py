"""Tasks read from their folders: the certificate in force, the candidates that answer, the incumbent behind them.

All that is heavy is imported here, so that a gateway that serves no task never pays for it.
"""

from __future__ import annotations

import hashlib
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from proveout import certify, families
from proveout.certify import CertificateAlarmed, CertificateIssued
from proveout.data import SelectSplit, TrainSplit
from proveout.errors import CandidateNotFound, CertificateCorrupt, SettingsInvalid, TaskChanged
from proveout.families import CandidateBuilt
from proveout.gateway.tasks._answerer import TaskAnswerer
from proveout.gateway.tasks._batcher import Batcher
from proveout.gateway.tasks._stages import Stage, StageKind
from proveout.ledger import LedgerReader, read_public_key
from proveout.store import Workspace
from proveout.task import Task, fingerprint, load_task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proveout.certify import Certificate
    from proveout.families import Candidate
    from proveout.gateway._settings import ServedTask

__all__ = ["load_task_answerer"]

KINDS = {CandidateBuilt.kind, CertificateIssued.kind, CertificateAlarmed.kind}
# Modes in which the incumbent can be asked without a candidate of it.
ASKABLE = {"endpoint", "local"}
UNBUILT = "llm@unbuilt"
RULES = "symbolic"
LLM = "llm"
CERTIFIED = "certified"


class Facts(msgspec.Struct):
    """What the ledger says, in its order.

    Attributes:
        built: candidates of this task that are still here.
        issued: SHA-256 of certificate files.
        alarmed: ids of certificates whose promise was called broken.
        others: candidates that were built for the task as it was before.
        newest: when the newest of all was built, seconds since the epoch.
    """

    built: dict[str, str] = {}
    issued: set[str] = set()
    alarmed: set[str] = set()
    others: int = 0
    newest: int = 0


class Place(msgspec.Struct, frozen=True):
    """One task's folder, as it is found."""

    name: str
    task: Task
    workspace: Workspace
    facts: Facts
    seconds: float


def load_task_answerer(name: str, folder: Path, served: ServedTask, *, rules: bool, seconds: float) -> TaskAnswerer:
    """The answerer of the task in a folder.

    Args:
        name: what requests name as their model.
        folder: of the task.
        served: its route.
        rules: whether a tier lets rules answer that no certificate covers.
        seconds: in which a candidate has to answer.

    Raises:
        TaskNotFound: no task is there.
        CandidateNotFound: nothing is built that the route needs.
        TaskChanged: what is built was built for the task as it was before.
        CertificateCorrupt: the newest certificate does not verify.
        SettingsInvalid: the route cannot be served.
    """
    import_module("proveout.release")  # registers the routes, such as cascades, that a candidate may be
    task, workspace = load_task(folder), Workspace(folder)
    place = Place(name, task, workspace, _facts(workspace, fingerprint(task)), seconds)
    stages = ROUTES.get(served.route, partial(_candidate, served.route))(place)
    if rules:
        stages |= _rules(place)
    if not stages and not (served.route == CERTIFIED and place.facts.alarmed):
        raise _nothing(place, served.route)
    # After an alarm even no answer is better than the certified one, which would go on if this could not be loaded.
    return TaskAnswerer(name, task, stages, created=place.facts.newest)


def _facts(workspace: Workspace, task: str) -> Facts:
    facts = Facts()
    present = set(families.candidate_ids(workspace))
    if not present:
        return facts
    with LedgerReader.open(workspace) as reader:
        for found in reader.entries():
            if found.kind in KINDS:
                _note(facts, found.body(), task, present)
                if found.kind == CandidateBuilt.kind:
                    facts.newest = int(found.time.timestamp())
    return facts


def _note(facts: Facts, body: Any, task: str, present: set[str]) -> None:
    if isinstance(body, CandidateBuilt) and body.candidate in present:
        if body.task == task:
            facts.built[body.candidate] = body.family
        else:
            facts.others += 1
    elif isinstance(body, CertificateIssued):
        facts.issued.add(body.hash)
    elif isinstance(body, CertificateAlarmed):
        facts.alarmed.add(body.certificate)


def _certified(place: Place) -> dict[str, Stage]:
    """The newest certificate's candidate where it is sure enough, the incumbent elsewhere."""
    certificate = _certificate(place)
    stages = _incumbent(place)
    if certificate is None:
        return stages
    thresholds = {part.segment: part.threshold for part in certificate.parts if part.threshold is not None}
    candidate = families.load_candidate(place.workspace, certificate.plan.candidate)
    certify.check_candidate(
        certificate.plan.candidate, candidate.card, task=fingerprint(place.task), snapshot=certificate.plan.snapshot
    )
    stage = _stage(place, "certified", certificate.plan.candidate, candidate)
    return {"certified": msgspec.structs.replace(stage, certificate=certificate.id, thresholds=thresholds), **stages}


def _certificate(place: Place) -> Certificate | None:
    """The newest that certifies something of this task, which has to verify; None once it was called broken.

    An older one does not take its place: what broke the promise may be the traffic, on which nobody has audited it.
    """
    folder, task = place.workspace.certificates, fingerprint(place.task)
    found = [certify.load_certificate(folder / f"{name}.json") for name in certify.certificate_ids(place.workspace)]
    ours = [one for one in found if one.certified and one.plan.task == task]
    newest = max(ours, key=lambda one: (one.issued, one.id), default=None)
    if newest is None or newest.id in place.facts.alarmed:
        return None
    path = folder / newest.path_name
    problems = certify.verify_certificate(path, key=bytes.fromhex(_public_key(place.workspace)))
    if hashlib.sha256(path.read_bytes()).hexdigest() not in place.facts.issued:
        problems = [*problems, "the ledger does not hold that it was issued"]
    if problems:
        fix = f"restore it from a backup, or certify again: proveout certify {place.task.root}"
        raise CertificateCorrupt("a certificate does not verify", why="; ".join(problems), fix=fix, about=str(path))
    return newest


def _public_key(workspace: Workspace) -> str:
    return read_public_key(workspace).hex()


def _candidate(route: str, place: Place) -> dict[str, Stage]:
    """The newest candidate of a family, or the one named; the incumbent behind it."""
    if "@" not in route and route not in {*families.families.names(), *families.routes.names()}:
        known = ", ".join(["certified", "incumbent", *families.families.names(), *families.routes.names()])
        fix = f"use one of {known}, or a candidate's id"
        about = f"tasks.{place.name}.route"
        raise SettingsInvalid("no such route", why=f"it is {route!r}", fix=fix, about=about)
    identifier = route if "@" in route else _newest(place, route)
    if identifier is None:
        return {}
    candidate = families.load_candidate(place.workspace, identifier)
    if candidate.card.task != fingerprint(place.task):
        why = "it was built for the task as it was before it was edited"
        fix = f"build it again: proveout build {place.task.root}"
        raise TaskChanged("the candidate is of another task", why=why, fix=fix, about=identifier)
    stages = {"candidate": _stage(place, "candidate", identifier, candidate)}
    return stages if candidate.card.family == LLM else {**stages, **_incumbent(place)}


def _rules(place: Place) -> dict[str, Stage]:
    identifier = _newest(place, RULES)
    if identifier is None:
        return {}
    return {"rules": _stage(place, "rules", identifier, families.load_candidate(place.workspace, identifier))}


def _incumbent(place: Place) -> dict[str, Stage]:
    """The newest candidate of the llm family; where none is built, the model itself without examples."""
    identifier = _newest(place, LLM)
    if identifier is not None:
        candidate = families.load_candidate(place.workspace, identifier)
    elif place.task.incumbent.mode in ASKABLE:
        identifier, candidate = UNBUILT, _asked_without_examples(place)
    else:
        return {}
    return {"incumbent": _stage(place, "incumbent", identifier, candidate)}


def _asked_without_examples(place: Place) -> Candidate:
    run = families.BuildRun(seed=0, snapshot="", cache=place.workspace.cache)
    none: dict[str, Any] = {"snapshot": "", "examples": ()}
    return families.LlmFamily().build(place.task, TrainSplit(**none), SelectSplit(**none), run)


def _newest(place: Place, family: str) -> str | None:
    return next((name for name, kind in reversed(place.facts.built.items()) if kind == family), None)


def _stage(place: Place, kind: StageKind, identifier: str, candidate: Candidate) -> Stage:
    """A candidate that calls an endpoint waits for it, so that it gets threads instead of batches."""
    incumbent = place.task.incumbent
    calls = isinstance(candidate, families.EndpointCandidate)
    if isinstance(candidate, families.EndpointCandidate):
        candidate = candidate.serving()
    shape = {"most": 1, "threads": incumbent.concurrency} if calls else {}
    return Stage(
        kind=kind,
        candidate=identifier,
        ask=Batcher(f"{place.name}/{kind}", candidate.answer, **shape),
        model=incumbent.model if calls else "",
        pays=incumbent.mode == "endpoint",
        unpriced="warning" in candidate.card.parameters.get("price", {}),
        calibrated=identifier != UNBUILT,
        seconds=max(place.seconds, incumbent.timeout_seconds) if calls else place.seconds,
    )


def _nothing(place: Place, route: str) -> CandidateNotFound | TaskChanged:
    folder, about = place.task.root, place.name
    if place.facts.others and not place.facts.built:
        why = "task.toml was edited after its candidates were built"
        return TaskChanged("the task changed", why=why, fix=f"build again: proveout build {folder}", about=about)
    if not place.facts.built:
        fix = f"build one with: proveout build {folder}"
        return CandidateNotFound("the task cannot be served", why="no candidate is built", fix=fix, about=about)
    why = f"its route is {route!r}, and nothing that is built can take it, nor can an incumbent be asked"
    fix = f"run proveout certify {folder}, build the family, or set tasks.{about}.route in gateway.toml"
    return CandidateNotFound("the task cannot be served", why=why, fix=fix, about=about)


ROUTES: Mapping[str, Any] = {CERTIFIED: _certified, "incumbent": _incumbent}
