"""Records: the envelope of an entry, and its payload encrypted under its subject's key."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, TypeVar

import msgspec

from proveout.errors import LedgerCorrupt, SubjectErased

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from proveout.store import Store

__all__ = ["Envelope", "Keyring", "decode_envelope", "encode_envelope", "encode_envelopes", "seal"]

K = TypeVar("K")
V = TypeVar("V")
NONCE_BYTES = 12
_CACHED_KEYS = 4096


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What a record's body holds, as a MessagePack array.

    Attributes:
        kind: of the entry.
        version: of its body.
        time: when it was handed in, nanoseconds since the epoch.
        key_id: of the subject's key; None when the payload is in clear.
        payload: the body as JSON; or nonce, ciphertext and tag.
    """

    kind: str
    version: int
    time: int
    key_id: bytes | None
    payload: bytes

    @property
    def bound(self) -> bytes:
        """What the ciphertext is bound to (the associated data of AES-GCM)."""
        return msgspec.msgpack.encode((self.kind, self.version, self.time, self.key_id))


encode_envelope: Callable[[Envelope], bytes] = msgspec.msgpack.Encoder().encode
_encode_bytes: Callable[[bytes], bytes] = msgspec.msgpack.Encoder().encode
decode_envelope: Callable[[bytes], Envelope] = msgspec.msgpack.Decoder(Envelope).decode


def encode_envelopes(kind: str, version: int, time: int, payloads: Sequence[bytes]) -> list[bytes]:
    """Encode envelopes in clear that differ in their payload only.

    Example:
        >>> encode_envelopes("example.noted", 1, 5, [b"{}"])[0] == encode_envelope(
        ...     Envelope("example.noted", 1, 5, None, b"{}")
        ... )
        True
    """
    # The payload is the last element of the array: what comes before it is the same for all.
    before = encode_envelope(Envelope(kind, version, time, None, b"")).removesuffix(_encode_bytes(b""))
    return [before + _encode_bytes(payload) for payload in payloads]


def seal(clear: Envelope, cipher: AESGCM, key_id: bytes) -> Envelope:
    """Encrypt the payload with AES-256-GCM under a random 96-bit nonce (NIST SP 800-38D, 8.2.2)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    bound = Envelope(clear.kind, clear.version, clear.time, key_id, b"")
    payload = nonce + cipher.encrypt(nonce, clear.payload, bound.bound)
    return Envelope(clear.kind, clear.version, clear.time, key_id, payload)


class Keyring:
    """Subject keys out of the store, kept ready.

    Args:
        store: where keys live.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_subject: dict[str, tuple[bytes, AESGCM]] = {}
        self._by_id: dict[bytes, tuple[str | None, AESGCM]] = {}

    def of_subject(self, subject: str) -> tuple[bytes, AESGCM]:
        """Key id and cipher to encrypt for a subject."""
        found = self._by_subject.get(subject)
        if found is None:
            key = self._store.subject_key(subject)
            found = (key.id, _cipher_of(key.material or b""))
            _keep(self._by_subject, subject, found)
        return found

    def subject_of(self, key_id: bytes) -> str | None:
        """Whose key it is; None once erased."""
        if key_id in self._by_id:
            return self._by_id[key_id][0]
        key = self._store.find_key(key_id)
        return None if key is None else key.subject

    def open(self, envelope: Envelope, about: str) -> bytes:
        """The payload in clear.

        Raises:
            SubjectErased: the key was destroyed.
            LedgerCorrupt: the ciphertext is not what was written.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  as in _head

        if envelope.key_id is None:
            return envelope.payload
        cipher = self._cipher(envelope.key_id, about)
        nonce, sealed = envelope.payload[:NONCE_BYTES], envelope.payload[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, envelope.bound)
        except (InvalidTag, ValueError) as error:
            fix = "run: proveout verify"
            raise LedgerCorrupt("cannot decrypt", why="the ciphertext was altered", fix=fix, about=about) from error

    def forget(self, subject: str) -> None:
        """Drop a subject's key from memory."""
        found = self._by_subject.pop(subject, None)
        if found is not None:
            self._by_id.pop(found[0], None)

    def _cipher(self, key_id: bytes, about: str) -> AESGCM:
        if key_id not in self._by_id:
            key = self._store.find_key(key_id)
            if key is None or key.material is None:
                why = "its subject was erased" if key else "its key is not in this store"
                fix = "nothing can bring it back; the log still verifies without it"
                raise SubjectErased("cannot read the body", why=why, fix=fix, about=about)
            _keep(self._by_id, key_id, (key.subject, _cipher_of(key.material)))
        return self._by_id[key_id][1]


def _cipher_of(material: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as in _head

    return AESGCM(material)


def _keep(cache: dict[K, V], key: K, value: V) -> None:
    if len(cache) >= _CACHED_KEYS:
        cache.clear()
    cache[key] = value
