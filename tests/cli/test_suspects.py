from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_suspects_are_listed_worst_first(desk: Path, proveout: Run) -> None:
    train = desk.parent / "train.csv"
    right, wrong = "please refund order 7,refund", "please refund order 7,hours"
    train.write_text(train.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    found = proveout("suspects", "desk", "--json")
    assert found.code == 0, found.err
    assert (found.json[0]["text"], found.json[0]["suggested"]) == ("please refund order 7", "refund")
    shown = proveout("suspects", "desk", "--most", 1)
    assert "suspect rows, worst first" in shown.out
    assert "hours → refund" in shown.out
