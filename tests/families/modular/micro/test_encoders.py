from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proveout.errors import ExtraMissing, WeightsMissing
from proveout.families._embedders import fit_embedder
from proveout.families.modular.micro import BuiltMicro, Encoders, load_micro
from proveout.families.modular.micro import _encoders as module

Build = Callable[..., BuiltMicro]


def test_models_on_one_encoder_embed_a_text_once(make: Build, tmp_path: Path) -> None:
    first, second = make("intent"), make("scope")
    encoders = Encoders(tmp_path)
    (_, intent), (_, scope) = (load_micro(one.folder, tmp_path, encoders) for one in (first, second))
    shared = encoders.load(first.folder)
    assert encoders.load(second.folder) is shared
    intent("weather in Bonn")
    scope("weather in Bonn")
    assert shared.embedded == 1
    scope("weather in Ulm")
    assert shared.embedded == 2


def test_little_is_remembered(tmp_path: Path) -> None:
    encoder = Encoders(tmp_path).fit("tfidf", ["some words", "other words"])
    for at in range(module.KEPT + 1):
        encoder.embed([f"words {at}"])
    encoder.embed([f"words {module.KEPT}"])
    assert encoder.embedded == module.KEPT + 1
    encoder.embed(["words 0"])
    assert encoder.embedded == module.KEPT + 2
    many = ["some words"] * (module.LARGEST_KEPT + 1)
    encoder.embed(many)
    encoder.embed(many)
    assert encoder.embedded == module.KEPT + 2 + 2 * len(many)


@pytest.mark.parametrize("error", [ExtraMissing, WeightsMissing])
def test_encoders_that_are_not_there_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[WeightsMissing | ExtraMissing]
) -> None:
    fit = fit_embedder

    def without(name: str, texts: list[str], cache: Path) -> object:
        if name != "tfidf":
            raise error("no such thing", why="a test", fix="none", about=name)
        return fit(name, texts, cache)

    monkeypatch.setattr(module, "fit_embedder", without)
    assert Encoders(tmp_path).usable(["minilm-int8", "tfidf"]) == ("tfidf",)
    with pytest.raises(WeightsMissing, match="none of minilm-int8"):
        Encoders(tmp_path).usable(["minilm-int8"])
