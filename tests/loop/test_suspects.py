from __future__ import annotations

from pathlib import Path

import pytest

from proveout import loop
from proveout.errors import FamilyDoesNotFit

WRONG = "please refund order 7,card"


def test_a_wrong_label_is_found_with_where_it_stands(desk: Path) -> None:
    train = desk.parent / "train.csv"
    train.write_text(train.read_text(encoding="utf-8").replace("please refund order 7,refund", WRONG), encoding="utf-8")
    assert WRONG in train.read_text(encoding="utf-8")
    seen: list[str] = []
    found = loop.suspects(desk, progress=lambda stage, *_: seen.append(stage))
    worst = found[0]
    assert (worst.text, worst.given, worst.suggested) == ("please refund order 7", "card", "refund")
    assert worst.provenance.startswith("train.csv:") or worst.provenance.endswith(tuple("0123456789"))
    assert 0 < worst.margin <= 1
    assert [one.margin for one in found] == sorted((one.margin for one in found), reverse=True)
    assert seen


def test_a_task_without_labels_is_refused(tmp_path: Path) -> None:
    rows = [f"how far is place {at},{at} km" for at in range(40)]
    (tmp_path / "qa.csv").write_text("\n".join(["question,answer", *rows]), encoding="utf-8")
    folder = tmp_path / "qa"
    loop.new(folder, kind="answer", examples=[tmp_path / "qa.csv"], inputs=["question"], outputs=["answer"])
    with pytest.raises(FamilyDoesNotFit, match="answer"):
        loop.suspects(folder)
