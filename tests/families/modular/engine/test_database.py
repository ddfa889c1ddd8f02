from __future__ import annotations

import threading
from pathlib import Path

import pytest

from proveout.families.modular.engine._database import open_database


@pytest.mark.parametrize("trial", range(3))
def test_many_open_a_new_journal_at_once(tmp_path: Path, trial: int) -> None:
    modes: list[str] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        connection = open_database(tmp_path / f"{trial}.sqlite")
        modes.extend(connection.execute("PRAGMA journal_mode").fetchone())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert modes == ["wal"] * 6
