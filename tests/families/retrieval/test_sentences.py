from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families import fit_embedder
from proveout.families.retrieval import Hit
from proveout.families.retrieval._sentences import SentenceVectors, described, normalised, sentences, spans

LONG = "The committee met in the old hall by the river and"


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text)]


def hit(text: str, start: int = 0, path: str = "a.md", score: float = 1.0) -> Hit:
    end = start + len(text)
    return Hit(chunk=start, path=path, version=f"v-{path}", start=start, end=end, text=text, score=score, ranks={})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It weighs 3.5 kg. Yes.", ["It weighs 3.5 kg.", "Yes."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("Dr. Ames met J. F. Kane in the U.S. capital. They spoke.", None),
        ("He said no. They left.", ["He said no.", "They left."]),
        ("# Title\nText here.", ["# Title", "Text here."]),
        ("- one\n- two", ["- one", "- two"]),
        (f"{LONG}\nvoted at once. All went home.", [f"{LONG}\nvoted at once.", "All went home."]),
        (f"{LONG}\n\nvoted", [LONG, "voted"]),
        (f"{LONG}\n- voted", [LONG, "- voted"]),
        (f"# {LONG}\nvoted", [f"# {LONG}", "voted"]),
        ("  padded \n", ["padded"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str] | None) -> None:
    found = cut(text)
    assert found == (["Dr. Ames met J. F. Kane in the U.S. capital.", "They spoke."] if expected is None else expected)


@given(st.text(alphabet="ab.!?\"')\n \u200b\u202e\u00e9\u6f22A#-", max_size=60))
def test_sentences_lose_nothing_but_white_space(text: str) -> None:
    found = list(spans(text))
    assert all(start < end for start, end in found)
    assert all(one[1] <= two[0] for one, two in pairwise(found))
    kept = {at for start, end in found for at in range(start, end)}
    assert all(character.isspace() for at, character in enumerate(text) if at not in kept)


def test_overlapping_passages_give_a_sentence_once() -> None:
    found = sentences([hit("One is here. Two is here.", 10), hit("Two is here. Three.", 23)])
    assert [(one.text, one.start, one.end, one.hit) for one in found] == [
        ("One is here.", 10, 22, 0),
        ("Two is here.", 23, 35, 0),
        ("Three.", 36, 42, 1),
    ]


def test_what_has_no_word_is_no_sentence() -> None:
    assert sentences([hit("!!! ... \u2014")]) == []


def test_each_sentence_is_embedded_once(embedder: Any) -> None:
    vectors = SentenceVectors(embedder)
    first = vectors.cosines("card", ["a card", "an hour", "a card"])
    again = vectors.cosines("card", ["an hour", "a card"])
    assert embedder.embedded == ["a card", "an hour", "card"]
    assert first.tolist() == [again[1], again[0], again[1]]


def test_few_are_remembered_and_all_are_scored(embedder: Any) -> None:
    vectors = SentenceVectors(embedder, most=1)
    texts = ["a card", "an hour", "a mill"]
    assert vectors.cosines("card", texts).tolist() == SentenceVectors(embedder).cosines("card", texts).tolist()
    assert vectors.cosines("card", texts).tolist() == SentenceVectors(embedder).cosines("card", texts).tolist()


def test_sparse_vectors_will_do(tmp_path: Any) -> None:
    vectors = SentenceVectors(fit_embedder("tfidf", ["a lost card", "opening hours"], tmp_path))
    found = vectors.cosines("lost card", ["a lost card", "opening hours"])
    assert found[0] > 0.5 > found[1]


def test_vectors_computed_before_are_used(embedder: Any) -> None:
    vectors = SentenceVectors(embedder)
    vectors.learn(["a card"], np.ones((1, 32), dtype=np.float32))
    vectors.cosines("x", ["a card"])
    assert embedder.embedded == ["x"]


def test_rare_words_and_ranks_speak_for_a_sentence(embedder: Any) -> None:
    hits = [hit("The card is lost. The card is new.", score=2.0), hit("The mill.", path="b.md", score=1.0)]
    found = sentences(hits)
    features = described("lost card", found, hits, SentenceVectors(embedder))
    assert features.shape == (3, 4)
    assert features[0, 1] == pytest.approx(1.0)
    assert 0 < features[1, 1] < 0.5
    assert features[:, 2].tolist() == [1.0, 1.0, 0.5]
    assert features[:, 3].tolist() == [1.0, 1.0, 0.5]


def test_words_are_compared_as_squad_does() -> None:
    assert normalised("The Café, an inn!") == ["café", "inn"]
