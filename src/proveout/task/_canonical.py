"""One byte string per meaning: canonical JSON, and hashes over it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

__all__ = ["canonical_json", "content_hash"]


def canonical_json(value: Any) -> bytes:
    """Encode a JSON-like value so that equal values give equal bytes.

    Keys are sorted, there are no spaces, integral floats are written as integers; NaN and infinities, which JSON
    does not have, become null.

    Example:
        >>> canonical_json({"b": 1.0, "a": [True, "é"]}).decode()
        '{"a":[true,"é"],"b":1}'
    """
    return msgspec.json.encode(_normal(msgspec.to_builtins(value)), order="deterministic")


def content_hash(value: Any) -> str:
    """BLAKE2b-256 (RFC 7693) of the canonical JSON, as 64 hex digits.

    Example:
        >>> content_hash({"text": "hi"}) == content_hash({"text": "hi"})
        True
    """
    return hashlib.blake2b(canonical_json(value), digest_size=32).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    return value
