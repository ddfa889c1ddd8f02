from __future__ import annotations

from pathlib import Path

import pytest

import proveout
from proveout.errors import TaskNotFound


def broken(folder: Path) -> set[str]:
    return {check.name.split()[0] for check in proveout.verify(folder).checks if not check.ok}


def test_nothing_stored_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaskNotFound, match="proveout snapshot"):
        proveout.verify(tmp_path)


def test_every_kind_of_file_is_checked(desk: Path) -> None:
    proveout.compare(desk, names=["retrieval"], embedder="tfidf")
    assert broken(desk) == set()
    state = desk / ".proveout"
    victims = {
        "ledger": next((state / "ledger" / "segments").glob("*.seg")),
        "snapshot": next(path for path in (state / "objects").iterdir()),
        "candidate": next((state / "candidates").glob("*/*.json")),
        "trial": next((state / "trials" / "answers").rglob("*.json")),
    }
    for name, victim in victims.items():
        content = victim.read_bytes()
        middle = len(content) // 2
        victim.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        assert name in broken(desk)
        victim.write_bytes(content)
    assert broken(desk) == set()


def test_it_changes_nothing(desk: Path) -> None:
    proveout.snapshot(desk)
    before = {path: path.stat().st_mtime_ns for path in desk.rglob("*")}
    proveout.verify(desk)
    assert {path: path.stat().st_mtime_ns for path in desk.rglob("*")} == before
