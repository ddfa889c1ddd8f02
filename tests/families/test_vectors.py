from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.families._vectors import CHUNK, embed_all


class Counting:
    """Vectors from the texts' lengths, and how many texts it was asked for."""

    name = "counting"

    def __init__(self, fingerprint: str = "f") -> None:
        self.fingerprint = fingerprint
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> Any:
        self.asked += len(texts)
        return np.array([[len(text), self.asked] for text in texts], dtype=np.float32)

    def save(self, folder: Path) -> None:
        raise NotImplementedError(folder)


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def test_a_text_is_embedded_once(tmp_path: Path) -> None:
    embedder = Counting()
    texts = [f"text {number}" for number in range(CHUNK + 5)]
    first = embed_all(embedder, texts, tmp_path, quiet)
    again = embed_all(embedder, texts, tmp_path, quiet)
    assert first.shape == (CHUNK + 5, 2)
    assert first.tobytes() == again.tobytes()
    assert embedder.asked == len(texts)


def test_another_embedder_or_text_is_embedded_anew(tmp_path: Path) -> None:
    embed_all(Counting(), ["a", "b"], tmp_path, quiet)
    other, same = Counting("g"), Counting()
    embed_all(other, ["a", "b"], tmp_path, quiet)
    embed_all(same, ["ab", ""], tmp_path, quiet)
    assert (other.asked, same.asked) == (2, 2)


def test_texts_with_separators_in_them_are_told_apart(tmp_path: Path) -> None:
    one = embed_all(Counting(), ["a\0bb", "c"], tmp_path, quiet)
    other = embed_all(Counting(), ["a", "bb\0c"], tmp_path, quiet)
    assert one[:, 0].tolist() == [4, 1]
    assert other[:, 0].tolist() == [1, 4]


@pytest.mark.parametrize("damage", [lambda kept: kept[:-4], lambda kept: kept[:-1] + b"x", lambda _: b""])
def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    first = embed_all(Counting(), ["a", "b"], tmp_path, quiet)
    (path,) = (tmp_path / "vectors").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert embed_all(Counting(), ["a", "b"], tmp_path, quiet).tobytes() == first.tobytes()


def test_no_texts_give_no_vectors(tmp_path: Path) -> None:
    assert embed_all(Counting(), [], tmp_path, quiet).shape[0] == 0
