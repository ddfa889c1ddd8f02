from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout import certify, loop
from proveout.certify import Question
from proveout.errors import CertificateCorrupt, CertificateForeign, ColumnMissing, DeltaSpent, EvidenceUnusable
from proveout.ledger import LedgerReader
from proveout.loop import CertifyOptions
from proveout.loop._open import opened
from proveout.store import Workspace
from proveout.task import load_task

INTENTS = {"card": "my card {} is lost", "refund": "please refund order {}"}
OPTIONS = CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.05)


def make_desk(folder: Path, *, rows: int = 500, column: str = "", labels: bool = True, **columns: Any) -> Path:
    """A task whose incumbent answers as the labels say, but for three rows in twenty."""
    lines = ["text,intent,answer,tier,visit"]
    for at in range(rows):
        for number, (intent, text) in enumerate(INTENTS.items()):
            other = list(INTENTS)[1 - number]
            said = other if at % 20 in {6, 7, 16} else intent
            label = intent if labels or at % 2 == 0 else ""
            lines.append(f"{text.format(at)},{label},{said},{'gold' if at % 3 else 'plain'},{at // 2}-{number}")
    folder.mkdir()
    (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    desk = folder / "desk"
    loop.new(
        desk,
        kind="classify",
        examples=[folder / "rows.csv"],
        inputs=["text"],
        outputs=["intent"],
        incumbent=column,
        **columns,
    )
    return desk


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    return make_desk(tmp_path / "counted")


def entries(desk: Path, kind: str) -> list[Any]:
    with LedgerReader.open(Workspace(desk)) as reader:
        return [entry.body() for entry in reader.entries(kind=kind)]


def test_with_no_incumbent_recorded_the_labels_stand_for_it(counted: Path) -> None:
    result = loop.certify(counted, OPTIONS)
    assert result.certified
    assert result.coverage > 0.8
    assert result.rows == 100
    assert "the expected label, which stands for the incumbent" in result.statement
    path = Path(str(result.certificate))
    assert loop.verify_certificate(path).ok
    assert loop.verify(counted).ok
    assert certify.load_certificate(path).plan.incumbent.source == "expected labels"
    for ending in (".html", ".md", ".bom.json"):
        assert path.with_suffix(ending).stat().st_size > 500


def test_the_plan_is_in_the_ledger_before_the_rows_are_opened_and_a_look_is_free_twice(counted: Path) -> None:
    first = loop.certify(counted, OPTIONS, clock=lambda: 1e9)
    again = loop.certify(counted, OPTIONS, clock=lambda: 2e9)
    assert first == again
    (opened,) = entries(counted, "certificate.opened")
    (issued,) = entries(counted, "certificate.issued")
    assert opened.plan == issued.plan
    assert opened.delta == 0.05
    with pytest.raises(DeltaSpent, match="earlier looks"):
        loop.certify(counted, CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.06))
    assert len(entries(counted, "certificate.opened")) == 1


def test_a_column_may_hold_the_incumbents_answers(counted: Path) -> None:
    by_column = CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.05, incumbent="answer", budget=0.9)
    result = loop.certify(counted, by_column)
    assert result.certificate is not None
    certificate = certify.load_certificate(Path(result.certificate))
    assert certificate.plan.incumbent.source == "column answer"
    assert not any("expected labels" in one for one in certificate.assumptions)
    with pytest.raises(ColumnMissing, match="answer"):
        loop.certify(counted, CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.05, incumbent="nothing"))


def test_recorded_answers_are_taken_and_a_simulation_is_named(tmp_path: Path, counted: Path) -> None:
    recorded = make_desk(tmp_path / "recorded", column="answer")
    result = loop.certify(recorded, OPTIONS)
    assert certify.load_certificate(Path(str(result.certificate))).plan.incumbent.source == "recorded"
    simulated = CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.05, incumbent="llm")
    result = loop.certify(counted, simulated)
    who = certify.load_certificate(Path(str(result.certificate))).plan.incumbent
    assert who.simulated
    assert who.source.startswith("llm@")


