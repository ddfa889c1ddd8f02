from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from proveout.families.retrieval._text_index import TextIndex

K1, B = 1.2, 0.75


def okapi(query: list[str], texts: list[list[str]]) -> list[float]:
    """BM25 from its definition (Robertson and Zaragoza 2009, with Lucene's idf)."""
    average = sum(map(len, texts)) / len(texts)
    holding = Counter(word for text in texts for word in set(text))
    scores = []
    for text in texts:
        counts = Counter(text)
        norm = K1 * (1 - B + B * len(text) / average)
        idf = {word: math.log(1 + (len(texts) - holding[word] + 0.5) / (holding[word] + 0.5)) for word in query}
        scores.append(sum(idf[word] * counts[word] * (K1 + 1) / (counts[word] + norm) for word in set(query)))
    return scores


@pytest.fixture
def texts() -> list[list[str]]:
    random = Random(1)
    words = [f"zq{number}" for number in range(40)]
    # Up to 40 words, tantivy keeps a text's length exactly.
    return [random.choices(words, weights=range(1, 41), k=random.randint(1, 39)) for _ in range(300)]


def test_scores_are_those_of_the_definition(tmp_path: Path, texts: list[list[str]]) -> None:
    index = TextIndex.build(tmp_path, (" ".join(text) for text in texts))
    for query in (["zq3"], ["zq39", "zq1"], ["zq20", "zq21", "zq22"]):
        at, scores = index.search(" ".join(query), 300)
        expected = np.array(okapi(query, texts))
        assert set(at.tolist()) == set(np.flatnonzero(expected).tolist())
        assert scores == pytest.approx(expected[at], rel=1e-5)


def test_a_build_again_gives_the_same_bits(tmp_path: Path, texts: list[list[str]]) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        TextIndex.build(tmp_path / name, (" ".join(text) for text in texts))
        index = TextIndex.open(tmp_path / name)
        found.append([part.tolist() for part in index.search("zq3 zq10 zq39", 50)])
    assert found[0] == found[1]


@pytest.mark.parametrize("allowed", [1, 5, 150, 299])
def test_masks_and_positions_give_the_unmasked_order(tmp_path: Path, texts: list[list[str]], allowed: int) -> None:
    index = TextIndex.build(tmp_path, (" ".join(text) for text in texts))
    only = np.array(sorted(Random(allowed).sample(range(300), allowed)))
    mask = np.zeros(300, dtype=bool)
    mask[only] = True
    every, _ = index.search("zq39 zq5", 300)
    expected = [at for at in every.tolist() if mask[at]][:10]
    assert index.search("zq39 zq5", 10, mask=mask)[0].tolist() == expected
    assert index.search("zq39 zq5", 10, only=only)[0].tolist() == expected


def test_words_are_folded_and_stemmed(tmp_path: Path) -> None:
    index = TextIndex.build(tmp_path, ["Refunded at the CAFÉ", "nothing"])
    assert index.search("refunds", 5)[0].tolist() == [0]
    assert index.search("cafe", 5)[0].tolist() == [0]
