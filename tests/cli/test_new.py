from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
NEW = ("new", "desk", "--kind", "classify", "--input", "text", "--output", "intent")


def test_new_does_not_overwrite(desk: Path, proveout: Run) -> None:
    before = (desk / "task.toml").read_bytes()
    assert proveout(*NEW, "--examples", "train.csv").code == 3
    assert (desk / "task.toml").read_bytes() == before


def test_columns_are_checked_and_labels_read_from_the_examples(rows: Path, proveout: Run) -> None:
    made = proveout(*NEW, "--examples", "train.csv", "--json").json
    assert (made["kind"], made["labels"], made["incumbent"]) == ("classify", 3, "simulated")
    other = ("new", "other", "--kind", "classify", "--examples", "train.csv", "--input", "text")
    wrong = proveout(*other, "--output", "intnt", "--json")
    assert wrong.json["error"] == "ColumnMissing"
    assert "'intent'" in wrong.json["fix"]
    assert not (rows / "other").exists()


def test_a_field_that_is_null_somewhere_may_be_null(rows: Path, proveout: Run) -> None:
    lines = [
        '{"text": "to Ulm", "city": "Ulm", "day": "monday"}',
        '{"text": "on monday", "city": null, "day": "monday"}',
    ]
    (rows / "trips.jsonl").write_text("\n".join(lines), encoding="utf-8")
    named = ("--kind", "extract", "--input", "text", "--output", "city,day")
    assert proveout("new", "trips", "--examples", "trips.jsonl", *named).code == 0
    task = (rows / "trips" / "task.toml").read_text(encoding="utf-8")
    assert task.count('"null"') == 1
