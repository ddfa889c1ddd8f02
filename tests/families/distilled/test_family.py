from __future__ import annotations

from pathlib import Path

import pytest

from proveout import loop
from proveout.errors import BuildFailed
from proveout.families import BuildRun, families
from proveout.testing import make_splits, make_task


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
