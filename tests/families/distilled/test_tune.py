from __future__ import annotations

import builtins
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.errors import ExtraMissing, WeightsMissing
from proveout.families.distilled import _tune
from proveout.families.distilled._head import best_head, best_scale
from proveout.families.distilled._torch import Trainable, seeded
from proveout.families.distilled._tune import Pace, Tuned, adapt, epochs_for, tune

KINDS = ("my card {} is lost", "please refund order {}", "where the shop opens on day {}")
# Chance decides the label of these: the same words in another order.
ORDERED = ("card my {} order please", "please order {} my card")
PACE = Pace(encoder=2e-3, head=1e-2, batch=16)
Rows = tuple[list[str], "np.ndarray[Any, Any]"]


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def rows_of(kinds: tuple[str, ...], numbers: range) -> Rows:
    texts = [text.format(number) for number in numbers for text in kinds]
    return texts, np.array([code for _ in numbers for code in range(len(kinds))])


def head_of(files: Mapping[str, Path], rows: Rows, held: Rows) -> dict[str, Any]:
    encoder = Trainable(files)
    labels = sorted({str(code) for code in rows[1]})
    vectors, held_vectors = (encoder.embed(encoder.tokens(part[0])) for part in (rows, held))
    named, held_named = ([str(code) for code in part[1]] for part in (rows, held))
    return best_head((vectors, named), (held_vectors, held_named), labels, quiet)[1]


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 0)


def tuned(
    files: Mapping[str, Path],
    cache: Path,
    *,
    kinds: tuple[str, ...] = KINDS,
    seed: int = 0,
    progress: Callable[[str, int, int], None] = quiet,
) -> Tuned:
    rows, held = rows_of(kinds, range(20)), rows_of(kinds, range(20, 30))
    start = head_of(files, rows, held)
    return tune(files, rows, held, start, seed=seed, cache=cache, progress=progress, pace=PACE)


TUNING = "tuning the encoder"


def same(one: Tuned, other: Tuned) -> bool:
    heads = [{name: array.tolist() for name, array in found.head.items()} for found in (one, other)]
    return heads[0] == heads[1] and (one.weights, one.history, one.share) == (other.weights, other.history, other.share)


class Killed(Exception):
    """Stands for a kill."""


def dies_in_epoch(number: int) -> Callable[[str, int, int], None]:
    def progress(stage: str, done: int, total: int) -> None:
        steps = total // 4
        if stage == TUNING and done == number * steps + steps // 2:
            raise Killed

    return progress


