"""Keys in memory: who calls, and what they may use."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from proveout.errors import Forbidden, Unauthenticated
from proveout.gateway.keys._secret import DIGEST_BYTES, SECRET_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proveout.gateway._key import Key

__all__ = ["KeyRing"]

FOREVER, NEVER = float("inf"), float("-inf")
ANY_MODEL = ("*",)
LONGEST_MODEL = 256


class KeyRing:
    """The keys in force, looked up by the digest of a presented secret; reads no database.

    A lookup takes as long as hashing and a dict take, whatever is presented. What its timing could tell is about the
    digest of a guess, from which nothing follows about the digest of another secret; so no constant-time comparison
    is needed.

    Args:
        keys: of `load_keys`.

    Example:
        >>> from proveout.errors import Unauthenticated
        >>> ring = KeyRing(())
        >>> try:
        ...     ring.authenticate(b"pvo_aaaaaaaa_" + b"0" * 43, now=0.0)
        ... except Unauthenticated as error:
        ...     error.status
        401
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._by_digest = {key.digest: (key, _end(key)) for key in keys}
        self._patterns = {key.models: _compile(key.models) for key, _ in self._by_digest.values()}

    def __len__(self) -> int:
        return len(self._by_digest)

    def authenticate(self, secret: bytes, now: float) -> Key:
        """Who presents this secret.

        Args:
            secret: as it came; anything that is not of a secret's length is not even hashed.
            now: seconds since the epoch.

        Raises:
            Unauthenticated: there is none, or it is unknown, expired or revoked, which are told in the same words.
        """
        if len(secret) == SECRET_LENGTH:
            found = self._by_digest.get(blake2b(secret, digest_size=DIGEST_BYTES).digest())
            if found is not None and now < found[1]:
                return found[0]
        raise _unauthenticated(given=bool(secret))

    def check_model(self, key: Key, model: str) -> None:
        """Refuse a model or a task that the key may not use.

        Raises:
            Forbidden: whether or not there is such a model.
        """
        if not self.may_use(key, model):
            why = "its list of models has none that matches"
            fix = "ask for another model, or ask whoever runs the gateway for a key that may use it"
            about = model[:LONGEST_MODEL]
            raise Forbidden("this key may not use the model", why=why, fix=fix, about=about, param="model")

    def may_use(self, key: Key, model: str) -> bool:
        """Whether the key's list of models has one that matches."""
        models = key.models
        if models == ANY_MODEL:
            return True
        patterns = self._patterns.get(models)
        if patterns is None:
            patterns = _compile(models)
        if len(model) <= LONGEST_MODEL:
            for pattern in patterns:  # not any(): a generator takes twice as long as what it would go through
                if _matches(pattern, model):
                    return True
        return False


def _end(key: Key) -> float:
    if key.revoked is not None:
        return NEVER  # at once, also for a clock that was set back since
    return FOREVER if key.expires is None else key.expires


def _unauthenticated(*, given: bool) -> Unauthenticated:
    if given:
        why = "it is not known here, or not any more"
        fix = "use a key made with: proveout key create"
        return Unauthenticated("the API key is not valid", why=why, fix=fix, about="authorization")
    why = "the request carries none"
    fix = "send it as: Authorization: Bearer KEY"
    return Unauthenticated("an API key is needed", why=why, fix=fix, about="authorization")


def _compile(models: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Each pattern as the texts between its stars."""
    return tuple(tuple(pattern.split("*")) for pattern in models)


def _matches(pattern: tuple[str, ...], name: str) -> bool:
    """Whether the texts occur in order, the first at the start and the last at the end.

    Taking each at its first place is enough, so that there is nothing to backtrack over.
    """
    first, last = pattern[0], pattern[-1]
    if len(pattern) == 1:
        return name == first
    if not (name.startswith(first) and name.endswith(last) and len(name) >= len(first) + len(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for text in pattern[1:-1]:
        found = name.find(text, at, end)
        if found < 0:
            return False
        at = found + len(text)
    return True
