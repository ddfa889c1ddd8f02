"""The certificate: what it says, its one form as bytes, its signature, and where it is kept."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.certify._budget import Spending
from proveout.certify._decide import Part, decide
from proveout.certify._entries import CertificateIssued
from proveout.certify._lifelong import LifelongTerms, lifelong_terms
from proveout.certify._plan import Plan
from proveout.certify._power import Needed, needed
from proveout.certify._rows import evidence_bytes
from proveout.certify._words import assumptions, statement
from proveout.errors import CertificateCorrupt, CertificateForeign
from proveout.store import Workspace, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from proveout.certify._rows import Row
    from proveout.ledger import Ledger

__all__ = [
    "Certificate",
    "EvidenceFile",
    "certificate_bytes",
    "certificate_ids",
    "certificate_schema",
    "issue",
    "load_certificate",
    "store_certificate",
]

FORMAT = 1
BOM = ".bom.json"
SCHEMA = "https://json-schema.org/draft/2020-12/schema"
TESTS = {
    "agreement": "exact binomial test of each threshold in the order of the grid (Clopper-Pearson, Learn-then-Test)",
    "non-inferiority": "test by betting on the net loss, of each threshold in the order of the grid",
}
HOLM = "; segments at once by Holm's step-down test in its graphical form"


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file that everything is recomputed from, which lies beside the certificate and is named by its hash."""

    sha256: str
    rows: int


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A signed statement of how much traffic the cheap path may serve at how little loss; or that none is certified.

    Attributes:
        format: 1.
        id: ``certificate@`` and 16 digits of a hash over plan and evidence.
        statement: the whole of it, in words.
        certified: whether any traffic is.
        claim: ``agreement`` or ``non-inferiority``.
        alpha: the loss allowed.
        delta: the probability that what it says is not so.
        coverage: share of the rows that is served at the certified thresholds.
        rows: of evidence.
        labels_used: rows whose label the outcome depends on.
        labels_missing: rows that would be served at the threshold aimed at, and lack a label that would count.
        test: its name.
        plan: what was frozen before the rows were opened.
        plan_hash: SHA-256 of the plan, as the ledger has it.
        parts: the outcome for all traffic, or for each segment.
        evidence: the file beside it.
        spending: of the budget of error.
        needed: what it would take; None when it certifies.
        lifelong: how it is watched; None when it does not certify.
        assumptions: what it rests on, in plain words.
        issued: when, in UTC.
        key: the Ed25519 public key, 64 hex digits; the ledger's.
        signature: over all else, 128 hex digits.
    """

    format: int
    id: str
    statement: str
    certified: bool
    claim: str
    alpha: float
    delta: float
    coverage: float
    rows: int
    labels_used: int
    labels_missing: int
    test: str
    plan: Plan
    plan_hash: str
    parts: tuple[Part, ...]
    evidence: EvidenceFile
    spending: Spending
    needed: Needed | None
    lifelong: LifelongTerms | None
    assumptions: tuple[str, ...]
    issued: datetime
    key: str
    signature: str = ""

    @property
    def path_name(self) -> str:
        """The name of its file."""
        return f"{self.id}.json"


def certificate_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a certificate.

    Example:
        >>> certificate_schema()["$schema"]
        'https://json-schema.org/draft/2020-12/schema'
    """
    return {"$schema": SCHEMA, "title": "Migration Certificate", **msgspec.json.schema(Certificate)}


def certificate_bytes(certificate: Certificate) -> bytes:
    """The file: JSON with sorted keys, of one form only, so that any changed byte shows."""
    return _encode(msgspec.to_builtins(certificate))


