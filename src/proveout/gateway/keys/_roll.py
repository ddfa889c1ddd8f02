"""Making, listing, rotating and revoking keys: each change is one transaction of the store, with its audit entry."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, TypeVar

import msgspec

from proveout.errors import BusyError, KeyNotFound, SettingsInvalid
from proveout.gateway._key import Key
from proveout.gateway.keys._audits import encode_audit
from proveout.gateway.keys._entries import KeyCreated, KeyRevoked, KeyRotated
from proveout.gateway.keys._rows import Row, encode_key, read_rows, row_id
from proveout.gateway.keys._secret import digest_of, new_id, new_secret
from proveout.store import ApiKeyChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from proveout.gateway._settings import Limits
    from proveout.gateway.keys._audits import Told
    from proveout.store import Store

__all__ = ["create_key", "keys_version", "list_keys", "load_keys", "revoke_key", "rotate_key"]

T = TypeVar("T")
CHANGE_BYTES = 8
TRIES = 20
REMEMBERED_SECONDS = 24 * 3600.0


def create_key(  # noqa: PLR0913  a key has this many parts
    store: Store,
    name: str,
    *,
    models: Sequence[str] = ("*",),
    tier: str = "standard",
    limits: Limits | None = None,
    expires: float | None = None,
    by: str = "",
    clock: Callable[[], float] = time.time,
    token: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[Key, str]:
    """Make a key; durable on return.

    Args:
        store: of the gateway's home.
        name: for people; two keys may have the same.
        models: tasks and models that it may use; ``*`` stands for any characters.
        tier: name of its tier.
        limits: its own; None takes those of the tier.
        expires: seconds since the epoch; None never.
        by: who makes it, for the audit.
        clock: seconds since the epoch.
        token: gives that many random bytes.

    Returns:
        The key, and its secret, which is kept nowhere: only its digest is.

    Raises:
        SettingsInvalid: the tier's name cannot stand in a header.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.gateway.keys import KeyRing
        >>> from proveout.store import Workspace, open_store
        >>> with tempfile.TemporaryDirectory() as folder, open_store(Workspace(Path(folder))) as store:
        ...     key, secret = create_key(store, "app", models=["gpt-*"])
        ...     ring = KeyRing(load_keys(store))
        ...     ring.authenticate(secret.encode(), now=0.0).name
        'app'
    """
    if not tier.isprintable() or not tier:
        fix = "name a tier of gateway.toml"
        raise SettingsInvalid("no name for a tier", why="it stands in a header", fix=fix, about=repr(tier))

    def change() -> tuple[tuple[Key, str], list[ApiKeyChange], Told]:
        key_id, now = new_id(token), clock()
        secret = new_secret(key_id, token)
        key = Key(
            id=key_id,
            name=name,
            digest=digest_of(secret.encode()),
            models=tuple(models),
            tier=tier,
            limits=limits,
            created=now,
            expires=expires,
        )
        told = KeyCreated(
            change=_change_id(token),
            key=key_id,
            name=name,
            models=key.models,
            tier=tier,
            at=now,
            limits=limits,
            expires=expires,
            by=by,
        )
        return (key, secret), [ApiKeyChange(row_id(key_id, 1), None, encode_key(key))], told

    return _commit(store, change)


def rotate_key(
    store: Store,
    which: str,
    overlap_seconds: float = 0.0,
    *,
    by: str = "",
    clock: Callable[[], float] = time.time,
    token: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[Key, str]:
    """Give a key another secret; it keeps its id, rights, limits and what it has used of them.

    Args:
        store: of the gateway's home.
        which: id, or a name that one key in force has.
        overlap_seconds: that the old secret is still taken.
        by: who rotates it, for the audit.
        clock: seconds since the epoch.
        token: gives that many random bytes.

    Returns:
        The key with its new secret, which is good for as long as the old one was when it was made.

    Raises:
        KeyNotFound: there is none in force.
    """

    def change() -> tuple[tuple[Key, str], list[ApiKeyChange], Told]:
        now = clock()
        rows = _find(read_rows(store), which, now)
        newest = rows[-1]
        secret = new_secret(newest.key.id, token)
        old = newest.key
        expires = None if old.expires is None else now + old.expires - old.created
        key = msgspec.structs.replace(old, digest=digest_of(secret.encode()), created=now, expires=expires)
        ends = now + overlap_seconds
        changes = [_until(row, ends) for row in rows if _in_force(row.key, ends)]
        changes.append(ApiKeyChange(row_id(key.id, newest.number + 1), None, encode_key(key)))
        told = KeyRotated(
            change=_change_id(token), key=key.id, name=key.name, at=now, old_until=ends, expires=expires, by=by
        )
        return (key, secret), changes, told

    return _commit(store, change)


def revoke_key(
    store: Store,
    which: str,
    *,
    by: str = "",
    clock: Callable[[], float] = time.time,
    token: Callable[[int], bytes] = secrets.token_bytes,
) -> Key:
    """Refuse a key with all its secrets from now on.

    Args:
        store: of the gateway's home.
        which: id, or a name that one key in force has.
        by: who revokes it, for the audit.
        clock: seconds since the epoch.
        token: gives that many random bytes.

    Raises:
        KeyNotFound: there is none in force.
    """

    def change() -> tuple[Key, list[ApiKeyChange], Told]:
        now = clock()
        rows = [row for row in _find(read_rows(store), which, now) if _in_force(row.key, now)]
        revoked = [(row, msgspec.structs.replace(row.key, revoked=now)) for row in rows]
        changes = [ApiKeyChange(row.id, row.record, encode_key(key)) for row, key in revoked]
        newest = revoked[-1][1]
        told = KeyRevoked(change=_change_id(token), key=newest.id, name=newest.name, at=now, by=by)
        return newest, changes, told

    return _commit(store, change)


def list_keys(store: Store) -> list[Key]:
    """All keys ever made, the oldest first; one that was rotated stands once for each of its secrets."""
    return sorted((row.key for row in read_rows(store)), key=lambda key: (key.created, key.id))


def load_keys(store: Store, *, clock: Callable[[], float] = time.time) -> tuple[Key, ...]:
    """Keys for a `KeyRing`: all but those that are refused for more than a day."""
    then = clock() - REMEMBERED_SECONDS
    return tuple(row.key for row in read_rows(store) if _in_force(row.key, then))


def keys_version(store: Store) -> str:
    """Another value after each change by whatever process: one indexed read, cheap enough to poll twice a second."""
    return store.api_keys_version()


def _in_force(key: Key, now: float) -> bool:
    return all(end is None or now < end for end in (key.expires, key.revoked))


def _find(rows: list[Row], which: str, now: float) -> list[Row]:
    """Rows of the one key in force of that id or name."""
    fix = "look at: proveout key list"
    for matching in ("id", "name"):
        found = [row for row in rows if getattr(row.key, matching) == which]
        good = sorted({row.key.id for row in found if _in_force(row.key, now)})
        if len(good) > 1:
            why = f"{len(good)} keys in force have that name: {', '.join(good)}"
            raise KeyNotFound("cannot tell which key is meant", why=why, fix="name it by its id", about=which)
        if good:
            return [row for row in found if row.key.id == good[0]]
        if found:
            raise KeyNotFound("no such key", why="it has expired or was revoked", fix=fix, about=which)
    raise KeyNotFound("no such key", why="no key here has that id or name", fix=fix, about=which)


def _until(row: Row, ends: float) -> ApiKeyChange:
    return ApiKeyChange(row.id, row.record, encode_key(msgspec.structs.replace(row.key, expires=ends)))


def _change_id(token: Callable[[int], bytes]) -> str:
    return token(CHANGE_BYTES).hex()


def _commit(store: Store, change: Callable[[], tuple[T, Iterable[ApiKeyChange], Told]]) -> T:
    """Make a change, again from what is there when another process changed the same in between."""
    for _ in range(TRIES):
        result, changes, told = change()
        if store.change_api_keys(list(changes), encode_audit(told)):
            return result
    why = "other processes change the same key all the time"
    raise BusyError("cannot change the key", why=why, fix="run the same command again", about=told.key)
