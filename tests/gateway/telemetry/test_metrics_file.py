"""The file of metrics: whole or old, never half."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from proveout.errors import NotWritable, SetupError
from proveout.gateway.telemetry import MetricsFile


def test_what_is_written_is_read_by_another(tmp_path: Path) -> None:
    writer, reader = MetricsFile(tmp_path / "m"), MetricsFile(tmp_path / "m")
    assert reader.read() == b""
    for content in (b"a 1\n", b"a 2\n", b""):
        writer.write(content)
        assert reader.read() == content
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_the_file_is_read_once_for_each_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = MetricsFile(tmp_path / "m")
    file.write(b"a 1\n")
    assert file.read() == b"a 1\n"
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("read again"))
    assert file.read() == b"a 1\n"


def test_a_reader_never_sees_half(tmp_path: Path) -> None:
    writer, reader = MetricsFile(tmp_path / "m"), MetricsFile(tmp_path / "m")
    contents = {letter * 100_000 for letter in (b"a", b"b", b"c")}
    writer.write(b"a" * 100_000)
    done = threading.Event()

    def write() -> None:
        for _ in range(60):
            for content in sorted(contents):
                writer.write(content)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert reader.read() in contents
    thread.join()
    assert reader.read() == b"c" * 100_000


def test_a_file_that_is_gone_reads_as_nothing(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "m")
    file.write(b"a 1\n")
    (tmp_path / "m").unlink()
    assert file.read() == b""


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises((SetupError, NotWritable)):
        MetricsFile(tmp_path / "file" / "m").write(b"")
