"""The state of a certificate's watch: a fold over the audits in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.certify._entries import CertificateAlarmed, TrafficAudited
from proveout.certify._lifelong import LifelongState
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from proveout.certify._certificate import Certificate
    from proveout.store import Workspace

__all__ = ["alarm_of", "lifelong_state"]


def lifelong_state(workspace: Workspace, certificate: Certificate) -> LifelongState:
    """Fold the audits of one certificate, in the order of the ledger.

    Raises:
        ValueError: the certificate certifies nothing, so that there is nothing to watch.
    """
    if certificate.lifelong is None:
        raise ValueError(f"{certificate.id} certifies nothing")
    with LedgerReader.open(workspace) as reader:
        bodies = (found.body() for found in reader.entries(kind=TrafficAudited.kind))
        ours = (one for one in bodies if isinstance(one, TrafficAudited) and one.certificate == certificate.id)
        return LifelongState().after_all((one.loss for one in ours), certificate.lifelong)


def alarm_of(certificate: Certificate, state: LifelongState) -> CertificateAlarmed | None:
    """The entry to write when the promise is called broken; it names what it triggers. None where all is well."""
    if certificate.lifelong is None or not state.alarmed:
        return None
    return CertificateAlarmed(
        certificate=certificate.id,
        audits=state.audits,
        losses=state.losses,
        evidence=state.evidence,
        action=certificate.lifelong.action,
    )
