"""Who may see the figures of a gateway, and who may administer it."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from proveout.errors import SettingsInvalid, Unauthenticated, UpstreamFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.gateway.keys import KeyRing, OidcGate

__all__ = ["Access", "credential_of"]

BEARER = b"bearer "


def say(line: str) -> None:
    """Tell the operator."""
    sys.stderr.write(f"{line}\n")


class Access:
    """Checks what ``Authorization`` presents.

    Args:
        keys: that may call; None where no key is asked for.
        gate: of administrators; None where nobody may administer the gateway over HTTP.
        notice: called with a line about an identity provider that cannot be asked.
        wall: seconds since the epoch.
    """

    def __init__(
        self,
        keys: KeyRing | None = None,
        gate: OidcGate | None = None,
        *,
        notice: Callable[[str], None] = say,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._gate = gate
        self._notice = notice
        self._wall = wall

    @property
    def has_admins(self) -> bool:
        """Whether anybody may administer the gateway over HTTP."""
        return self._gate is not None

    async def check_reader(self, credential: bytes) -> None:
        """Let in whoever has a key, and administrators; everybody, where no key is asked for.

        Raises:
            Refused: see `check_admin`.
        """
        if self._keys is None:
            return
        try:
            self._keys.authenticate(credential, self._wall())
        except Unauthenticated:
            if self._gate is None:
                raise
            await self.check_admin(credential)

    async def check_admin(self, credential: bytes) -> None:
        """Let in administrators.

        Raises:
            Unauthenticated: nobody whom the identity provider vouches for.
            Forbidden: somebody without the role.
            UpstreamFailed: the identity provider cannot be asked.
        """
        if self._gate is None or not credential:
            raise _unauthenticated()
        try:
            # It may ask the identity provider for its keys, and waits for them.
            await asyncio.to_thread(self._gate.authenticate, credential)
        except (SettingsInvalid, UpstreamFailed) as error:
            self._notice(str(error))
            raise _unasked() from error


def credential_of(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What follows ``Bearer`` in the last ``Authorization`` (RFC 6750, 2.1); b"" without one.

    Example:
        >>> credential_of([(b"authorization", b"Bearer abc")])
        b'abc'
    """
    value = dict(headers).get(b"authorization", b"")
    return value[len(BEARER) :].strip() if value[: len(BEARER)].lower() == BEARER else b""


def _unasked() -> UpstreamFailed:
    # Who asks is not known, so that it is not told where the identity provider is.
    why, fix = "its answer is missing or is not usable", "try again in a minute, and read what the gateway printed"
    return UpstreamFailed("the identity provider cannot be asked", why=why, fix=fix, about="authorization")


def _unauthenticated() -> Unauthenticated:
    why, fix = "the request carries no token", "send one of your identity provider as: Authorization: Bearer TOKEN"
    return Unauthenticated("a token of an administrator is needed", why=why, fix=fix, about="authorization")
