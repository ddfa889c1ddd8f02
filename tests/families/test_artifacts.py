from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import ArtifactCorrupt
from proveout.families._artifacts import artifact_ids, built_before, check_files, store_artifact


def save(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "a.txt").write_text("a", encoding="utf-8")


def test_an_artifact_is_named_by_its_files_and_found_by_what_it_was_built_from(tmp_path: Path) -> None:
    first, manifest = store_artifact(tmp_path, "one", save, "f" * 64)
    again, _ = store_artifact(tmp_path, "one", save, "f" * 64)
    assert first == again
    assert list(manifest.files) == ["inner/a.txt"]
    assert artifact_ids(tmp_path) == [first]
    assert (built_before(tmp_path, "f" * 64), built_before(tmp_path, "e" * 64)) == (first, None)
    assert check_files(tmp_path, first) == "1 files, 1 bytes, match their hashes"


@pytest.mark.parametrize("harm", ["altered", "added", "removed"])
def test_a_harmed_artifact_is_told(tmp_path: Path, harm: str) -> None:
    identifier, _ = store_artifact(tmp_path, "one", save, "")
    path = tmp_path / identifier / "inner" / ("b.txt" if harm == "added" else "a.txt")
    path.unlink() if harm == "removed" else path.write_text("b", encoding="utf-8")
    with pytest.raises(ArtifactCorrupt, match="does not match its hash"):
        check_files(tmp_path, identifier)


def test_what_fails_half_way_leaves_no_artifact(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        save(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match="space"):
        store_artifact(tmp_path, "one", fails, "")
    assert artifact_ids(tmp_path) == []
