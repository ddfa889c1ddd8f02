"""A command line to call, and rows to call it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.cli import main

INTENTS = {
    "card": ["my card {} is lost", "i cannot find card number {}", "card {} was stolen from me"],
    "refund": ["please refund order {}", "i want my money back for order {}", "order {} should be refunded"],
    "hours": ["are you open on day {}", "what are your hours on the {}th", "when do you close on day {}"],
}


class Ran:
    """What one call of the command line did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        """Standard output, parsed."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def proveout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Call ``proveout`` in the test's folder, in this process: starting one takes longer than most calls."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run


def _write_rows(path: Path, start: int, stop: int) -> None:
    rows = [
        f"{text.format(n)},{intent}" for n in range(start, stop) for intent, texts in INTENTS.items() for text in texts
    ]
    path.write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def write_rows() -> Callable[[Path, int, int], None]:
    """Write rows numbered from start to stop, of three intents."""
    return _write_rows


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A folder with train.csv and test.csv, of three intents."""
    _write_rows(tmp_path / "train.csv", 0, 40)
    _write_rows(tmp_path / "test.csv", 40, 50)
    return tmp_path


@pytest.fixture
def desk(rows: Path, proveout: Run) -> Path:
    """A task's folder made from `rows`."""
    made = proveout(
        "new",
        "desk",
        "--kind",
        "classify",
        "--examples",
        "train.csv",
        "--test",
        "test.csv",
        "--input",
        "text",
        "--output",
        "intent",
    )
    assert made.code == 0, made.err
    return rows / "desk"