def test_tuning_learns_what_a_frozen_encoder_cannot_tell_apart(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    rows, held = rows_of(ORDERED, range(100, 160)), rows_of(ORDERED, range(160, 200))
    start = head_of(encoder_files, rows, held)
    encoder = Trainable(encoder_files)
    frozen = encoder.embed(encoder.tokens(held[0])) @ start["weights"].T + start["bias"]
    found = tune(encoder_files, rows, held, start, seed=0, cache=tmp_path, progress=quiet, pace=PACE)
    assert len(found.history) == 4
    assert found.history[-1] >= 0.95
    assert found.history[-1] >= np.mean(frozen.argmax(1) == held[1])


def test_the_weights_are_an_average_that_is_no_worse_on_held_out_rows(
    encoder_files: dict[str, Path], tmp_path: Path
) -> None:
    rows, held = rows_of(ORDERED, range(100, 160)), rows_of(ORDERED, range(160, 200))
    start = head_of(encoder_files, rows, held)
    found = tune(encoder_files, rows, held, start, seed=0, cache=tmp_path, progress=quiet, pace=PACE)
    assert 0.5 <= found.share <= 1
    losses = []
    for weights in (found.weights, encoder_files["model.safetensors"]):
        encoder = Trainable(encoder_files | {"model.safetensors": weights})
        losses.append(best_scale(found.head, encoder.embed(encoder.tokens(held[0])), held[1])[0])
    assert losses[0] < losses[1]


def test_two_caches_get_the_same_weights_and_another_seed_gets_others(
    encoder_files: dict[str, Path], tmp_path: Path
) -> None:
    one, same, other = (
        tuned(encoder_files, tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one.weights.read_bytes() == same.weights.read_bytes()
    assert one.history == same.history
    assert one.weights.read_bytes() != other.weights.read_bytes()


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_a_killed_training_goes_on_to_the_same_weights(
    encoder_files: dict[str, Path], tmp_path: Path, epoch: int
) -> None:
    whole = tuned(encoder_files, tmp_path / "whole")
    with pytest.raises(Killed):
        tuned(encoder_files, tmp_path / "killed", progress=dies_in_epoch(epoch))
    steps: list[int] = []

    def progress(stage: str, done: int, _total: int) -> None:
        if stage == TUNING:
            steps.append(done)

    resumed = tuned(encoder_files, tmp_path / "killed", progress=progress)
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()
    assert resumed.history == whole.history
    assert min(steps) > 0 if epoch else min(steps) == 0


def test_a_finished_training_is_not_repeated(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    first = tuned(encoder_files, tmp_path)
    assert same(tuned(encoder_files, tmp_path, progress=dies_in_epoch(0)), first)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink])
@pytest.mark.parametrize("suffix", [".checkpoint", ".safetensors"])
def test_damaged_files_are_made_again(
    encoder_files: dict[str, Path], tmp_path: Path, damage: Callable[[Path], None], suffix: str
) -> None:
    first = tuned(encoder_files, tmp_path)
    content = first.weights.read_bytes()
    (path,) = (tmp_path / "tuned").glob(f"*{suffix}")
    damage(path)
    again = tuned(encoder_files, tmp_path)
    assert same(again, first)
    assert again.weights.read_bytes() == content


def test_another_encoder_does_not_get_the_weights_of_the_first(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415  an extra

    arrays = load_file(encoder_files["model.safetensors"])
    arrays["encoder.layer.0.attention.self.query.weight"] *= 2
    save_file(arrays, tmp_path / "model.safetensors")
    other_files = encoder_files | {"model.safetensors": tmp_path / "model.safetensors"}
    one, other = tuned(encoder_files, tmp_path), tuned(other_files, tmp_path)
    texts = sorted(rows_of(KINDS, range(10))[0])
    assert one.weights != other.weights
    adapted = [adapt(files, texts, seed=0, cache=tmp_path, progress=quiet) for files in (encoder_files, other_files)]
    assert adapted[0].weights != adapted[1].weights


def test_without_held_out_rows_the_trained_weights_are_taken(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    rows = rows_of(KINDS, range(10))
    start = head_of(encoder_files, rows, rows)
    nothing: Rows = ([], np.zeros(0, dtype=int))
    found = tune(encoder_files, rows, nothing, start, seed=0, cache=tmp_path, progress=quiet, pace=PACE)
    assert (found.history, found.share) == ((0.0,) * 4, 1.0)


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_a_missing_library_names_the_extra(
    encoder_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    genuine = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == module:
            raise ImportError(name, name=name)
        return genuine(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match=module) as caught:
        adapt(encoder_files, ["a"], seed=0, cache=tmp_path, progress=quiet)
    assert caught.value.about == "tune"
    assert "proveout[tune]" in caught.value.fix


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(encoder_files: dict[str, Path], tmp_path: Path, name: str) -> None:
    del encoder_files[name]
    with pytest.raises(WeightsMissing, match=name):
        adapt(encoder_files, ["a"], seed=0, cache=tmp_path, progress=quiet)


@pytest.mark.parametrize("damage", [cut, empty])
def test_truncated_weights_are_refused(
    encoder_files: dict[str, Path], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    short = Path(shutil.copy(encoder_files["model.safetensors"], tmp_path / "model.safetensors"))
    damage(short)
    with pytest.raises(WeightsMissing, match="cannot be read"):
        adapt(encoder_files | {"model.safetensors": short}, ["a"], seed=0, cache=tmp_path, progress=quiet)


def test_adapting_is_done_once_and_is_the_same_in_two_caches(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    texts = sorted(rows_of(KINDS, range(40))[0])
    one, other = (adapt(encoder_files, texts, seed=0, cache=tmp_path / name, progress=quiet) for name in "ab")
    assert one.weights.read_bytes() == other.weights.read_bytes()
    assert one.weights.read_bytes() != encoder_files["model.safetensors"].read_bytes()
    content = one.weights.read_bytes()
    steps: list[int] = []
    adapt(encoder_files, texts, seed=0, cache=tmp_path / "a", progress=lambda *_: steps.append(1))
    assert steps == []
    cut(one.weights)
    assert adapt(encoder_files, texts, seed=0, cache=tmp_path / "a", progress=quiet).weights.read_bytes() == content


def test_adapting_draws_two_views_of_a_text_together(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    words, rng = " ".join(KINDS).split(), np.random.default_rng(0)
    texts = sorted({" ".join(rng.choice(words, size=6)) for _ in range(512)})
    found = adapt(encoder_files, texts, seed=0, cache=tmp_path, progress=quiet, rate=1e-3)
    adapted = encoder_files | {"model.safetensors": found.weights}
    before, after = (mixed_up(Trainable(files), texts[:64]) for files in (encoder_files, adapted))
    assert after < 0.9 * before


def mixed_up(encoder: Trainable, texts: list[str]) -> float:
    """How hard two dropout views of one text are to match among those of the others: SimCSE's loss."""
    torch = encoder.torch
    encoder.model.train()
    with torch.no_grad(), seeded(torch, 1):
        one, other = (encoder.vectors(encoder.tokens(texts)) for _ in range(2))
        return float(torch.nn.functional.cross_entropy(one @ other.T / 0.05, torch.arange(len(texts))))


def test_few_rows_are_seen_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 60_000)
    assert [epochs_for(rows) for rows in (1, 1_500, 6_000, 15_000, 10**9)] == [16, 16, 10, 4, 4]