def test_too_few_rows_are_not_opened(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "few", rows=60)
    result = loop.certify(desk, CertifyOptions(names=("distilled",), embedder="tfidf", per_day=1, days=30))
    assert (result.certified, result.certificate, result.rows) == (False, None, 12)
    assert result.needed is not None
    assert (result.needed.rows, result.needed.more) == (299, 287)
    assert result.traffic is not None
    assert not result.traffic.enough
    assert "shadow" in result.statement
    assert entries(desk, "certificate.opened") == []


def test_segments_are_certified_at_once(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "tiers", rows=600, segment="tier")
    options = CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.1, segments=True)
    certificate = certify.load_certificate(Path(str(loop.certify(desk, options).certificate)))
    assert [part.segment for part in certificate.parts] == ["gold", "plain"]
    assert loop.verify(desk).ok


def test_segments_that_are_not_there_are_refused(counted: Path) -> None:
    with pytest.raises(EvidenceUnusable, match="no segments"):
        loop.certify(counted, CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.1, segments=True))


def test_sessions_count_once(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "visits", session="visit")
    certificate = certify.load_certificate(Path(str(loop.certify(desk, OPTIONS).certificate)))
    assert certificate.plan.unit == "session"
    assert certificate.parts[0].units < certificate.rows
    assert loop.verify(desk).ok


def test_a_certificate_of_another_task_is_refused(tmp_path: Path, counted: Path) -> None:
    other = make_desk(tmp_path / "other", rows=510)
    loop.snapshot(other)
    path = Path(str(loop.certify(counted, OPTIONS).certificate))
    with pytest.raises(CertificateForeign, match="another ledger"):
        loop.verify_certificate(path, folder=other)


def test_a_certificate_alone_verifies_and_shows_its_key(tmp_path: Path, counted: Path) -> None:
    path = Path(str(loop.certify(counted, OPTIONS).certificate))
    evidence = certify.load_certificate(path).evidence.sha256
    for name in (path.name, f"{evidence}.json"):
        (tmp_path / name).write_bytes((path.parent / name).read_bytes())
    report = loop.verify_certificate(tmp_path / path.name)
    assert report.ok
    assert "compare it with the one you trust" in report.checks[1].detail
    assert not loop.verify_certificate(tmp_path / path.name, key=bytes(32)).ok


def test_an_altered_certificate_breaks_verify(counted: Path) -> None:
    path = Path(str(loop.certify(counted, OPTIONS).certificate))
    document = json.loads(path.read_bytes())
    path.write_bytes(json.dumps(document | {"coverage": 0.5}, sort_keys=True, indent=1).encode() + b"\n")
    assert not loop.verify_certificate(path).ok
    broken = [check for check in loop.verify(counted).checks if not check.ok]
    assert [check.name.split()[0] for check in broken] == ["certificate"]


def test_labels_are_asked_for_only_where_they_count_and_then_certify(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "unlabelled", column="answer", labels=False)
    options = CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.05, claim="non-inferiority")
    before = loop.certify(desk, options)
    assert before.labels_missing > 0
    asked: list[Question] = []

    def truly(questions: Sequence[Question]) -> loop.Ask:
        assert len(questions) == before.labels_missing

        def ask(question: Question) -> str:
            asked.append(question)
            right = next(intent for intent, text in INTENTS.items() if text.split()[0] in question.text.split()[0])
            return "a" if question.answer_a == right else "b" if question.answer_b == right else "neither"

        return ask

    done = loop.adjudicate(desk, truly, by="ada", options=options)
    assert 0 < done.labelled == len(asked) == len(entries(desk, "certificate.adjudicated"))
    after = loop.certify(desk, options)
    assert after.coverage >= before.coverage
    assert after.certified
    assert len(entries(desk, "certificate.opened")) == 1
    assert loop.verify(desk).ok
    assert len(loop.label_queue(desk, options)) == before.labels_missing - done.labelled


