from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_groups_and_an_empty_base(desk: Path, proveout: Run) -> None:
    empty = proveout("search", "desk", "pay")
    assert (empty.code, "The knowledge base is empty." in empty.out) == (0, True)
    page = desk.parent / "pay.md"
    page.write_text("Pay \x1b[31mday is Friday.", encoding="utf-8")
    assert proveout("ingest", "desk", "pay.md", "--group", "hr").code == 0
    hidden = proveout("search", "desk", "pay")
    assert "Nothing found." in hidden.out
    shown = proveout("search", "desk", "pay", "--group", "hr", "--mode", "bm25", "--json").json
    assert [hit["path"] for hit in shown["hits"]] == ["pay.md"]
