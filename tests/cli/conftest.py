"""A command line to call, and rows to call it on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

INTENTS = {
    "card": ["my card {} is lost", "i cannot find card number {}", "card {} was stolen from me"],
    "refund": ["please refund order {}", "i want my money back for order {}", "order {} should be refunded"],
    "hours": ["are you open on day {}", "what are your hours on the {}th", "when do you close on day {}"],
}


class Ran:
    """What one call of the command line did."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self) -> Any:
        """Standard output, parsed."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def proveout(tmp_path: Path) -> Run:
    """Call ``proveout`` in the test's folder, as a process of its own."""

    def run(*arguments: object) -> Ran:
        command = [sys.executable, "-m", "proveout", *map(str, arguments)]
        environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return Ran(done)

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
