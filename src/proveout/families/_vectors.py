"""Embedding many texts once: vectors are kept on disk under the embedder's fingerprint and the texts' hash."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from proveout.families._embedders import Embedder

__all__ = ["embed_all"]

CHUNK = 512
DIGEST = 16


def embed_all(embedder: Embedder, texts: Sequence[str], cache: Path, progress: Callable[[str, int, int], None]) -> Any:
    """Vectors of shape (len(texts), d), computed in chunks; a chunk computed before is read back."""
    parts = []
    for start in range(0, len(texts), CHUNK):
        parts.append(_chunk(embedder, list(texts[start : start + CHUNK]), cache))
        progress(f"embedding with {embedder.name}", min(start + CHUNK, len(texts)), len(texts))
    if not parts:
        return np.zeros((0, 1), dtype=np.float32)
    return sparse.vstack(parts, format="csr") if sparse.issparse(parts[0]) else np.concatenate(parts)


def _chunk(embedder: Embedder, texts: list[str], cache: Path) -> Any:
    # Each part with its length: a text may hold any separator.
    key = "".join(f"{len(part)}:{part}" for part in (embedder.fingerprint, *texts))
    path = cache / "vectors" / f"{_digest(key.encode('utf-8', 'surrogatepass')).hex()}.npy"
    kept = _read(path)
    if kept is not None:
        return kept
    vectors = embedder.embed(texts)
    if isinstance(vectors, np.ndarray):
        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        write_atomic(path, _digest(content.getvalue()) + content.getvalue())
    return vectors


def _read(path: Path) -> Any:
    """Kept vectors; None when there are none, or when the file was altered: it can be made again."""
    if not path.exists():
        return None
    content = path.read_bytes()
    hashed, array = content[:DIGEST], content[DIGEST:]
    return np.load(io.BytesIO(array), allow_pickle=False) if _digest(array) == hashed else None


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST).digest()
