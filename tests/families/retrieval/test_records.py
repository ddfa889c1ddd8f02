from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import BusyError, SetupError, StoreCorrupt
from proveout.families.retrieval import Knowledge, Source
from proveout.families.retrieval._records import FILE, Records

Opens = Callable[..., Knowledge]
KILLS = 25


def test_kill_9_loses_no_acknowledged_batch_and_leaves_no_half_one(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_ingest.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(KILLS)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["acknowledged"] >= KILLS
    assert (found["lost"], found["half"], found["integrity"]) == (0, 0, "ok")


def test_a_damaged_text_is_found_out(opens: Opens, tmp_path: Path) -> None:
    knowledge = opens()
    knowledge.ingest([Source(path="a", content=b"refunds take five days")])
    knowledge.search("refunds")
    with sqlite3.connect(tmp_path / "base" / FILE) as connection:
        connection.execute("UPDATE chunks SET text = 'refunds take ten days'")
    connection.close()
    with pytest.raises(StoreCorrupt):
        knowledge.search("refunds")


def test_a_lost_vector_is_found_out(opens: Opens, tmp_path: Path) -> None:
    knowledge = opens()
    knowledge.ingest([Source(path="a", content=b"refunds"), Source(path="b", content=b"hours")])
    with sqlite3.connect(tmp_path / "base" / FILE) as connection:
        connection.execute("DELETE FROM vectors WHERE chunk_hash = (SELECT min(chunk_hash) FROM vectors)")
    connection.close()
    with pytest.raises(StoreCorrupt):
        knowledge.search("refunds")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreCorrupt):
        Records.open(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Records.open(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SetupError):
        Records.open(tmp_path)


def test_two_ingests_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.families.retrieval._records.BUSY_SECONDS", 0.05)
    records = Records.open(tmp_path)
    with records.batch(lambda: 0.0), pytest.raises(BusyError), records.batch(lambda: 0.0):
        pass
    records.close()


def test_the_same_state_has_the_same_ids(opens: Opens, embedder: Any) -> None:
    rows = [Source(path=f"{at}", content=f"page {at}".encode()) for at in range(5)]
    first, second = opens("one"), opens("two")
    first.ingest(rows)
    for row in reversed(rows):
        second.ingest([row])
    assert first.search("page", 9) == second.search("page", 9)
