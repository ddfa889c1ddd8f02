from __future__ import annotations

from pathlib import Path

import pytest

from proveout.gateway import Limits
from proveout.gateway.keys import (
    KeyCreated,
    KeyRevoked,
    KeyRotated,
    clear_audits,
    create_key,
    pending_audits,
    revoke_key,
    rotate_key,
    write_audits,
)
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace, open_store


def test_each_change_is_told_once_and_in_order(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with open_store(workspace) as store:
        limits = Limits(usd_per_day=1.0)
        key, secret = create_key(
            store, "app", limits=limits, by="ada", clock=lambda: 1.0, token=lambda size: b"x" * size
        )
        _, other = rotate_key(store, key.id, 9.0, by="bob", clock=lambda: 2.0)
        revoke_key(store, key.id, by="ada", clock=lambda: 3.0)
        pending = pending_audits(store)
        assert [type(body) for _, body in pending] == [KeyCreated, KeyRotated, KeyRevoked]
        with Ledger.open(workspace) as ledger:
            assert write_audits(store, ledger) == 3
            assert write_audits(store, ledger) == 0
        assert pending_audits(store) == []
    with LedgerReader.open(workspace) as reader:
        told = [entry.body() for entry in reader.entries()]
        written = b"".join(entry.payload() for entry in reader.entries())
    assert told == [body for _, body in pending]
    created, rotated, _ = told
    assert isinstance(created, KeyCreated)
    assert isinstance(rotated, KeyRotated)
    assert (created.name, created.limits, created.by, created.at) == ("app", limits, "ada", 1.0)
    assert (rotated.by, rotated.old_until) == ("bob", 11.0)
    assert len({body.change for _, body in pending}) == 3  # type: ignore[attr-defined]
    assert b"digest" not in written
    assert secret[13:].encode() not in written
    assert other[13:].encode() not in written


def test_a_kill_before_it_is_forgotten_tells_it_twice_and_never_loses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    with open_store(workspace) as store, Ledger.open(workspace) as ledger:
        create_key(store, "app")
        with monkeypatch.context() as patched:
            patched.setattr(type(store), "clear_audits", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                write_audits(store, ledger)
        assert write_audits(store, ledger) == 1
    with LedgerReader.open(workspace) as reader:
        changes = [entry.body().change for entry in reader.entries()]  # type: ignore[attr-defined]
    assert len(changes) == 2
    assert len(set(changes)) == 1


def test_only_what_is_named_is_forgotten(tmp_path: Path) -> None:
    with open_store(Workspace(tmp_path)) as store:
        create_key(store, "a")
        create_key(store, "b")
        (first, _), (second, _) = pending_audits(store)
        clear_audits(store, [first])
        assert [number for number, _ in pending_audits(store)] == [second]
