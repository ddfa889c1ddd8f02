"""A glance at what is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proveout.certify import CertificateAlarmed, CertificateIssued, TrafficAudited
from proveout.families import CandidateBuilt
from proveout.gateway.tasks import BuiltWatch, built_state
from proveout.gateway.tasks._built import DECISIVE
from proveout.ledger import Ledger
from proveout.store import Workspace

ALARM = CertificateAlarmed(certificate="c", audits=9, losses=9, evidence=99.0, action="roll back")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


@pytest.fixture
def ledger(desk: Path) -> Iterator[Ledger]:
    with Ledger.open(Workspace(desk)) as ledger:
        yield ledger


def test_the_state_changes_with_what_is_built_and_with_nothing_else(desk: Path) -> None:
    folders = [str(desk)]
    states = [built_state(folders)]
    assert built_state(folders) == states[0]
    (desk / "task.toml").write_text("a = 1")
    states.append(built_state(folders))
    (desk / ".proveout" / "candidates" / "llm@0").mkdir(parents=True)
    assert built_state(folders) == states[-1]
    (desk / ".proveout" / "candidates" / "llm@0" / "manifest.json").write_text("{}")
    states.append(built_state(folders))
    (desk / ".proveout" / "certificates").mkdir()
    (desk / ".proveout" / "certificates" / "certificate@1.json").write_text("{}")
    states.append(built_state(folders))
    assert len(set(states)) == 4
    (desk / ".proveout" / "ledger").mkdir()
    assert built_state(folders) == states[-1]


def test_entries_that_decide_who_answers_are_those_of_candidates_and_certificates() -> None:
    assert {CandidateBuilt.kind, CertificateAlarmed.kind, CertificateIssued.kind} == DECISIVE


def test_an_alarm_is_seen_and_audits_are_not_news(desk: Path, ledger: Ledger) -> None:
    watch = BuiltWatch([str(desk)], str(desk.parent / "home"))
    states = [watch.state()]
    ledger.append(TrafficAudited(certificate="c", served=True, loss=1))
    assert watch.state() == states[0]
    ledger.append(ALARM)
    states.append(watch.state())
    ledger.append(TrafficAudited(certificate="c", served=True, loss=1))
    assert watch.state() == states[1]
    ledger.append(ALARM)
    states.append(watch.state())
    assert len(set(states)) == 3
    assert BuiltWatch([str(desk)], "home").state() == states[-1]


def test_the_gateways_own_ledger_is_not_read(desk: Path, ledger: Ledger) -> None:
    watch = BuiltWatch([str(desk)], str(desk))
    before = watch.state()
    ledger.append(ALARM)
    assert watch.state() == before
    (desk / "task.toml").write_text("a = 1")
    assert watch.state() != before


def test_what_cannot_be_read_is_a_change_and_no_failure(desk: Path) -> None:
    watch = BuiltWatch([str(desk)], "home")
    with Ledger.open(Workspace(desk)) as ledger:
        ledger.append(ALARM)
        whole = watch.state()
    (segment,) = (desk / ".proveout" / "ledger" / "segments").glob("*.seg")
    content = segment.read_bytes()
    segment.write_bytes(content[:-10])
    damaged = watch.state()
    assert damaged == watch.state() != whole
    segment.write_bytes(content)
    assert watch.state() == whole
