"""The protocol of guards, and what one says."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from proveout._registry import Registry
from proveout.errors import GuardUnknown

__all__ = ["Guard", "Verdict", "guard", "guards"]


class Verdict(msgspec.Struct, frozen=True):
    """What a guard says of one text.

    Attributes:
        allowed: whether it may pass.
        reason: why not, in words that repeat nothing of the text; "" when it may.

    Example:
        >>> Verdict(allowed=False, reason="holds a private key").allowed
        False
    """

    allowed: bool
    reason: str = ""


@runtime_checkable
class Guard(Protocol):
    """Looks at a text and says whether it may pass; keeps nothing of it.

    Example:
        >>> from proveout.guard import CredentialsGuard
        >>> isinstance(CredentialsGuard(), Guard)
        True
    """

    name: str

    def check(self, text: str) -> Verdict:
        """The verdict on an input or an output."""
        ...


guards: Registry[Guard] = Registry("guard", group="proveout.guards", missing=GuardUnknown)
guard = guards.register
