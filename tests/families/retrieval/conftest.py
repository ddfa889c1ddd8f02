"""A deterministic embedder that counts its calls, and knowledge bases in a temporary folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.families.retrieval import Knowledge

WIDTH = 32


class HashEmbedder:
    """Bags of hashed words: like texts have like vectors, and a text's vector does not depend on its batch."""

    name = "hash"

    def __init__(self, fingerprint: str = "hash-1") -> None:
        self.fingerprint = fingerprint
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.embedded += texts
        return np.stack([self._one(text) for text in texts])

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    def _one(self, text: str) -> Any:
        vector = np.full(WIDTH, 1e-3)
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.blake2b(f"{self.fingerprint} {word}".encode(), digest_size=8).digest()
            vector[digest[0] % WIDTH] += 1.0 if digest[1] % 2 else -1.0
        return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture(scope="session")
def hash_embedder() -> type[HashEmbedder]:
    return HashEmbedder


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


Opens = Callable[..., Knowledge]


@pytest.fixture
def opens(tmp_path: Path, embedder: HashEmbedder) -> Iterator[Opens]:
    """Opens knowledge bases under the temporary folder, by name, and closes them."""
    opened: list[Knowledge] = []

    def make(name: str = "base", using: Any = embedder, **options: Any) -> Knowledge:
        opened.append(Knowledge.open(tmp_path / name, using, tmp_path / "cache", **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def knowledge(opens: Opens) -> Knowledge:
    return opens()
