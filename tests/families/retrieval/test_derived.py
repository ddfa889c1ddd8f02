from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.families.retrieval import Knowledge, Source, _derived

Opens = Callable[..., Knowledge]


def filled(opens: Opens, name: str, word: str) -> list[Any]:
    knowledge = opens(name)
    rows = [f"{word} is thing {number} refund".encode() for number in range(20)]
    knowledge.ingest([Source(path=f"{at}", content=row) for at, row in enumerate(rows)])
    return knowledge.search("refund thing 3", 20)


def indexes(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "retrieval").iterdir())


def files(folder: Path) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    # tantivy names a segment at random; its files' endings tell them apart.
    return sorted(found, key=lambda file: (file.suffix, file.name))


def rewrite(file: Path, content: bytes) -> None:
    # A new file of that name: the old one is mapped by whoever opened it before.
    file.unlink()
    file.write_bytes(content)


def truncate(file: Path) -> None:
    rewrite(file, file.read_bytes()[:-1])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    rewrite(file, bytes(content))


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("harm", [truncate, flip, remove])
def test_each_file_harmed_is_found_out_and_built_again(
    opens: Opens, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    expected = filled(opens, "base", "this")
    [folder] = indexes(tmp_path)
    count = len(files(folder))
    assert count >= 5
    for at in range(count):
        harm(files(folder)[at])
        knowledge = opens("base")
        assert knowledge.search("refund thing 3", 20) == expected
        assert len(knowledge.rebuilds) == 1
        assert opens("base").search("refund thing 3", 20) == expected


def test_an_index_of_another_snapshot_is_found_out(opens: Opens, tmp_path: Path) -> None:
    expected = filled(opens, "base", "this")
    [ours] = indexes(tmp_path)
    filled(opens, "other", "that")
    [theirs] = [folder for folder in indexes(tmp_path) if folder != ours]
    shutil.rmtree(ours)
    shutil.copytree(theirs, ours)
    knowledge = opens("base")
    assert knowledge.search("refund thing 3", 20) == expected
    assert "of another snapshot" in knowledge.rebuilds[0]


@pytest.mark.parametrize("part", ["text", "vectors"])
def test_a_part_of_another_snapshot_is_found_out(opens: Opens, tmp_path: Path, part: str) -> None:
    expected = filled(opens, "base", "this")
    [ours] = indexes(tmp_path)
    filled(opens, "other", "that")
    [theirs] = [folder for folder in indexes(tmp_path) if folder != ours]
    shutil.rmtree(ours / part)
    shutil.copytree(theirs / part, ours / part)
    knowledge = opens("base")
    assert knowledge.search("refund thing 3", 20) == expected
    assert len(knowledge.rebuilds) == 1


def test_the_whole_cache_may_be_deleted(opens: Opens, tmp_path: Path) -> None:
    expected = filled(opens, "base", "this")
    shutil.rmtree(tmp_path / "cache")
    knowledge = opens("base")
    assert knowledge.search("refund thing 3", 20) == expected
    assert knowledge.rebuilds == []


def test_an_index_built_by_another_process_meanwhile_stays(
    opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = _derived._put

    def late(fresh: Path, folder: Path, *, replace: bool) -> None:
        shutil.copytree(fresh, folder)
        put(fresh, folder, replace=replace)

    monkeypatch.setattr(_derived, "_put", late)
    assert len(filled(opens, "base", "this")) == 20
    [_] = indexes(tmp_path)


def test_a_build_leaves_no_part_of_it_behind(opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("proveout.families.retrieval._derived._put", full)
    with pytest.raises(Exception, match="cannot write"):
        filled(opens, "base", "this")
    assert list((tmp_path / "cache" / "retrieval").iterdir()) == []
