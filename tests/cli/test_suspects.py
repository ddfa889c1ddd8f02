from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
# Some of them fall into other splits than the TrainSplit.
MISLABELLED = [f"please refund order {number}" for number in (3, 7, 11, 19)]


def test_suspects_are_listed_worst_first(desk: Path, proveout: Run) -> None:
    train = desk.parent / "train.csv"
    content = train.read_text(encoding="utf-8")
    for text in MISLABELLED:
        content = content.replace(f"{text},refund", f"{text},hours")
    train.write_text(content, encoding="utf-8")
    found = proveout("suspects", "desk", "--json")
    assert found.code == 0, found.err
    assert found.json
    assert {one["text"] for one in found.json} <= set(MISLABELLED)
    assert {(one["given"], one["suggested"]) for one in found.json} == {("hours", "refund")}
    shown = proveout("suspects", "desk", "--most", 1)
    assert f"{len(found.json)} suspect rows, worst first" in shown.out
    assert shown.out.count("hours → refund") == 1
