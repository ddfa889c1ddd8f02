"""Inclusion and consistency proofs as values: compact bytes, JSON, and a check that needs nothing else."""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from proveout.errors import ProofInvalid
from proveout.ledger._merkle import HASH_BYTES, check_consistency, check_inclusion

__all__ = ["ConsistencyProof", "InclusionProof"]

_INCLUSION = struct.Struct("<BQQ32s")  # 1, index, size, root
_CONSISTENCY = struct.Struct("<BQQ32s32s")  # 2, old size, size, old root, root


class InclusionProof(msgspec.Struct, frozen=True):
    """That the leaf at ``index`` is in the tree of ``size`` leaves with this root.

    Example:
        >>> from proveout.ledger import leaf_hash
        >>> proof = InclusionProof(index=0, size=1, root=leaf_hash(b"a"), path=[])
        >>> InclusionProof.from_bytes(proof.to_bytes()).check(leaf_hash(b"a"))
        True
    """

    index: int
    size: int
    root: bytes
    path: list[bytes]

    def check(self, leaf: bytes) -> bool:
        """Whether the proof leads from this leaf hash to the root."""
        return check_inclusion(leaf, self.index, self.size, self.path, self.root)

    def to_bytes(self) -> bytes:
        """49 bytes and 32 for each step of the path."""
        return _INCLUSION.pack(1, self.index, self.size, self.root) + b"".join(self.path)

    @classmethod
    def from_bytes(cls, content: bytes) -> InclusionProof:
        """Read what `to_bytes` wrote.

        Raises:
            ProofInvalid: it is not an inclusion proof.
        """
        (index, size, root), path = _parse(content, _INCLUSION, 1)
        return cls(index=index, size=size, root=root, path=path)

    def to_dict(self) -> dict[str, Any]:
        """The proof as a JSON object, hashes in hexadecimal."""
        return _plain(self)


class ConsistencyProof(msgspec.Struct, frozen=True):
    """That the tree of ``size`` leaves extends the tree of ``old_size`` leaves: nothing before was altered.

    Example:
        >>> from proveout.ledger import leaf_hash
        >>> root = leaf_hash(b"a")
        >>> ConsistencyProof(old_size=1, size=1, old_root=root, root=root, path=[]).check()
        True
    """

    old_size: int
    size: int
    old_root: bytes
    root: bytes
    path: list[bytes]

    def check(self) -> bool:
        """Whether the proof leads from the old root to the new one."""
        return check_consistency(self.old_size, self.size, self.path, self.old_root, self.root)

    def to_bytes(self) -> bytes:
        """81 bytes and 32 for each step of the path."""
        return _CONSISTENCY.pack(2, self.old_size, self.size, self.old_root, self.root) + b"".join(self.path)

    @classmethod
    def from_bytes(cls, content: bytes) -> ConsistencyProof:
        """Read what `to_bytes` wrote.

        Raises:
            ProofInvalid: it is not a consistency proof.
        """
        (old_size, size, old_root, root), path = _parse(content, _CONSISTENCY, 2)
        return cls(old_size=old_size, size=size, old_root=old_root, root=root, path=path)

    def to_dict(self) -> dict[str, Any]:
        """The proof as a JSON object, hashes in hexadecimal."""
        return _plain(self)


def _parse(content: bytes, layout: struct.Struct, type_: int) -> tuple[tuple[Any, ...], list[bytes]]:
    rest = len(content) - layout.size
    if rest < 0 or rest % HASH_BYTES or content[0] != type_:
        why = f"{len(content)} bytes of another form"
        raise ProofInvalid("cannot read the proof", why=why, fix="export the proof again", about="proof")
    path = [content[at : at + HASH_BYTES] for at in range(layout.size, len(content), HASH_BYTES)]
    return layout.unpack_from(content)[1:], path


def _plain(proof: msgspec.Struct) -> dict[str, Any]:
    fields = msgspec.structs.asdict(proof)
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
    return plain | {"path": [step.hex() for step in fields["path"]]}
