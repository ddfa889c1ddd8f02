from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SNIPPET = """
from proveout.data import SelectSplit, TestSplit

def choose(rows: SelectSplit) -> int:
    return len(rows)

def wrong(rows: TestSplit) -> int:
    return choose(rows)
"""


@pytest.mark.slow
def test_choosing_on_test_rows_is_a_type_error(tmp_path: Path) -> None:
    path = tmp_path / "snippet.py"
    path.write_text(SNIPPET, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert 'incompatible type "TestSplit"; expected "SelectSplit"' in done.stdout
    assert done.returncode == 1