def test_asking_may_stop_and_skip(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "unlabelled", column="answer", labels=False)
    options = CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.05)
    assert loop.adjudicate(desk, lambda _: lambda _: None, by="ada", options=options).labelled == 0
    skipped = loop.adjudicate(desk, lambda _: lambda _: "", by="ada", options=options)
    assert (skipped.labelled, skipped.reached) == (0, False)


def test_a_key_that_is_named_has_to_be_the_ledgers(counted: Path) -> None:
    path = Path(str(loop.certify(counted, OPTIONS).certificate))
    own = bytes.fromhex(certify.load_certificate(path).key)
    assert loop.verify_certificate(path, key=own).ok
    assert not loop.verify_certificate(path, key=bytes(32)).ok
    assert not loop.verify_certificate(path, folder=counted, key=bytes(32)).ok


def test_a_certificate_the_ledger_does_not_hold_is_broken_though_it_is_signed(counted: Path) -> None:
    path = Path(str(loop.certify(counted, OPTIONS).certificate))
    document = {**json.loads(path.read_bytes()), "statement": "The cheap path may serve all traffic."}
    del document["signature"]
    with opened(counted) as here:
        signature = here.ledger.sign(json.dumps(document, sort_keys=True, indent=1).encode() + b"\n")
    signed = document | {"signature": signature.hex()}
    path.write_bytes(json.dumps(signed, sort_keys=True, indent=1).encode() + b"\n")
    assert certify.verify_certificate(path) == []
    (check,) = loop.verify_certificate(path).checks
    assert "does not hold that it was issued" in check.detail


def test_an_altered_certificate_is_not_handed_out_again(counted: Path) -> None:
    path = Path(str(loop.certify(counted, OPTIONS).certificate))
    path.write_bytes(path.read_bytes().replace(b"may serve", b"must serve"))
    with pytest.raises(CertificateCorrupt, match="does not verify"):
        loop.certify(counted, OPTIONS)
    workspace, task = Workspace(counted), load_task(counted)
    with pytest.raises(CertificateCorrupt, match="does not verify"):
        loop.certified_in(workspace, task)


def test_what_an_alarm_called_broken_promises_nothing(counted: Path) -> None:
    result = loop.certify(counted, OPTIONS)
    workspace, task = Workspace(counted), load_task(counted)
    (found,) = loop.certified_in(workspace, task)
    assert (found.candidate, found.incumbent) == (result.candidate, "expected labels")
    with opened(counted) as here:
        here.ledger.append(
            certify.CertificateAlarmed(
                certificate=found.certificate, audits=90, losses=9, evidence=21.0, action="roll back"
            )
        )
    assert loop.certified_in(workspace, task) == ()


def test_a_recorded_column_that_holds_nothing_is_no_incumbent(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "empty", column="answer")
    toml = desk / "task.toml"
    rows = tmp_path / "empty" / "rows.csv"
    lines = [line.split(",") for line in rows.read_text(encoding="utf-8").splitlines()]
    bare = [lines[0], *([text, label, "", *rest] for text, label, _, *rest in lines[1:])]
    rows.write_text("\n".join(",".join(line) for line in bare) + "\n", encoding="utf-8")
    assert "answer" in toml.read_text(encoding="utf-8")
    with pytest.raises(ColumnMissing, match="no answers of the incumbent"):
        loop.certify(desk, msgspec.structs.replace(OPTIONS, incumbent="answer"))


def test_the_same_look_stays_free_after_another_was_allowed(counted: Path) -> None:
    first = loop.certify(counted, OPTIONS)
    loop.certify(counted, msgspec.structs.replace(OPTIONS, alpha=0.06, budget=0.1))
    assert loop.certify(counted, OPTIONS) == first
    assert first.certificate is not None
    Path(first.certificate).unlink()
    assert loop.certify(counted, OPTIONS).certified
    certificate = certify.load_certificate(Path(first.certificate))
    assert (certificate.spending.before, certificate.spending.budget) == (0.05, 0.1)
    assert loop.verify(counted).ok