def _encode(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def issue(
    plan: Plan,
    rows: Sequence[Row],
    spending: Spending,
    *,
    now: datetime,
    key: bytes,
    sign: Callable[[bytes], bytes],
) -> tuple[Certificate, bytes]:
    """Test the plan on the CertifySplit's rows and sign what comes of it.

    Args:
        plan: frozen before the rows were opened.
        rows: of the CertifySplit.
        spending: from `open_look`.
        now: in UTC.
        key: the public key.
        sign: signs bytes with the private one.

    Returns:
        The certificate, and the bytes of its evidence file.
    """
    evidence, digest = evidence_bytes(rows)
    parts = decide(rows, plan.grid)
    certified = any(part.threshold is not None for part in parts)
    used, missing = _labels(plan, rows, parts)
    served = sum(part.served for part in parts)
    wanted = None if certified else needed(plan.grid, plan.expected, sum(part.units for part in parts))
    unsigned = Certificate(
        format=FORMAT,
        id=f"certificate@{hashlib.sha256(f'{plan.hash}{digest}'.encode()).hexdigest()[:16]}",
        statement=statement(plan, parts, len(rows), wanted, missing),
        certified=certified,
        claim=plan.grid.claim,
        alpha=plan.grid.alpha,
        delta=plan.grid.delta,
        coverage=served / len(rows) if rows else 0.0,
        rows=len(rows),
        labels_used=used,
        labels_missing=missing,
        test=TESTS[plan.grid.claim] + (HOLM if plan.grid.segments else ""),
        plan=plan,
        plan_hash=plan.hash,
        parts=parts,
        evidence=EvidenceFile(sha256=digest, rows=len(rows)),
        spending=spending,
        needed=wanted,
        lifelong=lifelong_terms(plan.grid.alpha, claim=plan.grid.claim) if certified else None,
        assumptions=assumptions(plan, spending, missing),
        issued=now,
        key=key.hex(),
    )
    fields = msgspec.to_builtins(unsigned)
    del fields["signature"]
    return msgspec.structs.replace(unsigned, signature=sign(_encode(fields)).hex()), evidence


def _labels(plan: Plan, rows: Sequence[Row], parts: Sequence[Part]) -> tuple[int, int]:
    """Labels the outcome depends on, and labels that are missing at the threshold certified or else aimed at."""
    aimed = plan.expected.threshold
    if plan.grid.claim == "agreement":
        stands_for = plan.incumbent.source == "expected labels"
        return (sum(row.incumbent is not None for row in rows) if stands_for else 0), 0
    least = {part.segment: part.threshold if part.threshold is not None else aimed for part in parts}
    used = missing = 0
    for row in rows:
        tau = least.get(row.segment if plan.grid.segments else "")
        if tau is not None and row.score is not None and row.score >= tau and row.disagrees:
            used += not row.lacks_label
            missing += row.lacks_label and row.score >= (tau if aimed is None else min(tau, aimed))
        elif aimed is not None and row.score is not None and row.score >= aimed:
            missing += row.lacks_label
    return used, missing


def store_certificate(workspace: Workspace, ledger: Ledger, certificate: Certificate, evidence: bytes) -> Path:
    """Write the evidence, then the ledger entry, then the certificate, each durable before the next."""
    write_atomic(workspace.certificates / f"{certificate.evidence.sha256}.json", evidence)
    content = certificate_bytes(certificate)
    body = CertificateIssued(
        certificate=certificate.id,
        plan=certificate.plan_hash,
        evidence=certificate.evidence.sha256,
        hash=hashlib.sha256(content).hexdigest(),
        certified=certificate.certified,
        coverage=certificate.coverage,
    )
    ledger.append(body)
    path = workspace.certificates / certificate.path_name
    write_atomic(path, content)
    return path


def certificate_ids(workspace: Workspace) -> list[str]:
    """Ids of the certificates kept here, sorted."""
    return sorted(
        path.stem for path in workspace.certificates.glob("certificate@*.json") if not path.name.endswith(BOM)
    )


def load_certificate(path: Path, *, plan: Plan | None = None) -> Certificate:
    """Read a certificate; `verify_certificate` says whether it is true.

    Raises:
        CertificateCorrupt: it is not there or is no certificate.
        CertificateForeign: it is of another task, snapshot or candidate than ``plan``.
    """
    try:
        certificate = msgspec.json.decode(path.read_bytes(), type=Certificate)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        fix = "restore it from a backup, or certify again"
        raise CertificateCorrupt("cannot read a certificate", why=str(error), fix=fix, about=str(path)) from error
    for what in ("task", "snapshot", "candidate") if plan is not None else ():
        found, wanted = getattr(certificate.plan, what), getattr(plan, what)
        if found != wanted:
            why = f"it is of {what} {found[:24]}, and this is {what} {wanted[:24]}"
            fix = "name the certificate of this one, or certify it"
            raise CertificateForeign("the certificate is of something else", why=why, fix=fix, about=str(path))
    return certificate
