from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proveout.errors import BusyError, KeyNotFound, SettingsInvalid, StoreCorrupt, Unauthenticated
from proveout.gateway import Key, Limits
from proveout.gateway.keys import (
    KeyRing,
    create_key,
    keys_version,
    list_keys,
    load_keys,
    pending_audits,
    revoke_key,
    rotate_key,
)
from proveout.store import ApiKeyChange, Store, Workspace, open_store

DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(Workspace(tmp_path)) as store:
        yield store


def at(seconds: float) -> Callable[[], float]:
    return lambda: seconds


@pytest.mark.parametrize("tier", ["", "a\r\nx-injected: 1", "a\nb", "\0"])
def test_a_tier_that_could_end_a_line_of_a_head_is_refused(store: Store, tier: str) -> None:
    with pytest.raises(SettingsInvalid):
        create_key(store, "app", tier=tier)
    assert load_keys(store) == ()


def test_a_key_is_kept_with_its_rights_and_without_its_secret(tmp_path: Path, store: Store) -> None:
    limits = Limits(usd_per_day=2.0)
    key, secret = create_key(store, "app", models=["a", "b*"], tier="paid", limits=limits, expires=9.0, clock=at(5.0))
    assert load_keys(store, clock=at(6.0)) == (key,)
    assert (key.models, key.tier, key.limits, key.created, key.expires) == (("a", "b*"), "paid", limits, 5.0, 9.0)
    assert secret.startswith(f"pvo_{key.id}_")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("store.sqlite*"))
    assert key.id.encode() in kept
    assert secret[13:].encode() not in kept


def test_an_id_that_is_taken_is_made_again(store: Store) -> None:
    ids = itertools.chain([b"\0" * 5] * 3, map(bytes, itertools.product(range(256), repeat=5)))

    def token(size: int) -> bytes:
        return next(ids) if size == 5 else bytes(size)

    first, _ = create_key(store, "a", token=token)
    second, _ = create_key(store, "b", token=lambda size: next(ids) if size == 5 else b"\1" * size)
    assert first.id != second.id
    assert len(pending_audits(store)) == 2


def test_every_change_is_seen_by_its_version(store: Store) -> None:
    seen = [keys_version(store)]
    key, _ = create_key(store, "app")
    seen.append(keys_version(store))
    rotate_key(store, key.id, 60)
    seen.append(keys_version(store))
    revoke_key(store, key.id)
    seen.append(keys_version(store))
    assert len(set(seen)) == 4
    assert keys_version(store) == seen[-1]


def test_a_key_is_named_by_id_or_by_a_name_that_is_its_alone(store: Store) -> None:
    one, _ = create_key(store, "app")
    two, _ = create_key(store, "app")
    with pytest.raises(KeyNotFound, match="2 keys in force have that name"):
        revoke_key(store, "app")
    revoke_key(store, one.id)
    assert rotate_key(store, "app")[0].id == two.id
    with pytest.raises(KeyNotFound, match="it has expired or was revoked"):
        revoke_key(store, one.id)
    with pytest.raises(KeyNotFound, match="no key here"):
        rotate_key(store, "other")


def test_a_rotation_ends_all_older_secrets_and_renews_the_time(store: Store) -> None:
    key, _ = create_key(store, "app", models=["m"], tier="paid", expires=90 * DAY, clock=at(0.0))
    rotate_key(store, "app", DAY, clock=at(80 * DAY))
    newest, _ = rotate_key(store, "app", 0.0, clock=at(80 * DAY + 10))
    ends = [found.expires for found in list_keys(store)]
    assert ends == [80 * DAY + 10, 80 * DAY + 10, 170 * DAY + 10]
    assert (newest.id, newest.models, newest.tier) == (key.id, ("m",), "paid")
    rotate_key(store, "app", 1000 * DAY, clock=at(170 * DAY))
    assert [found.expires for found in list_keys(store)][2] == 170 * DAY + 10  # an overlap does not make it live longer


def test_revoking_reaches_every_secret(store: Store) -> None:
    key, old = create_key(store, "app", clock=at(1.0))
    _, new = rotate_key(store, key.id, DAY, clock=at(2.0))
    revoke_key(store, key.id, clock=at(3.0))
    ring = KeyRing(load_keys(store, clock=at(3.0)))
    for secret in old, new:
        with pytest.raises(Unauthenticated):
            ring.authenticate(secret.encode(), 3.0)
    assert [found.revoked for found in list_keys(store)] == [3.0, 3.0]


def test_keys_that_are_refused_for_long_are_not_loaded(store: Store) -> None:
    create_key(store, "old", expires=10.0, clock=at(0.0))
    create_key(store, "new", clock=at(0.0))
    assert {key.name for key in load_keys(store, clock=at(10.0 + DAY - 1))} == {"old", "new"}
    assert {key.name for key in load_keys(store, clock=at(10.0 + DAY))} == {"new"}
    assert {key.name for key in list_keys(store)} == {"old", "new"}


def test_a_row_that_is_no_key_is_named(store: Store) -> None:
    store.change_api_keys([ApiKeyChange("broken.1", None, b"{}")], b"")
    with pytest.raises(StoreCorrupt, match=r"broken\.1"):
        load_keys(store)
    store.change_api_keys([ApiKeyChange("broken.1", b"{}", None), ApiKeyChange("x", None, b"{}")], b"")
    with pytest.raises(StoreCorrupt, match="x"):
        list_keys(store)


def test_a_revocation_wins_whatever_races_with_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with open_store(workspace) as store:
        key, _ = create_key(store, "app")
    failed: list[Exception] = []

    def rotate() -> None:
        with open_store(workspace) as mine:
            for _ in range(5):
                try:
                    rotate_key(mine, key.id, 60.0)
                except KeyNotFound as error:
                    failed.append(error)

    def revoke() -> None:
        with open_store(workspace) as mine:
            revoke_key(mine, key.id)

    threads = [threading.Thread(target=rotate), threading.Thread(target=revoke), threading.Thread(target=rotate)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(workspace) as store:
        found: list[Key] = list_keys(store)
        assert all(one.revoked is not None for one in found)
        assert len(pending_audits(store)) == 1 + 1 + (10 - len(failed))


def test_a_key_that_never_stands_still_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    create_key(store, "app")
    monkeypatch.setattr(type(store), "change_api_keys", lambda *_: False)
    with pytest.raises(BusyError):
        revoke_key(store, "app")
