from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_a_knowledge_base_that_was_altered_does_not_replay(desk: Path, proveout: Run) -> None:
    (desk.parent / "a.md").write_text("Refunds take five days.", encoding="utf-8")
    assert proveout("ingest", "desk", "a.md").code == 0
    request = proveout("search", "desk", "refunds", "--mode", "bm25", "--json").json["request"]
    [record] = (desk / ".proveout").rglob("knowledge.sqlite")
    connection = sqlite3.connect(record)
    connection.execute("UPDATE chunks SET id = id + 1")
    connection.commit()
    connection.close()
    ran = proveout("replay", request, "desk")
    assert ran.code == 4
    assert "hit 1: recorded" in ran.out
