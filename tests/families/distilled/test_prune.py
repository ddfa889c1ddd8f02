from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families._embedders import fit_embedder
from proveout.families.distilled._prune import (
    Encoder,
    drop_layers,
    drop_words,
    read_encoder,
    thin,
    tokens_of,
    write_encoder,
)

TEXTS = ["my card is lost", "please refund order 7", "where the shop opens on day 12"]


def vectors(encoder: Encoder, folder: Path, texts: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    write_encoder(encoder, folder / "pruned")
    found: np.ndarray[tuple[int, int], np.dtype[np.float32]] = fit_embedder(
        str(folder / "pruned"), (), folder / "cache"
    ).embed(texts)
    return found


def test_what_is_written_is_what_was_read(encoder_files: dict[str, Path], encoder_folder: Path, tmp_path: Path) -> None:
    found = vectors(read_encoder(encoder_files), tmp_path, TEXTS)
    assert np.array_equal(found, fit_embedder(str(encoder_folder), (), tmp_path).embed(TEXTS))


def test_texts_of_kept_tokens_have_the_vectors_they_had(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    whole = read_encoder(encoder_files)
    small = drop_words(whole, tokens_of(encoder_files, TEXTS[:2]))
    before, after = vectors(whole, tmp_path / "a", TEXTS), vectors(small, tmp_path / "b", TEXTS)
    assert after[:2] == pytest.approx(before[:2], abs=1e-6)
    assert after[2] != pytest.approx(before[2], abs=1e-3)
    assert small.config["vocab_size"] == len(small.weights["embeddings.word_embeddings.weight"])
    assert small.config["vocab_size"] < whole.config["vocab_size"]


def test_a_word_without_its_token_is_spelled(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    small = drop_words(read_encoder(encoder_files), set())
    files = write_encoder(small, tmp_path / "pruned")
    from tokenizers import Tokenizer  # noqa: PLC0415  an extra

    tokens = Tokenizer.from_file(str(files["tokenizer.json"])).encode("card 本").tokens
    assert tokens == ["[CLS]", "c", "##a", "##r", "##d", "[UNK]", "[SEP]"]


def test_fewer_layers_are_the_ones_that_were_kept(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    whole = read_encoder(encoder_files)
    assert np.array_equal(vectors(drop_layers(whole, [0, 1]), tmp_path / "a", TEXTS), vectors(whole, tmp_path, TEXTS))
    one = drop_layers(whole, [1])
    name = "attention.self.query.weight"
    assert np.array_equal(one.weights[f"encoder.layer.0.{name}"], whole.weights[f"encoder.layer.1.{name}"])
    assert not [name for name in one.weights if name.startswith("encoder.layer.1.")]
    assert vectors(one, tmp_path / "b", TEXTS).shape == (3, 32)


@given(st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_the_smallest_weights_of_each_matrix_become_zero(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, bias = "encoder.layer.0.output.dense.weight", "encoder.layer.0.output.dense.bias"
    weights = {matrix: rng.normal(size=(6, 5)), bias: rng.normal(size=6), "embeddings.x": rng.normal(size=(3, 3))}
    thinned = thin(Encoder(weights, {}, {}), share).weights
    gone = thinned[matrix] == 0
    assert gone.sum() == int(share * 30)
    assert np.array_equal(thinned[matrix][~gone], weights[matrix][~gone])
    assert np.abs(weights[matrix][gone]).max(initial=0) <= np.abs(weights[matrix][~gone]).min(initial=np.inf)
    assert all(np.array_equal(thinned[name], weights[name]) for name in (bias, "embeddings.x"))
