from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.families._embedders import EnclosedEmbedder, fit_embedder, load_embedder
from proveout.families.distilled import _quantise
from proveout.families.distilled._quantise import Parity, export, parity

TEXTS = ["my card is lost", "please refund order 7", "where the shop opens on day 12", "", "ünïcode"]


@pytest.fixture
def exported(encoder_folder: Path, tmp_path: Path) -> tuple[EnclosedEmbedder, dict[str, Any]]:
    return export_in(tmp_path / "one", encoder_folder)


def export_in(folder: Path, encoder_folder: Path) -> tuple[EnclosedEmbedder, dict[str, Any]]:
    files = {path.name: path for path in encoder_folder.iterdir()}
    folder.mkdir()
    weights = folder / "w.safetensors"
    weights.write_bytes(files["model.safetensors"].read_bytes())
    return export("tiny", weights, files, TEXTS, folder)


def test_int8_weights_give_nearly_the_same_vectors(
    exported: tuple[EnclosedEmbedder, dict[str, Any]], encoder_folder: Path, tmp_path: Path
) -> None:
    light, said = exported
    full = fit_embedder(str(encoder_folder), (), tmp_path).embed(TEXTS)
    assert said["value"] == "int8"
    found = parity(full, light.embed(TEXTS))
    assert (said["cosine"], said["lowest_cosine"]) == pytest.approx((found.mean, found.lowest), abs=1e-3)
    assert found.mean >= found.lowest >= 0.99
    assert not np.array_equal(full, light.embed(TEXTS))


def test_the_artifact_is_smaller_and_complete(
    exported: tuple[EnclosedEmbedder, dict[str, Any]], encoder_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    exported[0].save(folder)
    assert (folder / "model.onnx").stat().st_size < 0.6 * (encoder_folder / "model.safetensors").stat().st_size
    loaded = load_embedder(folder, tmp_path)
    assert np.array_equal(loaded.embed(TEXTS), exported[0].embed(TEXTS))
    assert loaded.fingerprint == exported[0].fingerprint
    assert str(tmp_path) not in (folder / "embedder.json").read_text(encoding="utf-8")


def test_two_exports_have_the_same_bytes(
    exported: tuple[EnclosedEmbedder, dict[str, Any]], encoder_folder: Path, tmp_path: Path
) -> None:
    other, said = export_in(tmp_path / "two", encoder_folder)
    assert (other.fingerprint, said) == (exported[0].fingerprint, exported[1])


def test_too_little_parity_keeps_full_precision(
    encoder_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_quantise, "LEAST_COSINE", 1.01)
    kept, said = export_in(tmp_path / "kept", encoder_folder)
    full = fit_embedder(str(encoder_folder), (), tmp_path).embed(TEXTS)
    assert said["value"] == "float32"
    assert said["cosine"] < 1.01
    assert kept.embed(TEXTS) == pytest.approx(full, abs=1e-5)


def test_nothing_to_compare_on_keeps_int8(encoder_folder: Path, tmp_path: Path) -> None:
    files = {path.name: path for path in encoder_folder.iterdir()}
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(files["model.safetensors"].read_bytes())
    _, said = export("tiny", weights, files, [], tmp_path)
    assert (said["value"], said["texts"]) == ("int8", 0)


def test_parity_is_of_rows_and_not_of_sums() -> None:
    full = np.eye(3)
    assert parity(full, full[[0, 2, 1]]) == Parity(0.3333, 0.0, 3)
    assert parity(full, -full) == Parity(-1.0, -1.0, 3)


def test_nothing_unfinished_is_left(exported: tuple[EnclosedEmbedder, dict[str, Any]], tmp_path: Path) -> None:
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert not {name for name in names if "unfinished" in name or name.endswith(".tmp")}
    assert json.dumps(exported[1])


def test_a_quantised_vector_does_not_depend_on_the_texts_beside_it(
    exported: tuple[EnclosedEmbedder, dict[str, Any]],
) -> None:
    together = exported[0].embed(TEXTS)
    assert np.array_equal(together, np.concatenate([exported[0].embed([text]) for text in TEXTS]))
