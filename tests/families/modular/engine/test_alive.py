from __future__ import annotations

import os
from pathlib import Path

from proveout.families.modular.engine._alive import SignOfLife


def test_a_worker_is_seen_while_it_lives(tmp_path: Path) -> None:
    one, other = SignOfLife(tmp_path), SignOfLife(tmp_path)
    assert one.sees(other.id)
    assert one.sees(one.id)
    other.close()
    other.close()
    assert not one.sees(other.id)
    assert not other.sees(other.id)
    assert not one.sees("never-was")


def test_the_file_of_a_killed_worker_is_cleared_away(tmp_path: Path) -> None:
    one = SignOfLife(tmp_path)
    (tmp_path / "killed").touch()
    assert not one.sees("killed")
    assert sorted(path.name for path in tmp_path.iterdir()) == [one.id]
    one.close()


def test_a_new_worker_clears_old_files_away_and_leaves_the_living_and_the_young(tmp_path: Path) -> None:
    living = SignOfLife(tmp_path)
    for name in ("old", "young", living.id):
        (tmp_path / name).touch()
    for name in ("old", living.id):
        os.utime(tmp_path / name, (1, 1))
    newcomer = SignOfLife(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"young", living.id, newcomer.id}
    assert newcomer.sees(living.id)
    living.close()
    newcomer.close()
