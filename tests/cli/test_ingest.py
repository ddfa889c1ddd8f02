"""ingest, search and replay on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def documents(desk: Path) -> Path:
    folder = desk.parent / "documents"
    folder.mkdir()
    (folder / "refunds.md").write_text("# Refunds\n\nRefunds take five days.", encoding="utf-8")
    (folder / "twin.md").write_text("# Refunds\n\nRefunds take five days.", encoding="utf-8")
    (folder / "bidi.md").write_text("The invoi\u200bce \u202eis due.", encoding="utf-8")
    (folder / "empty.md").write_bytes(b"")
    (folder / "program.bin").write_bytes(b"\x7fELF\0\0")
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(200_000_001)
    return folder


def test_from_files_to_a_replayed_search(desk: Path, documents: Path, proveout: Run) -> None:
    report = proveout("ingest", "desk", "documents", "--json")
    assert report.code == 0, report.err
    assert report.json["added"] == ["bidi.md", "refunds.md", "twin.md"]
    reasons = {one["path"]: one["reason"] for one in report.json["skipped"]}
    assert {path: reason.split(":")[0] for path, reason in reasons.items()} == {
        "empty.md": "empty",
        "program.bin": "binary",
        "huge.txt": "too large",
    }
    assert [one["path"] for one in report.json["noted"]] == ["bidi.md", "twin.md"]
    found = proveout("search", "desk", "refunds", "-k", 2, "--json").json
    assert {hit["path"] for hit in found["hits"]} == {"refunds.md", "twin.md"}
    assert all(len(hit["version"]) == 64 and hit["end"] > hit["start"] for hit in found["hits"])
    changed = proveout("ingest", "desk", "--delete", "twin.md")
    assert "Generation 2: 0 added, 0 updated, 1 deleted" in changed.out
    replayed = proveout("replay", found["request"], "desk", "--json")
    assert (replayed.code, replayed.json) == (0, {"identical": True, "differences": []})
    shown = proveout("search", "desk", "refunds")
    assert "1. refunds.md" in shown.out
    assert "Next: proveout replay " in shown.out


def test_what_is_asked_wrongly_is_named(desk: Path, proveout: Run) -> None:
    cases = {
        ("ingest", "desk", "nowhere"): (2, "nowhere"),
        ("ingest", "nowhere"): (3, "TaskNotFound"),
        ("ingest", "desk"): (3, "DataEmpty"),
        ("search", "desk", "refund", "--as-of", "7"): (3, "GenerationNotFound"),
        ("search", "desk", "refund", "-k", "0"): (2, "-k"),
        ("replay", "0123456789abcdef", "desk"): (3, "RequestNotFound"),
    }
    for arguments, (code, named) in cases.items():
        ran = proveout(*arguments, "--json")
        assert (ran.code, named in ran.out + ran.err) == (code, True), (arguments, ran.out, ran.err)
        assert "Traceback" not in ran.err
