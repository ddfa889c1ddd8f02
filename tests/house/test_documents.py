"""Every example in README and docs runs: Python blocks in order, and console blocks of `proveout` commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if path.exists()]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Test files that a page names as evidence.
SHOWN_BY = re.compile(r"`([a-z0-9_/]*test_[a-z0-9_]+\.py)`")
# The rows that the tutorials' commands read.
INTENTS = {"card": "my card {} is lost", "refund": "please refund order {}", "hours": "are you open on day {}"}


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(kind, code) for kind, code in BLOCK.findall(page.read_text(encoding="utf-8")) if not skipped(kind, code)]


def skipped(kind: str, code: str) -> bool:
    return kind == "console" and not code.startswith("$ proveout")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    rows = [f"{text.format(number)},{intent}" for number in range(60) for intent, text in INTENTS.items()]
    (tmp_path / "train.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    rows = [f"{text.format(number)},{intent}" for number in range(60, 80) for intent, text in INTENTS.items()]
    (tmp_path / "test.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_runs(page: Path, here: Path) -> None:
    python = "\n".join(code for kind, code in blocks(page) if kind == "python")
    console = [code for kind, code in blocks(page) if kind == "console"]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "100"}
    for line in "".join(console).splitlines():
        if line.startswith("$ proveout"):
            command = [sys.executable, "-m", *shlex.split(line[2:], comments=True)]
            done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
    if python:
        command = [sys.executable, "-W", "error", "-c", python]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{page}\n{done.stderr}"


def test_every_test_that_the_security_page_names_is_there() -> None:
    page = ROOT / "docs" / "design" / "gateway-security.md"
    named = set(SHOWN_BY.findall(page.read_text(encoding="utf-8")))
    missing = sorted(name for name in named if not (ROOT / "tests" / "gateway" / name).is_file())
    assert len(named) > 20
    assert not missing
