"""A deterministic embedder that counts its calls, and knowledge bases in a temporary folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.families.retrieval import Knowledge
from proveout.task import Documents, Example
from proveout.testing import make_task

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


HANDBOOK = {
    "refunds.md": "# Refunds\n\nRefunds are paid within 5 working days. Sale items are not refunded.\n"
    "Mrs. Abel signs each refund above 200 euros.\n",
    "hours.md": "# Hours\n\nThe desk in Bonn opens at 9. It closes at 17 on weekdays. "
    "The desk never opens on Sunday.\n",
    "cards.md": "# Cards\n\nA lost card is blocked at once. A new card costs 12 euros and arrives by post.\n",
    "parking.md": "# Parking\n\nVisitors park behind the mill. The barrier opens with a ticket from the porter.\n",
}
QUESTIONS = {
    "How many working days until refunds are paid?": "5 working days",
    "Who signs a refund above 200 euros?": "Mrs. Abel",
    "When does the desk in Bonn open?": "at 9",
    "When does the desk close on weekdays?": "17",
    "What does a new card cost?": "12 euros",
    "What happens with a lost card?": "blocked at once",
    "Where do visitors park?": "behind the mill",
    "How does the barrier open?": "a ticket",
}


@pytest.fixture(scope="session")
def handbook() -> dict[str, bytes]:
    """Four small documents."""
    return {path: text.encode() for path, text in HANDBOOK.items()}


@pytest.fixture(scope="session")
def asking() -> Callable[..., tuple[Any, Any]]:
    """A task of kind ``answer`` over the handbook, and rows to build from."""

    def make(repeats: int = 1, **fields: Any) -> tuple[Any, Any]:
        task = make_task(
            kind="answer",
            target="",
            out_of_scope="",
            input={"type": "object", "required": ["question"], "properties": {"question": {"type": "string"}}},
            output={"type": "object", "required": ["answer"], "properties": {"answer": {"type": ["string", "null"]}}},
            documents=Documents(paths=("docs/*.md",)),
            **fields,
        )
        rows = [
            Example(id=f"{at}-{turn}", inputs={"question": f"{asked}{' ' * turn}"}, expected={"answer": answer})
            for turn in range(repeats)
            for at, (asked, answer) in enumerate(QUESTIONS.items())
        ]
        parts = (kind(snapshot="0" * 64, examples=tuple(rows)) for kind in (TrainSplit, SelectSplit))
        return task, tuple(parts)

    return make
