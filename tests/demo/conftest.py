"""One demo for all tests of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from proveout.demo import write_demo

Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "desk"
    write_demo(folder)
    return folder


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def examples(desk: Path) -> Rows:
    return read(desk / "data" / "examples.csv")


@pytest.fixture(scope="session")
def test_rows(desk: Path) -> Rows:
    return read(desk / "data" / "test.csv")
