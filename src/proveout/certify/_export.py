"""A certificate inside a CycloneDX ML-BOM, and as a model card."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from proveout.certify._certificate import certificate_bytes
from proveout.certify._words import promise, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.certify._certificate import Certificate
    from proveout.certify._decide import Part

__all__ = ["ml_bom", "model_card"]

NAMESPACE = uuid.UUID("6f8f5f0a-6f0d-5c3b-9d2e-5d7a0f6f2c11")


def ml_bom(certificate: Certificate, files: Mapping[str, str] | None = None, *, version: str = "") -> dict[str, Any]:
    """A CycloneDX 1.6 bill of materials (ECMA-424) of one candidate, with the certificate and its evidence.

    The candidate is a ``machine-learning-model`` with a model card; the certificate is embedded whole as a property,
    byte for byte as `proveout verify` reads it, and referred to with its hash. Plain JSON, since the CycloneDX library
    for Python writes no model cards yet.

    Args:
        certificate: issued.
        files: names and BLAKE2b-256 hashes of the candidate's files.
        version: of Proveout.
    """
    plan, content = certificate.plan, certificate_bytes(certificate)
    family, _, digest = plan.candidate.partition("@")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, certificate.id)}",
        "version": 1,
        "metadata": {
            "timestamp": certificate.issued.isoformat(),
            "tools": {"components": [{"type": "application", "name": "proveout", "version": version or "unknown"}]},
            "component": {"type": "application", "bom-ref": "task", "name": plan.task_name, "version": plan.task[:12]},
        },
        "components": [
            {
                "type": "machine-learning-model",
                "bom-ref": "candidate",
                "name": family,
                "version": digest or "unknown",
                "description": certificate.statement,
                "modelCard": _card(certificate),
                "externalReferences": [
                    _reference("certification-report", certificate.path_name, hashlib.sha256(content).hexdigest()),
                    _reference("evidence", f"{certificate.evidence.sha256}.json", certificate.evidence.sha256),
                ],
                "properties": [
                    {"name": "proveout:certificate", "value": content.decode()},
                    {"name": "proveout:candidate", "value": plan.candidate},
                ],
                "components": [
                    {"type": "file", "name": name, "hashes": [{"alg": "BLAKE2b-256", "content": found}]}
                    for name, found in sorted((files or {}).items())
                ],
            },
            {"type": "data", "bom-ref": "snapshot", "name": "snapshot", "version": plan.snapshot[:12]},
        ],
        "dependencies": [
            {"ref": "task", "dependsOn": ["candidate"]},
            {"ref": "candidate", "dependsOn": ["snapshot"]},
        ],
    }


def _reference(kind: str, url: str, digest: str) -> dict[str, Any]:
    return {"type": kind, "url": url, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _card(certificate: Certificate) -> dict[str, Any]:
    return {
        "modelParameters": {"datasets": [{"ref": "snapshot"}]},
        "quantitativeAnalysis": {
            "performanceMetrics": [metric for part in certificate.parts for metric in _metrics(part, certificate)]
        },
        "considerations": {
            "useCases": [f"{certificate.plan.task_name}: the requests that the certificate covers"],
            "technicalLimitations": list(certificate.assumptions),
        },
    }


def _metrics(part: Part, certificate: Certificate) -> list[dict[str, Any]]:
    where = part.segment or "all traffic"
    coverage = {
        "type": "coverage",
        "value": f"{part.coverage:.6g}",
        "slice": where,
        "confidenceInterval": {"lowerBound": f"{part.coverage_low:.6g}", "upperBound": f"{part.coverage_high:.6g}"},
    }
    if part.bound is None:
        return [coverage]
    least = "0" if certificate.claim == "agreement" else "-1"
    loss = {
        "type": "disagreement" if certificate.claim == "agreement" else "net accuracy loss",
        "value": f"{(part.worse - part.better) / part.units:.6g}",
        "slice": where,
        "confidenceInterval": {"lowerBound": least, "upperBound": f"{part.bound:.6g}"},
    }
    return [coverage, loss]


def model_card(certificate: Certificate) -> str:
    """A model card in Markdown (Mitchell et al., FAT* 2019): what it is for, how it was measured, what it rests on."""
    plan = certificate.plan
    lines = [
        f"# Model card: {plan.candidate}",
        "",
        certificate.statement,
        "",
        "## Details",
        "",
        f"- task: {plan.task_name}, fingerprint `{plan.task[:12]}`",
        f"- snapshot: `{plan.snapshot[:12]}`",
        f"- incumbent: {plan.incumbent.source}{' (simulated)' if plan.incumbent.simulated else ''}",
        f"- certificate: `{certificate.id}`, issued {certificate.issued:%Y-%m-%d}, key `{certificate.key[:16]}`",
        "",
        "## Intended use",
        "",
        f"Answers of {plan.task_name} it is at least as sure of as the threshold says; the incumbent answers the rest.",
        f"Where it serves: {promise(plan)}.",
        "",
        "## Figures",
        "",
        "| traffic | rows | served | threshold | lost | gained | loss at most |",
        "|---|---|---|---|---|---|---|",
        *(_line(part) for part in certificate.parts),
        "",
        "## Assumptions",
        "",
        *(f"- {one}" for one in certificate.assumptions),
    ]
    return "\n".join(lines) + "\n"


def _line(part: Part) -> str:
    name = (part.segment or "all traffic").replace("|", "\\|").replace("\n", " ")
    if part.threshold is None:
        return f"| {name} | {part.rows:,} | not certified here, goes to the incumbent | | | | |"
    bound = share(round(part.bound or 0.0, 5))
    return (
        f"| {name} | {part.rows:,} | {share(round(part.coverage, 4))} | {part.threshold:.4g} | {part.worse:,} | "
        f"{part.better:,} | {bound} |"
    )
