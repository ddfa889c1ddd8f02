from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from proveout.errors import WeightsMissing
from proveout.families._embedders import fit_embedder
from proveout.families.distilled._torch import Trainable, batches, libraries, seeded

TEXTS = ["my card is lost", "", "please refund order 7 where the shop opens", "ünïcode 日本", "card " * 300]


def test_it_gives_the_vectors_that_onnxruntime_gives(encoder_folder: Path, tmp_path: Path) -> None:
    files = {path.name: path for path in encoder_folder.iterdir()}
    encoder = Trainable(files)
    found = encoder.embed(encoder.tokens(TEXTS))
    assert found == pytest.approx(fit_embedder(str(encoder_folder), (), tmp_path).embed(TEXTS), abs=1e-4)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_text_has_one_vector_whatever_its_batch(encoder_files: dict[str, Path]) -> None:
    encoder = Trainable(encoder_files)
    alone = np.concatenate([encoder.embed(encoder.tokens([text])) for text in TEXTS])
    assert encoder.embed(encoder.tokens(TEXTS)) == pytest.approx(alone, abs=1e-5)
    assert encoder.embed([]).shape == (0, 32)


def test_word_embeddings_are_not_trained(encoder_files: dict[str, Path]) -> None:
    encoder = Trainable(encoder_files)
    assert all(parameter is not encoder.model.embeddings.word_embeddings.weight for parameter in encoder.trained())
    assert len(encoder.trained()) == len(list(encoder.model.parameters())) - 1


def test_saved_weights_are_read_back(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    encoder = Trainable(encoder_files)
    with encoder.torch.no_grad():
        for parameter in encoder.trained():
            parameter.mul_(1.5)
    saved = tmp_path / "deep" / "model.safetensors"
    encoder.save(saved)
    other = Trainable(encoder_files | {"model.safetensors": saved})
    assert np.array_equal(other.embed(other.tokens(TEXTS)), encoder.embed(encoder.tokens(TEXTS)))


def test_a_checkpoint_is_read_back_unless_it_was_altered(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    encoder, path = Trainable(encoder_files), tmp_path / "deep" / "checkpoint"
    assert encoder.kept(path) is None
    encoder.keep(path, {"history": [0.5], "weights": encoder.torch.arange(3)})
    found = encoder.kept(path)
    assert found["history"] == [0.5]
    assert found["weights"].tolist() == [0, 1, 2]
    content = path.read_bytes()
    for damaged in (content[:-1], content[:40], b"", content[:-1] + bytes([content[-1] ^ 1])):
        path.write_bytes(damaged)
        assert encoder.kept(path) is None


def test_weights_of_another_network_are_refused(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    arrays = load_file(encoder_files["model.safetensors"])
    del arrays["encoder.layer.1.output.dense.bias"]
    save_file(arrays, tmp_path / "model.safetensors")
    with pytest.raises(WeightsMissing, match=r"encoder\.layer\.1\.output\.dense\.bias"):
        Trainable(encoder_files | {"model.safetensors": tmp_path / "model.safetensors"})


def test_drawing_inside_leaves_the_generator_outside_as_it_was() -> None:
    torch, _ = libraries()
    torch.manual_seed(5)
    wanted = torch.rand(3).tolist()
    torch.manual_seed(5)
    with seeded(torch, 1):
        inside = torch.rand(3).tolist()
    assert torch.rand(3).tolist() == wanted
    with seeded(torch, 1):
        assert torch.rand(3).tolist() == inside


@given(st.lists(st.integers(1, 128), max_size=300), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_row_is_in_one_batch(lengths: list[int], size: int, seed: int) -> None:
    found = batches(lengths, size, np.random.default_rng(seed))
    assert sorted(int(row) for batch in found for row in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in found)
    again = batches(lengths, size, np.random.default_rng(seed))
    assert [batch.tolist() for batch in found] == [batch.tolist() for batch in again]


def test_batches_hold_little_padding() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 128, 640)
    padded = sum(lengths[batch].max() * len(batch) for batch in batches(lengths.tolist(), 32, rng))
    assert padded < 1.1 * lengths.sum()
