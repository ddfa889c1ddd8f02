from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.data import read_table, write_table
from proveout.errors import DiskFull, SnapshotCorrupt


def table(count: int, *, edited: int = -1) -> pa.Table:
    texts = [f"text {number}{' edited' if number == edited else ''}" for number in range(count)]
    return pa.table({"id": [f"row-{number}" for number in range(count)], "text": texts})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.text(), st.none() | st.text()), max_size=30))
def test_what_goes_in_comes_out(tmp_path: Path, rows: list[tuple[str, str | None]]) -> None:
    encodable = [
        (key, text) for key, text in rows if not any("\ud800" <= char <= "\udfff" for char in key + (text or ""))
    ]
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    columns = {"id": [key for key, _ in encodable], "text": [text for _, text in encodable]}
    given_table = pa.table(columns, schema=schema)
    assert read_table(tmp_path, write_table(tmp_path, given_table), schema).equals(given_table)


def test_an_edited_or_inserted_row_rewrites_its_own_chunk_only(tmp_path: Path) -> None:
    before = {chunk.hash for chunk in write_table(tmp_path, table(40_000))}
    edited = {chunk.hash for chunk in write_table(tmp_path, table(40_000, edited=20_000))}
    inserted = pa.concat_tables([table(10), pa.table({"id": ["new"], "text": ["new"]}), table(40_000).slice(10)])
    assert len(before) > 4
    assert len(edited - before) == 1
    assert len({chunk.hash for chunk in write_table(tmp_path, inserted)} - before) <= 2


def test_every_altered_byte_is_found(tmp_path: Path) -> None:
    (chunk,) = write_table(tmp_path, table(5))
    path = tmp_path / chunk.hash
    content = path.read_bytes()
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(SnapshotCorrupt, match=chunk.hash):
            read_table(tmp_path, [chunk], table(0).schema)
    for altered in (content[:-1], b""):
        path.write_bytes(altered)
        with pytest.raises(SnapshotCorrupt):
            read_table(tmp_path, [chunk], table(0).schema)
    path.unlink()
    with pytest.raises(SnapshotCorrupt, match="snapshot"):
        read_table(tmp_path, [chunk], table(0).schema)


def test_a_full_disk_leaves_no_half_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull):
        write_table(tmp_path, table(5))
    assert list(tmp_path.iterdir()) == []
