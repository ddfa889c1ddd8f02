from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.distilled._static import StaticEmbedder, StaticTable, features, pieces, words

WORDS = ("card", "lost", "my", "refund", "order", "?")
WIDTH = 12


def embedder_of(seed: int = 0, known: Sequence[str] = WORDS) -> StaticEmbedder:
    """A table of some words, their pairs and their pieces, with random rows."""
    rng = np.random.default_rng(seed)
    terms = [("word", word) for word in known]
    terms += [("pair", f"{one} {other}") for one, other in (("<", "my"), ("my", "card"), ("lost", ">"))]
    terms += [("piece", piece) for piece in sorted({piece for word in known for piece in pieces(word)})]
    rows = rng.normal(size=(len(terms), WIDTH)).astype(np.float32)
    squares = rng.uniform(1, 9, len(terms)).astype(np.float32)
    bias = rng.normal(size=WIDTH).astype(np.float32)
    return StaticEmbedder.of(StaticTable(terms=terms, rows=rows, squares=squares, bias=bias))


EMBEDDER = embedder_of()
TEXT = st.one_of(st.text(max_size=40), st.lists(st.sampled_from([*WORDS, "cards", "Lost!", "zq"])).map(" ".join))


@given(st.lists(TEXT, max_size=8))
def test_a_text_has_one_vector_whatever_its_batch(texts: list[str]) -> None:
    together = EMBEDDER.embed(texts)
    assert together.shape == (len(texts), WIDTH)
    assert together.dtype == np.float32
    for row, text in enumerate(texts):
        assert np.array_equal(together[row], EMBEDDER.embed([text])[0])


@given(st.lists(TEXT, min_size=1, max_size=8))
def test_vectors_have_unit_length_or_are_zero(texts: list[str]) -> None:
    vectors = EMBEDDER.embed(texts)
    norms = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all()
    assert (np.isclose(norms, 1, atol=1e-5) | (norms == 0)).all()
    assert (vectors >= 0).all()


def test_the_sum_is_what_the_table_says() -> None:
    """All terms of a text, a word's pieces with it, over the norm of their weights."""
    rng = np.random.default_rng(1)
    terms = list(dict.fromkeys(features("my card")))
    rows, squares = (
        rng.normal(size=(len(terms), 4)).astype(np.float32),
        rng.uniform(1, 4, len(terms)).astype(np.float32),
    )
    bias = np.full(4, 0.5, dtype=np.float32)
    found = StaticEmbedder.of(StaticTable(terms=terms, rows=rows, squares=squares, bias=bias)).embed(["my card"])[0]
    hidden = np.maximum(rows.sum(axis=0) / np.sqrt(squares.sum()) + bias, 0)
    assert found == pytest.approx(hidden / np.linalg.norm(hidden), abs=0.03)


def test_an_unknown_word_is_put_together_from_its_pieces() -> None:
    nothing = EMBEDDER.embed(["qqqq"])
    assert np.array_equal(nothing, EMBEDDER.embed(["zzzz"]))
    known, misspelt = EMBEDDER.embed(["refund"])[0], EMBEDDER.embed(["refundd"])[0]
    assert not np.array_equal(misspelt, nothing[0])
    assert known @ misspelt > known @ nothing[0]


def test_word_order_counts_through_pairs() -> None:
    assert not np.array_equal(EMBEDDER.embed(["my card"]), EMBEDDER.embed(["card my"]))
    assert np.array_equal(EMBEDDER.embed(["MY   card"]), EMBEDDER.embed(["my card"]))


@pytest.mark.parametrize("text", ["", " ", "\n\t", "___"])
def test_a_text_without_words_has_the_bias_alone(text: str) -> None:
    bias = np.maximum(EMBEDDER._arrays["bias"], 0)
    assert EMBEDDER.embed([text])[0] == pytest.approx(bias / np.linalg.norm(bias), abs=1e-6)


def test_no_texts_give_no_vectors() -> None:
    assert EMBEDDER.embed([]).shape == (0, WIDTH)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    texts = ["my card is lost ?", "refunding orders", "", "日本"]
    assert not StaticEmbedder.is_in(tmp_path)
    EMBEDDER.save(tmp_path)
    loaded = StaticEmbedder.load(tmp_path)
    assert StaticEmbedder.is_in(tmp_path)
    assert np.array_equal(loaded.embed(texts), EMBEDDER.embed(texts))
    assert loaded.fingerprint == EMBEDDER.fingerprint
    loaded.save(tmp_path / "..")
    assert all((tmp_path / ".." / path.name).read_bytes() == path.read_bytes() for path in tmp_path.iterdir())


def test_the_fingerprint_follows_rows_and_terms() -> None:
    same, rows, terms = embedder_of(), embedder_of(seed=1), embedder_of(known=WORDS[:-1])
    assert same.fingerprint == EMBEDDER.fingerprint
    assert len({EMBEDDER.fingerprint, rows.fingerprint, terms.fingerprint}) == 3


@given(st.text(max_size=60))
def test_words_are_lower_case_parts_of_the_text(text: str) -> None:
    found = words(text)
    assert all(word and word in text.lower() and not word.isspace() for word in found)
    assert [term for kind, term in features(text) if kind == "word"] == found


@given(st.text("abcdé", min_size=1, max_size=9))
def test_pieces_are_all_grams_of_the_marked_word(word: str) -> None:
    marked = f"<{word}>"
    found = pieces(word)
    assert len(found) == sum(max(0, len(marked) - size + 1) for size in (3, 4, 5))
    assert all(3 <= len(piece) <= 5 and piece in marked for piece in found)
