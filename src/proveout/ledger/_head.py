"""Signed tree heads: Ed25519 over size, root and time; and the copy of the latest in HEAD.json."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import LedgerCorrupt
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from proveout.store import Workspace

__all__ = ["Head", "head_path", "key_path", "read_head", "read_key", "read_public_key", "sign_head"]

_CONTEXT = b"proveout tree head v1\n"
_FIELDS = struct.Struct("<QQQ32s")  # start, size, time, root
_SIGNATURE_BYTES = 64
RESTORE = "do not write to it; compare with a backup, and keep this copy as evidence"


class Head(msgspec.Struct, frozen=True):
    """A signed tree head: at ``time`` the tree had ``size`` leaves and this root.

    Attributes:
        start: leaves before the commit that this head ends.
        size: leaves after it.
        time: nanoseconds since the epoch.
        root: Merkle tree root, 32 bytes.
        signature: Ed25519, 64 bytes.

    Example:
        >>> head = Head(start=0, size=1, time=5, root=bytes(32), signature=bytes(64))
        >>> Head.from_json(head.to_json()) == head
        True
    """

    start: int
    size: int
    time: int
    root: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that the signature covers."""
        return _CONTEXT + _FIELDS.pack(self.start, self.size, self.time, self.root)

    def verify(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is the key's."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  6 MB that a process which only hands over entries never needs

        try:
            key.verify(self.signature, self.signed)
        except InvalidSignature:
            return False
        return True

    def to_bytes(self) -> bytes:
        """The body of a head frame: 120 bytes."""
        return _FIELDS.pack(self.start, self.size, self.time, self.root) + self.signature

    @classmethod
    def from_bytes(cls, body: bytes) -> Head:
        """Read the body of a head frame.

        Raises:
            ValueError: it is not 120 bytes long.
        """
        if len(body) != _FIELDS.size + _SIGNATURE_BYTES:
            raise ValueError(f"a head has {_FIELDS.size + _SIGNATURE_BYTES} bytes, not {len(body)}")
        start, size, time, root = _FIELDS.unpack_from(body)
        return cls(start=start, size=size, time=time, root=root, signature=body[_FIELDS.size :])

    def to_json(self) -> bytes:
        """The content of HEAD.json; one form only, so that any changed byte shows."""
        fields = {
            "start": self.start,
            "size": self.size,
            "time": self.time,
            "root": self.root.hex(),
            "signature": self.signature.hex(),
        }
        return msgspec.json.encode(fields) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Head:
        """Read HEAD.json.

        Raises:
            ValueError: it is not exactly what `to_json` writes.
        """
        fields = msgspec.json.decode(content, type=_HeadJson)
        head = cls(
            start=fields.start,
            size=fields.size,
            time=fields.time,
            root=bytes.fromhex(fields.root),
            signature=bytes.fromhex(fields.signature),
        )
        if head.to_json() != content:
            raise ValueError("not the canonical form")
        return head


class _HeadJson(msgspec.Struct):
    start: int
    size: int
    time: int
    root: str
    signature: str


def sign_head(key: Ed25519PrivateKey, *, start: int, size: int, time: int, root: bytes) -> Head:
    """Sign the state of the tree."""
    unsigned = Head(start=start, size=size, time=time, root=root, signature=b"")
    return msgspec.structs.replace(unsigned, signature=key.sign(unsigned.signed))


def head_path(workspace: Workspace) -> Path:
    """Where the latest signed head is kept."""
    return workspace.ledger / "HEAD.json"


def key_path(workspace: Workspace) -> Path:
    """Where the public key is pinned."""
    return workspace.ledger / "key.pub"


def read_head(workspace: Workspace, key: Ed25519PublicKey) -> Head:
    """Read and check HEAD.json.

    Raises:
        LedgerCorrupt: it is missing, altered, or signed by another key.
    """
    path = head_path(workspace)
    content = _read(path)
    try:
        head = Head.from_json(content)
        genuine = head.verify(key)
    except (ValueError, struct.error, msgspec.MsgspecError) as error:
        raise _corrupt(path, f"it is not a signed head ({error})") from error
    if not genuine:
        raise _corrupt(path, "its signature is not that of the key in key.pub")
    return head


def read_key(workspace: Workspace) -> Ed25519PublicKey:
    """Read the pinned public key.

    Raises:
        LedgerCorrupt: it is missing or altered beyond being a key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  as above

    path = key_path(workspace)
    content = _read(path)
    try:
        raw = bytes.fromhex(content.decode("ascii"))
        key = Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, UnicodeDecodeError) as error:
        raise _corrupt(path, f"it is not a public key ({error})") from error
    if content != raw.hex().encode() + b"\n":
        raise _corrupt(path, "it is not 64 lower-case hexadecimal digits and a newline")
    return key


def read_public_key(workspace: Workspace) -> bytes:
    """The 32 bytes of the pinned public key, that heads and statements are verified with.

    Raises:
        LedgerCorrupt: it is missing or altered beyond being a key.
    """
    return read_key(workspace).public_bytes_raw()


def _read(path: Path) -> bytes:
    try:
        with translated_os_errors(path):
            return path.read_bytes()
    except FileNotFoundError as error:
        raise _corrupt(path, "it is missing") from error


def _corrupt(path: Path, why: str) -> LedgerCorrupt:
    return LedgerCorrupt("the ledger does not verify", why=why, fix=RESTORE, about=str(path))
