"""Secrets of keys: made, recognised by their form, and turned into digests."""

from __future__ import annotations

import re
from base64 import b32encode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SECRET_LENGTH", "digest_of", "id_of", "new_id", "new_secret"]

ID_BYTES = 5
SECRET_BYTES = 32
DIGEST_BYTES = 32
# pvo_ + id + _ + 32 bytes as base64url without padding.
SECRET_LENGTH = 56
_FORM = re.compile(rb"pvo_([a-z2-7]{8})_[A-Za-z0-9_-]{43}")


def new_id(token: Callable[[int], bytes]) -> str:
    """An id of 8 characters that is safe in a file name, a URL and a header."""
    return b32encode(token(ID_BYTES)).decode().lower()


def new_secret(key_id: str, token: Callable[[int], bytes]) -> str:
    """A secret of 256 random bits that names its key, so that a leaked one can be revoked without being looked up."""
    return f"pvo_{key_id}_{urlsafe_b64encode(token(SECRET_BYTES)).rstrip(b'=').decode()}"


def digest_of(secret: bytes) -> bytes:
    """What is kept of a secret: BLAKE2b-256 (RFC 7693).

    A slow hash such as Argon2 makes it expensive to guess what people think up. Nobody guesses 256 random bits, so that
    NIST SP 800-63B (revision 3, 5.1.2.2) asks for salt and a slow hash below 112 bits only, and for a plain one-way
    function from there on. BLAKE2b takes under a microsecond.

    Example:
        >>> digest_of(b"pvo_").hex()[:16]
        '4e859bcee55b5c8a'
    """
    return blake2b(secret, digest_size=DIGEST_BYTES).digest()


def id_of(secret: bytes) -> str:
    """The id that a secret names; "" for what is no secret of ours.

    Example:
        >>> id_of(b"pvo_mfrggzdf_" + b"A" * 43), id_of(b"sk-123")
        ('mfrggzdf', '')
    """
    found = _FORM.fullmatch(secret)
    return found[1].decode() if found else ""
