"""Bad input: each a clear error that names what, why and next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
NEW = ("new", "desk", "--kind", "classify", "--input", "text", "--output", "intent")


def csv(*lines: str | bytes) -> bytes:
    return b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n"


ROWS = [f"{text} {n},{intent}" for n in range(20) for text, intent in (("card lost", "card"), ("refund me", "refund"))]
BAD: dict[str, tuple[bytes, str, str]] = {
    "an empty file": (b"", "DataEmpty", "train.csv"),
    "a header only": (csv("text,intent"), "DataEmpty", "train.csv"),
    "a wrong column": (csv("txt,intent", *ROWS), "ColumnMissing", "txt"),
    "mixed encodings": (csv("text,intent", *ROWS, b"caf\xe9 \xff,card"), "DataUnreadable", "byte"),
    "NULs": (csv("text,intent", *ROWS, b"a\x00b,card"), "DataUnreadable", "NUL"),
    "one class": (csv("text,intent", *(row for row in ROWS if row.endswith("card"))), "OneClass", "card"),
    "a row with too many fields": (csv("text,intent", *ROWS, "a,b,c,d"), "DataUnreadable", "42"),
    "an over-long line": (csv("text,intent", *ROWS, b"x" * 10_500_000 + b",card"), "DataUnreadable", "MB"),
    "too few rows": (csv("text,intent", "a,card", "b,refund"), "SplitTooSmall", ""),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case: str, tmp_path: Path, proveout: Run) -> None:
    content, error, named = BAD[case]
    (tmp_path / "train.csv").write_bytes(content)
    ran = proveout(*NEW, "--examples", "train.csv", "--json")
    if ran.code == 0:
        ran = proveout("snapshot", "desk", "--json")
    assert ran.code == 3, ran.err
    problem: dict[str, Any] = ran.json
    assert problem["error"] == error
    assert named in " ".join(problem.values())
    assert "Traceback" not in ran.err


def test_a_label_only_in_test(tmp_path: Path, proveout: Run, write_rows: Callable[[Path, int, int], None]) -> None:
    write_rows(tmp_path / "train.csv", 0, 20)
    (tmp_path / "test.csv").write_text("text,intent\nwhat is this,other\n", encoding="utf-8")
    made = proveout(*NEW, "--examples", "train.csv", "--test", "test.csv")
    assert made.code == 0, made.err
    ran = proveout("snapshot", "desk", "--json")
    assert ran.json["error"] == "LabelOnlyInTest"
    assert "other" in ran.json["why"]


def test_duplicate_ids(tmp_path: Path, proveout: Run) -> None:
    rows = [f"{n},{row}" for n, row in enumerate(ROWS)]
    (tmp_path / "train.csv").write_text("\n".join(["id,text,intent", *rows, "7,again,card"]), encoding="utf-8")
    assert proveout(*NEW, "--examples", "train.csv", "--id", "id").code == 0
    ran = proveout("snapshot", "desk", "--json")
    assert ran.json["error"] == "DuplicateIds"
    assert "7" in ran.json["why"]
