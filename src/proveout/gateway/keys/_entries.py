"""What the ledger is told of keys; never a secret, nor its digest."""

from __future__ import annotations

from proveout.gateway._settings import Limits
from proveout.ledger import EntryBody, entry

__all__ = ["KeyCreated", "KeyRevoked", "KeyRotated"]


@entry("key.created", version=1)
class KeyCreated(EntryBody, frozen=True, kw_only=True, omit_defaults=True):
    """A key was made.

    Attributes:
        change: id of the change; one that stands twice in the ledger was written twice because of a kill.
        key: its id.
        name: for people.
        models: that it may use.
        tier: its tier.
        at: seconds since the epoch.
        limits: its own.
        expires: seconds since the epoch.
        by: who made it.
    """

    change: str
    key: str
    name: str
    models: tuple[str, ...]
    tier: str
    at: float
    limits: Limits | None = None
    expires: float | None = None
    by: str = ""


@entry("key.revoked", version=1)
class KeyRevoked(EntryBody, frozen=True, kw_only=True, omit_defaults=True):
    """A key is refused from now on, with all its secrets.

    Attributes:
        change: as of `KeyCreated`.
        key: its id.
        name: for people.
        at: seconds since the epoch.
        by: who revoked it.
    """

    change: str
    key: str
    name: str
    at: float
    by: str = ""


@entry("key.rotated", version=1)
class KeyRotated(EntryBody, frozen=True, kw_only=True, omit_defaults=True):
    """A key got another secret.

    Attributes:
        change: as of `KeyCreated`.
        key: its id, which stays.
        name: for people.
        at: seconds since the epoch.
        old_until: when the secrets before end, seconds since the epoch.
        expires: of the new secret.
        by: who rotated it.
    """

    change: str
    key: str
    name: str
    at: float
    old_until: float
    expires: float | None = None
    by: str = ""
