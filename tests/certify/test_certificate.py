from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from proveout import certify
from proveout.errors import CertificateCorrupt, CertificateForeign
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace


@pytest.mark.parametrize("claim", ["agreement", "non-inferiority"])
def test_it_satisfies_its_schema_and_comes_back_as_it_was(made: Any, write: Any, claim: str) -> None:
    plan = made.plan(made.rows(800, seed=7), claim=claim, alpha=0.03)
    certificate, evidence = made.certificate(plan, made.rows(900, unlabelled=0.1))
    jsonschema.validate(msgspec.json.decode(certify.certificate_bytes(certificate)), certify.certificate_schema())
    assert certify.load_certificate(write(certificate, evidence)) == certificate
    assert certificate.lifelong is not None


def test_the_words_say_what_the_figures_do(made: Any) -> None:
    plan = made.plan(made.rows(800, seed=7), alpha=0.03)
    certificate, _ = made.certificate(plan, made.rows(900))
    assert certificate.statement.startswith(
        f"The cheap path may serve {certificate.coverage:.2%}".rstrip("%").rstrip("0")
    )
    assert "with probability 95 % or more, in at most 3 % of all requests" in certificate.statement
    assert any("ledger entry 3" in one for one in certificate.assumptions)


def test_what_cannot_be_certified_says_what_it_would_take(made: Any) -> None:
    plan = made.plan(made.rows(800, seed=7, wrong=0.02), alpha=0.03)
    certificate, _ = made.certificate(plan, made.rows(60))
    assert not certificate.certified
    assert certificate.needed is not None
    assert "more rows" in certificate.statement
    assert certificate.lifelong is None
    differing = [msgspec.structs.replace(row, incumbent="i") for row in made.rows(800, seed=7)]
    certificate, _ = made.certificate(made.plan(differing, alpha=0.001), differing)
    assert "a better candidate would" in certificate.statement


def test_labels_are_counted_where_they_count(made: Any) -> None:
    plan = made.plan(made.rows(800, seed=7, wrong=0.03), claim="non-inferiority", alpha=0.03)
    rows = made.rows(900, wrong=0.03, unlabelled=0.3)
    certificate, _ = made.certificate(plan, rows)
    (part,) = certificate.parts
    served = [row for row in rows if row.score is not None and row.score >= part.threshold and row.disagrees]
    assert certificate.labels_used == sum(not row.lacks_label for row in served)
    assert certificate.labels_missing >= part.missing == sum(row.lacks_label for row in served)
    labels = made.plan(made.rows(800, seed=7), incumbent=certify.Incumbency(source="expected labels"))
    certificate, _ = made.certificate(labels, rows)
    assert certificate.labels_used == 900
    assert "stands for the incumbent" in certificate.statement


def test_sessions_and_simulations_are_named(made: Any) -> None:
    who = certify.Incumbency(source="llm@1", simulated=True)
    plan = made.plan(made.rows(800, seed=7, sessions=300), incumbent=who)
    certificate, _ = made.certificate(plan, made.rows(1200, sessions=400))
    words = " ".join(certificate.assumptions)
    assert "a session counts once" in words
    assert "simulation" in words
    assert certificate.parts[0].units == 400


def test_it_is_refused_for_another_task_snapshot_or_candidate(made: Any, write: Any) -> None:
    plan = made.plan(made.rows(300))
    path = write(*made.certificate(plan, made.rows(400)))
    for field in ("task", "snapshot", "candidate"):
        with pytest.raises(CertificateForeign, match=field):
            certify.load_certificate(path, plan=msgspec.structs.replace(plan, **{field: "other"}))
    path.write_text("{}")
    with pytest.raises(CertificateCorrupt):
        certify.load_certificate(path)


def test_storing_writes_evidence_and_an_entry(made: Any, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    certificate, evidence = made.certificate(made.plan(made.rows(300)), made.rows(400))
    with Ledger.open(workspace) as ledger:
        path = certify.store_certificate(workspace, ledger, certificate, evidence)
    assert certify.certificate_ids(workspace) == [certificate.id]
    assert certify.verify_certificate(path, key=made.key) == []
    with LedgerReader.open(workspace) as reader:
        (entry,) = [one.body() for one in reader.entries()]
    assert isinstance(entry, certify.CertificateIssued)
    assert entry.evidence == certificate.evidence.sha256


def test_rows_of_no_planned_segment_count_in_the_share_that_is_stated(made: Any) -> None:
    plan = made.plan(made.rows(600, seed=5, wrong=0.0, segments=("a", "b")), alpha=0.1)
    certificate, _ = made.certificate(plan, made.rows(900, wrong=0.0, segments=("a", "b", "new")))
    assert certificate.certified
    assert certificate.coverage < 0.67
    assert f"may serve {round(certificate.coverage * 100, 2):g} % of traffic" in certificate.statement
