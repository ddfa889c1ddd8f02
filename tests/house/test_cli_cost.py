"""Importing the command line imports no heavy library, and --help takes under 200 ms of CPU."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = [
    "numpy",
    "pyarrow",
    "duckdb",
    "sqlalchemy",
    "sklearn",
    "scipy",
    "onnxruntime",
    "httpx",
    "jinja2",
    "msgspec",
    "rich",
]
HELP_CPU_SECONDS = 0.2


def test_importing_the_command_line_is_light() -> None:
    code = f"import sys, proveout.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def help_cpu_seconds() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "proveout", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_is_quick() -> None:
    help_cpu_seconds()
    assert min(help_cpu_seconds() for _ in range(5)) <= HELP_CPU_SECONDS


@pytest.mark.parametrize("module", ["proveout", "proveout.errors"])
def test_the_root_is_light(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
