from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from proveout.errors import DiskFull, NotWritable, SetupError
from proveout.store import translated_os_errors, write_atomic


def test_a_whole_file_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "deep" / "file"
    write_atomic(target, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_mode_is_kept(tmp_path: Path) -> None:
    write_atomic(tmp_path / "secret", b"x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EFBIG, DiskFull),
        (errno.EACCES, NotWritable),
        (errno.EROFS, NotWritable),
        (errno.ENOTDIR, SetupError),
        (errno.EIO, OSError),
    ],
)
def test_what_the_system_says_is_translated(tmp_path: Path, number: int, meaning: type[Exception]) -> None:
    with pytest.raises(meaning), translated_os_errors(tmp_path):
        raise OSError(number, "said the system")
