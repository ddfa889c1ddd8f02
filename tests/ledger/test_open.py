"""Recovery: a torn tail is cut back, damage is refused."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from proveout.errors import LedgerCorrupt
from proveout.ledger import Ledger, LedgerReader, Recovered, verify_ledger
from proveout.ledger._head import head_path, key_path
from proveout.ledger._segments import segments
from proveout.store import Workspace

Fill = Callable[..., None]


def kinds(workspace: Workspace) -> list[str]:
    return [entry.kind for entry in LedgerReader.open(workspace).entries()]


@pytest.mark.parametrize("torn", [b"\x00", b"torn", bytes(5000), b"\x05\x00\x00\x00abcdRxyz"])
def test_a_torn_tail_is_cut_and_recorded(workspace: Workspace, fill: Fill, torn: bytes) -> None:
    fill(3)
    path = segments(workspace)[0]
    with path.open("ab") as file:
        file.write(torn)
    assert not verify_ledger(workspace).ok
    assert kinds(workspace) == ["test.noted"] * 3
    Ledger.open(workspace).close()
    assert kinds(workspace) == ["test.noted"] * 3 + ["ledger.recovered"]
    body = LedgerReader.open(workspace).entry(3).body()
    assert isinstance(body, Recovered)
    assert body.sha256 == sha256(torn).hexdigest()
    assert (workspace.ledger / "quarantine" / body.file).read_bytes() == torn
    report = verify_ledger(workspace)
    assert (report.ok, report.quarantined) == (True, 1)
    (workspace.ledger / "quarantine" / body.file).write_bytes(b"altered")
    assert not verify_ledger(workspace).ok


def last_commit_torn(workspace: Workspace, fill: Fill, seal: int) -> tuple[bytes, bytes]:
    """A log whose HEAD.json lags by one commit; returns that commit's segment before it and with it."""
    fill(4, seal=seal)
    lagging = head_path(workspace).read_bytes()
    count, before = len(segments(workspace)), segments(workspace)[-1].read_bytes()
    fill(1, seal=seal)
    head_path(workspace).write_bytes(lagging)
    after = segments(workspace)[-1].read_bytes()
    return (before if len(segments(workspace)) == count else b""), after


@pytest.mark.parametrize("seal", [1 << 20, 1])
def test_a_commit_cut_anywhere_is_recovered(workspace: Workspace, fill: Fill, seal: int) -> None:
    before, after = last_commit_torn(workspace, fill, seal)
    path, rest = segments(workspace)[-1], head_path(workspace).read_bytes()
    kept = {other: other.read_bytes() for other in segments(workspace)}
    for cut in range(len(before) + 1, len(after), 7):
        for other in segments(workspace):
            other.unlink()
        for other, content in kept.items():
            other.write_bytes(content)
        path.write_bytes(after[:cut])
        head_path(workspace).write_bytes(rest)
        Ledger.open(workspace, segment_bytes=seal).close()
        assert kinds(workspace) == ["test.noted"] * 4 + ["ledger.recovered"]
        assert verify_ledger(workspace).ok


def test_a_log_shorter_than_its_head_is_refused(workspace: Workspace, fill: Fill) -> None:
    fill(3)
    path = segments(workspace)[0]
    path.write_bytes(path.read_bytes()[:-50])
    for opener in (Ledger.open, LedgerReader.open):
        with pytest.raises(LedgerCorrupt, match="signed over 3 entries, and only 2"):
            opener(workspace)
    assert not verify_ledger(workspace).ok


@pytest.mark.parametrize("lag", [False, True])
def test_damage_before_an_acknowledged_commit_is_refused(workspace: Workspace, fill: Fill, *, lag: bool) -> None:
    """Even where HEAD.json lags: a later head shows that the damaged commit had been synced."""
    fill(1)
    lagging = head_path(workspace).read_bytes()
    length = segments(workspace)[0].stat().st_size
    fill(3)
    if lag:
        head_path(workspace).write_bytes(lagging)
    path = segments(workspace)[0]
    content = bytearray(path.read_bytes())
    content[length + 20] ^= 1
    path.write_bytes(content)
    with pytest.raises(LedgerCorrupt):
        Ledger.open(workspace)
    assert path.read_bytes() == content
    assert not verify_ledger(workspace).ok


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_lost_segment_is_noticed(workspace: Workspace, fill: Fill, which: int) -> None:
    fill(9, seal=600)
    assert len(segments(workspace)) >= 3
    segments(workspace)[which].unlink()
    assert not verify_ledger(workspace).ok


@pytest.mark.parametrize("path", [head_path, key_path])
def test_a_lost_head_or_key_is_refused(workspace: Workspace, fill: Fill, path: Callable[[Workspace], object]) -> None:
    fill(1)
    target = head_path(workspace) if path is head_path else key_path(workspace)
    target.unlink()
    with pytest.raises(LedgerCorrupt, match="missing"):
        Ledger.open(workspace)
    assert not verify_ledger(workspace).ok


def test_another_key_is_refused(workspace: Workspace, fill: Fill) -> None:
    fill(1)
    key_path(workspace).write_bytes(b"00" * 31 + b"01\n")
    with pytest.raises(LedgerCorrupt, match="not the public half"):
        Ledger.open(workspace)
