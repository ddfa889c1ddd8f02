from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from proveout.errors import LedgerCorrupt
from proveout.ledger import Ledger, compact, open_view, view_sql
from proveout.ledger._segments import segments
from proveout.store import Workspace

Fill = Callable[..., None]
QUERY = "select index, kind, body->>'number' as number from entries order by index"


def test_a_view_is_the_same_compacted_or_not(workspace: Workspace, fill: Fill) -> None:
    fill(30, batch=4, seal=700)
    before = view_sql(workspace, QUERY)
    assert [row["number"] for row in before] == [str(number) for number in range(30)]
    written = compact(workspace)
    assert len(written) == len(segments(workspace)) - 1 > 0
    assert compact(workspace) == []
    assert view_sql(workspace, QUERY) == before
    with open_view(workspace) as connection:
        assert connection.sql("select count(*) from sealed").fetchall() != [(0,)]
    shutil.rmtree(workspace.ledger / "compacted")
    assert view_sql(workspace, QUERY) == before
    assert compact(workspace) == written


def test_encrypted_bodies_stay_encrypted(workspace: Workspace, note: type) -> None:
    with Ledger.open(workspace, segment_bytes=1) as ledger:
        for _ in range(3):
            ledger.append(note(number=1, text="secret"), subject="ada")
    (path, *_) = compact(workspace)
    assert b"secret" not in path.read_bytes()
    rows = view_sql(workspace, "select body, key_id from entries where kind = $1", ["test.noted"])
    assert [row["body"] for row in rows] == [None] * 3
    assert len(rows[0]["key_id"]) == 32


def test_a_damaged_segment_is_not_compacted(workspace: Workspace, fill: Fill) -> None:
    fill(9, seal=600)
    path = segments(workspace)[0]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(LedgerCorrupt):
        compact(workspace)
