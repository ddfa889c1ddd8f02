"""A key as the gateway knows it: everything but its secret."""

from __future__ import annotations

import msgspec

from proveout.gateway._settings import Limits

__all__ = ["ANONYMOUS", "Key"]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, by one of the secrets of a key: while it is being rotated, a key has two, which share its id.

    Attributes:
        id: public; what records carry.
        name: for people.
        digest: BLAKE2b-256 of the secret, which is shown once and kept nowhere.
        models: names of tasks and models it may use; ``*`` stands for any characters.
        tier: name of its tier.
        limits: its own; None takes those of the tier.
        created: seconds since the epoch.
        expires: seconds since the epoch; None never.
        revoked: seconds since the epoch from which it is refused; None while it is good.
    """

    id: str
    name: str
    digest: bytes
    models: tuple[str, ...] = ("*",)
    tier: str = "standard"
    limits: Limits | None = None
    created: float = 0.0
    expires: float | None = None
    revoked: float | None = None


# Who calls where no key is asked for.
ANONYMOUS = Key(id="", name="anonymous", digest=b"")
