from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from proveout.ledger import Ledger, LedgerReader, verify_ledger
from proveout.ledger._head import sign_head
from proveout.ledger._segments import parse_header, segment_path, segments
from proveout.store import Workspace

Fill = Callable[..., None]


def state(workspace: Workspace) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in workspace.state.rglob("*") if path.is_file()}


def test_a_good_log_verifies_and_is_left_alone(workspace: Workspace, fill: Fill) -> None:
    fill(20, batch=3, seal=800, subject="ada")
    before = state(workspace)
    report = verify_ledger(workspace)
    assert report.ok
    assert report.entries == 20
    assert report.heads == 7
    assert report.segments == len(segments(workspace)) > 1
    assert report.head == LedgerReader.open(workspace).head
    assert state(workspace) == before


def test_no_ledger_does_not_verify(workspace: Workspace) -> None:
    report = verify_ledger(workspace)
    assert not report.ok
    assert "missing" in report.summary


@pytest.mark.slow
def test_every_changed_byte_is_detected(workspace: Workspace, fill: Fill) -> None:
    fill(5, seal=700)
    with segments(workspace)[-1].open("ab") as file:
        file.write(b"torn")
    Ledger.open(workspace).close()
    files = [path for path in sorted(workspace.ledger.rglob("*")) if path.is_file() and path.name != "lock"]
    assert {path.parent.name for path in files} == {"ledger", "segments", "quarantine"}
    missed = []
    for path in files:
        content = path.read_bytes()
        for at in range(len(content)):
            flip = (1, 0x20, 0x80, 0xFF)[at % 4]
            path.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
            if verify_ledger(workspace).ok:
                missed.append((path.name, at, flip))
        path.write_bytes(content)
    assert missed == []
    assert verify_ledger(workspace).ok


@pytest.mark.parametrize("cut", [1, 40, 130, 2000])
def test_a_cut_log_is_detected(workspace: Workspace, fill: Fill, cut: int) -> None:
    fill(10)
    path = segments(workspace)[0]
    path.write_bytes(path.read_bytes()[:-cut])
    assert not verify_ledger(workspace).ok


def test_a_rewritten_log_needs_a_head_kept_elsewhere(workspace: Workspace, fill: Fill, note: type) -> None:
    """Who holds the key can sign another history; the auditor's head shows it."""
    fill(3)
    kept = LedgerReader.open(workspace).head
    fill(2)
    assert verify_ledger(workspace, trusted_head=kept).ok
    for path in segments(workspace):
        path.unlink()
    with Ledger.open(Workspace(workspace.root / "other")) as other:
        forged = sign_head(other._log.key, start=0, size=3, time=1, root=kept.root)
    assert not verify_ledger(workspace, trusted_head=forged).ok
    rewrite(workspace, note)
    assert verify_ledger(workspace).ok
    report = verify_ledger(workspace, trusted_head=kept)
    assert not report.ok
    assert "not the one signed" in report.summary or "rewritten" in report.summary


def rewrite(workspace: Workspace, note: type) -> None:
    """Begin again under the same key, as an operator could."""
    shutil.rmtree(workspace.ledger)
    from proveout.store import open_store  # noqa: PLC0415  only this forgery needs it

    with open_store(workspace) as store:
        key = store.secret("ledger.signing")
    for path in workspace.state.glob("store.sqlite*"):
        path.unlink()
    with open_store(workspace) as store, store._engine.begin() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("insert into secrets values ('ledger.signing', ?)", (key,))
    with Ledger.open(workspace) as ledger:
        for number in (7, 8, 9):
            ledger.append(note(number=number))


def test_a_segment_that_a_writer_begins_meanwhile_is_no_stray(
    workspace: Workspace, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(4)

    def parse_late(data: bytes) -> object:
        segment_path(workspace, 4).touch()
        return parse_header(data)

    monkeypatch.setattr("proveout.ledger._verify.parse_header", parse_late)
    assert verify_ledger(workspace).ok
    assert len(segments(workspace)) == 2


def test_a_stray_file_among_segments_is_named(workspace: Workspace, fill: Fill) -> None:
    fill(1)
    stray: Path = workspace.ledger / "segments" / "copy.bak"
    stray.write_bytes(b"")
    assert "copy.bak" in verify_ledger(workspace).summary


def test_a_swapped_segment_is_detected(workspace: Workspace, fill: Fill) -> None:
    fill(9, seal=600)
    first, second, *_ = segments(workspace)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert not verify_ledger(workspace).ok
