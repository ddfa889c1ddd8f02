"""A small task to run the loop on."""

from __future__ import annotations

from pathlib import Path

import pytest

from proveout import loop

INTENTS = {
    "card": ["my card {} is lost", "i cannot find card number {}", "card {} was stolen"],
    "refund": ["please refund order {}", "i want my money back for order {}", "order {} should be refunded"],
}


def write_rows(path: Path, start: int, stop: int) -> None:
    rows = [f"{text.format(n)},{intent}" for n in range(start, stop) for intent in INTENTS for text in INTENTS[intent]]
    path.write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a task of two intents."""
    write_rows(tmp_path / "train.csv", 0, 30)
    write_rows(tmp_path / "test.csv", 30, 40)
    folder = tmp_path / "desk"
    examples, test = [tmp_path / "train.csv"], [tmp_path / "test.csv"]
    loop.new(folder, kind="classify", examples=examples, test=test, inputs=["text"], outputs=["intent"])
    return folder
