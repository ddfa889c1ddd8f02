"""verify: everything stored is what was stored."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from proveout import certify, data, families, trial
from proveout.certify import CertificateIssued, CertifyOpened
from proveout.errors import CertificateCorrupt, CertificateForeign, IntegrityError, TaskNotFound
from proveout.ledger import LedgerReader, read_public_key, verify_ledger
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from proveout.ledger import EntryBody

__all__ = ["Check", "VerifyReport", "check_certificate", "verify", "verify_certificate"]


class Check(msgspec.Struct, frozen=True):
    """One thing that was checked: its name, whether it holds, and what was found."""

    name: str
    ok: bool
    detail: str


class VerifyReport(msgspec.Struct, frozen=True):
    """All checks of one folder."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)


def verify(folder: Path) -> VerifyReport:
    """Re-read every byte stored for the task in ``folder``; changes nothing and needs no network.

    Raises:
        TaskNotFound: nothing was stored there.
    """
    workspace = Workspace(folder)
    if not workspace.state.is_dir():
        fix = f"name a task's folder, or begin with: proveout snapshot {folder}"
        raise TaskNotFound("nothing to verify", why="there is no .proveout folder", fix=fix, about=str(folder))
    return VerifyReport((_ledger(workspace), *_stored(workspace)))


def verify_certificate(path: Path, *, folder: Path | None = None, key: bytes | None = None) -> VerifyReport:
    """Recompute a certificate from the evidence beside it; changes nothing and needs no network.

    Args:
        path: of the certificate.
        folder: of the task it should be of: the key and the plan in its ledger are compared too. Where the certificate
            lies in a task's own folder, that is the task.
        key: the public key trusted. A ledger's key has to be the same; without one, the ledger's is trusted where
            there is a ledger, else the certificate's own.

    Raises:
        CertificateForeign: it is of another task than the one in ``folder``.
    """
    at = folder or _home(path)
    if at is None:
        problems = certify.verify_certificate(path, key=key)
        detail = "every figure follows from the evidence" if not problems else "; ".join(problems)
        checks = [Check(f"certificate {path.name}", ok=not problems, detail=detail)]
        if not problems and key is None:
            own = certify.load_certificate(path).key
            checks.append(Check("key", ok=True, detail=f"{own}: compare it with the one you trust"))
        return VerifyReport(tuple(checks))
    try:
        return VerifyReport(
            (Check(f"certificate {path.name}", ok=True, detail=check_certificate(Workspace(at), path, key)),)
        )
    except IntegrityError as error:
        return VerifyReport((Check(f"certificate {path.name}", ok=False, detail=str(error)),))


def _home(path: Path) -> Path | None:
    """The task's folder that a certificate lies in."""
    place = path.resolve().parent
    root = place.parent.parent
    return root if place == Workspace(root).certificates and Workspace(root).ledger.is_dir() else None


def _certificate(workspace: Workspace, name: str) -> str:
    return check_certificate(workspace, workspace.certificates / f"{name}.json")


def check_certificate(workspace: Workspace, path: Path, key: bytes | None = None) -> str:
    """What was found: evidence and outcome, the ledger's key, and the plan that was in the ledger before.

    Args:
        workspace: whose ledger the certificate should be in.
        path: of the certificate.
        key: the public key trusted besides the ledger's.

    Raises:
        CertificateCorrupt: it does not follow from its evidence, or the ledger does not hold it or its plan.
        CertificateForeign: it is signed with the key of another ledger.
    """
    problems = certify.verify_certificate(path, key=key)
    fix = "restore it from a backup, or certify again"
    if problems:
        raise CertificateCorrupt("a certificate does not verify", why="; ".join(problems), fix=fix, about=str(path))
    certificate = certify.load_certificate(path)
    if certificate.key != read_public_key(workspace).hex():
        why, fix = "it is signed with the key of another ledger", "name the folder of the task it is of"
        raise CertificateForeign("the certificate is of another task", why=why, fix=fix, about=str(path))
    opened, issued = (_entries(workspace, kind, certificate) for kind in (CertifyOpened, CertificateIssued))
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    if not any(isinstance(body, CertificateIssued) and body.hash == own for body in issued.values()):
        why = "the ledger does not hold that it was issued"
        raise CertificateCorrupt("a certificate does not verify", why=why, fix=fix, about=str(path))
    if not opened or certificate.spending.entry != min(opened) or min(opened) >= min(issued):
        why = "the ledger does not hold its plan before it was issued"
        raise CertificateCorrupt("a certificate does not verify", why=why, fix=fix, about=str(path))
    return f"every figure follows from {certificate.rows:,} rows of evidence; its plan was frozen before"


def _entries(workspace: Workspace, kind: type[EntryBody], certificate: certify.Certificate) -> dict[int, EntryBody]:
    """The entries of a kind that are of a certificate's plan, by their indexes."""
    with LedgerReader.open(workspace) as reader:
        found = ((one.index, one.body()) for one in reader.entries(kind=kind.kind))
        return {index: body for index, body in found if getattr(body, "plan", "") == certificate.plan_hash}


def _ledger(workspace: Workspace) -> Check:
    try:
        report = verify_ledger(workspace)
    except IntegrityError as error:
        return Check("ledger", ok=False, detail=str(error))
    return Check("ledger", ok=report.ok, detail=report.summary)


def _stored(workspace: Workspace) -> list[Check]:
    verifiers: dict[str, Callable[[Workspace, str], str]] = {
        "snapshot": data.verify_snapshot,
        "candidate": families.verify_candidate,
        "trial": trial.verify_trial,
        "certificate": _certificate,
    }
    ids = {
        "snapshot": data.snapshot_ids(workspace),
        "candidate": families.candidate_ids(workspace),
        "trial": trial.trial_ids(workspace),
        "certificate": certify.certificate_ids(workspace),
    }
    return [_check(kind, name, verifiers[kind], workspace) for kind in verifiers for name in ids[kind]]


def _check(kind: str, name: str, verifier: Callable[[Workspace, str], str], workspace: Workspace) -> Check:
    try:
        return Check(f"{kind} {name[:24]}", ok=True, detail=verifier(workspace, name))
    except (IntegrityError, CertificateForeign) as error:
        return Check(f"{kind} {name[:24]}", ok=False, detail=str(error))
