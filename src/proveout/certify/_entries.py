"""What certifying writes to the ledger."""

from __future__ import annotations

from proveout.ledger import EntryBody, entry

__all__ = ["CertificateAlarmed", "CertificateIssued", "CertifyOpened", "RowAdjudicated", "TrafficAudited"]


@entry("certificate.opened", version=1)
class CertifyOpened(EntryBody, frozen=True, kw_only=True):
    """The CertifySplit was opened, under a plan frozen before.

    Attributes:
        snapshot: id.
        plan: hash of the plan.
        candidate: id.
        claim: tested.
        alpha: the loss allowed.
        delta: what this look spends.
        budget: that all looks at these rows may spend together.
        rows: of the split.

    Example:
        >>> CertifyOpened(
        ...     snapshot="s", plan="p", candidate="c", claim="agreement", alpha=0.01, delta=0.05, budget=0.05, rows=9
        ... ).kind
        'certificate.opened'
    """

    snapshot: str
    plan: str
    candidate: str
    claim: str
    alpha: float
    delta: float
    budget: float
    rows: int


@entry("certificate.issued", version=1)
class CertificateIssued(EntryBody, frozen=True, kw_only=True):
    """A certificate was signed, one that says "cannot certify" included.

    Attributes:
        certificate: id.
        plan: hash of its plan.
        evidence: SHA-256 of the evidence file, which is named by it.
        hash: SHA-256 of the certificate file.
        certified: whether any traffic is.
        coverage: share of it.

    Example:
        >>> CertificateIssued(certificate="c", plan="p", evidence="e", hash="h", certified=True, coverage=0.7).kind
        'certificate.issued'
    """

    certificate: str
    plan: str
    evidence: str
    hash: str
    certified: bool
    coverage: float


@entry("certificate.adjudicated", version=1)
class RowAdjudicated(EntryBody, frozen=True, kw_only=True):
    """A person said which of two answers that differ is right.

    Attributes:
        snapshot: id.
        example: id of the row.
        input: hash of its inputs.
        student: hash of the candidate's answer.
        incumbent: hash of the incumbent's.
        student_right: whether it is right.
        incumbent_right: whether it is right.
        by: who said so.

    Example:
        >>> RowAdjudicated(
        ...     snapshot="s",
        ...     example="1",
        ...     input="i",
        ...     student="x",
        ...     incumbent="y",
        ...     student_right=True,
        ...     incumbent_right=False,
        ...     by="ada",
        ... ).kind
        'certificate.adjudicated'
    """

    snapshot: str
    example: str
    input: str
    student: str | None
    incumbent: str | None
    student_right: bool
    incumbent_right: bool
    by: str


@entry("certificate.audited", version=1)
class TrafficAudited(EntryBody, frozen=True, kw_only=True):
    """One live request was answered by both paths: what `LifelongState` folds over.

    Attributes:
        certificate: id.
        served: whether the cheap path served it.
        loss: 1, 0 or -1.

    Example:
        >>> TrafficAudited(certificate="c", served=True, loss=0).kind
        'certificate.audited'
    """

    certificate: str
    served: bool
    loss: int


@entry("certificate.alarmed", version=1)
class CertificateAlarmed(EntryBody, frozen=True, kw_only=True):
    """The promise of a certificate is broken, as far as its audits tell.

    Attributes:
        certificate: id.
        audits: seen by then.
        losses: their sum.
        evidence: against the promise; 1/delta or more.
        action: what it triggers.

    Example:
        >>> CertificateAlarmed(certificate="c", audits=90, losses=8, evidence=21.0, action="roll back").kind
        'certificate.alarmed'
    """

    certificate: str
    audits: int
    losses: int
    evidence: float
    action: str
