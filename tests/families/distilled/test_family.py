from __future__ import annotations

from pathlib import Path

import pytest

from proveout import loop
from proveout.errors import BuildFailed, WeightsMissing
from proveout.families import BuildRun, default_families, families
from proveout.families.distilled import _tune
from proveout.testing import check_family, make_splits, make_task


def artifacts(desk: Path, embedder: str) -> dict[str, dict[str, bytes]]:
    built = loop.build(desk, names=["distilled", "retrieval"], embedder=embedder).built
    return {one.id: {path.name: path.read_bytes() for path in one.folder.iterdir()} for one in built}


@pytest.mark.parametrize("embedder", ["tfidf", "minilm-int8"])
def test_two_folders_of_one_content_give_the_same_bytes(tmp_path: Path, embedder: str) -> None:
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        texts = {"card": "my card {} is lost", "refund": "please refund order {}"}
        rows = [f"{text.format(number)},{intent}" for number in range(40) for intent, text in texts.items()]
        (folder / "train.csv").write_text("\n".join(["text,intent", *rows]), encoding="utf-8")
        examples = [folder / "train.csv"]
        loop.new(folder / "desk", kind="classify", examples=examples, inputs=["text"], outputs=["intent"])
        found.append(artifacts(folder / "desk", embedder))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["distilled", "retrieval"])
def test_one_label_is_nothing_to_learn(tmp_path: Path, name: str) -> None:
    train, select = make_splits()
    only = tuple(row for row in train.examples if row.expected == {"intent": "card"})
    alone = type(train)(snapshot=train.snapshot, examples=only)
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="tfidf")
    with pytest.raises(BuildFailed, match="1 different labels"):
        families.create(name).build(make_task(), alone, select, run)


def test_what_is_out_of_scope_is_rejected_and_still_guessed(tmp_path: Path) -> None:
    train, select = make_splits()
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="minilm-int8")
    candidate = families.create("distilled").build(make_task(), train, select, run)
    inside, outside = candidate.answer([{"text": "order 7 should be refunded"}, {"text": "sing song number 900"}])
    assert inside.output == {"intent": "refund"}
    assert outside.abstention == "out of scope"
    assert outside.guess is not None
    assert outside.guess["intent"] != "oos"


def tiny_run(folder: Path, encoder: Path) -> BuildRun:
    return BuildRun(seed=0, snapshot=make_splits()[0].snapshot, cache=folder, embedder=str(encoder))


@pytest.mark.parametrize("name", ["distilled", "distilled-adapted", "distilled-edge", "distilled-tuned"])
def test_every_variant_keeps_the_promises_of_a_family(
    tmp_path: Path, encoder_folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 0)
    check_family(families.create(name), make_task(), make_splits(4), tmp_path, embedder=str(encoder_folder))


@pytest.mark.parametrize("name", ["distilled-adapted", "distilled-edge", "distilled-tuned"])
def test_two_caches_give_the_same_bytes(
    tmp_path: Path, encoder_folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 0)
    found = []
    for place in ("one", "two"):
        run = tiny_run(tmp_path / place / "cache", encoder_folder)
        saved = tmp_path / place / "saved"
        saved.mkdir(parents=True)
        families.create(name).build(make_task(), *make_splits(4), run).save(saved)
        found.append({path.name: path.read_bytes() for path in saved.iterdir()})
    assert found[0] == found[1]


def test_cards_say_how_the_encoder_was_made(
    tmp_path: Path, encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 0)
    cards = {
        name: families.create(name).build(make_task(), *make_splits(4), tiny_run(tmp_path, encoder_folder)).card
        for name in ("distilled-tuned", "distilled-adapted", "distilled-edge")
    }
    tuned, adapted, edge = (card.parameters for card in cards.values())
    assert tuned["trained_share"]["chosen_on"] == tuned["precision"]["chosen_on"] == "select"
    assert (tuned["trained_share"]["epochs"], tuned["scale"]["chosen_on"]) == (4, "select")
    assert adapted["adapted_to"] == {"value": 48, "chosen_on": "train"}
    assert edge["imitates"]["value"] == "distilled-tuned"
    assert edge["embedder"]["value"] == "static"


@pytest.mark.parametrize("name", ["distilled-adapted", "distilled-edge", "distilled-tuned"])
@pytest.mark.parametrize("embedder", ["no/such-model", "empty"])
def test_a_variant_that_trains_says_when_there_is_nothing_to_train(tmp_path: Path, name: str, embedder: str) -> None:
    (tmp_path / "empty").mkdir()
    given = str(tmp_path / "empty") if embedder == "empty" else embedder
    run = BuildRun(seed=0, snapshot=make_splits()[0].snapshot, cache=tmp_path, embedder=given)
    with pytest.raises(WeightsMissing):
        families.create(name).build(make_task(), *make_splits(4), run)


@pytest.mark.parametrize("name", ["distilled", "distilled-adapted", "distilled-edge", "distilled-tuned"])
def test_a_task_of_a_kind_it_cannot_learn_is_declined_with_the_reason(name: str) -> None:
    fit = families.create(name).fits(make_task(kind="answer"))
    assert not fit.ok
    assert "answer" in fit.reason
    assert families.create(name).fits(make_task()).ok


def test_variants_are_built_only_when_named() -> None:
    assert not [name for name in default_families() if name.startswith("distilled-")]
