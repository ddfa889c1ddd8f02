from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proveout import loop
from proveout.errors import ColumnMissing, DataUnreadable, TaskInvalid
from proveout.task import load_task


def make(folder: Path, rows: str, **options: Any) -> None:
    source = folder / "rows.csv"
    source.write_text(rows, encoding="utf-8")
    given: dict[str, Any] = {"kind": "classify", "examples": [source], "inputs": ["text"], "outputs": ["intent"]}
    loop.new(folder / "task", **(given | options))


def test_labels_come_from_the_examples_and_the_out_of_scope_label_is_added(tmp_path: Path) -> None:
    make(tmp_path, "text,intent\nx,b\ny,a\nz,\n", out_of_scope="oos")
    task = load_task(tmp_path / "task")
    assert task.labels == ["a", "b", "oos"]
    assert task.data.test_share == 0.2
    assert task.incumbent.mode == "simulated"


def test_recorded_answers_make_a_recorded_incumbent(tmp_path: Path) -> None:
    make(tmp_path, "text,intent,gpt\nx,b,a\ny,a,a\n", incumbent="gpt", time="", id="")
    task = load_task(tmp_path / "task")
    assert (task.incumbent.mode, task.data.incumbent) == ("recorded", "gpt")


def test_a_time_column_splits_by_time(tmp_path: Path) -> None:
    make(tmp_path, "text,intent,at\nx,b,2026-01-01\ny,a,2026-01-02\n", time="at")
    assert load_task(tmp_path / "task").data.by == "time"


def test_free_text_is_no_set_of_labels(tmp_path: Path) -> None:
    rows = "".join(f"x,{number}\n" for number in range(2001))
    with pytest.raises(TaskInvalid, match="2,001 different values"):
        make(tmp_path, f"text,intent\n{rows}")


def test_a_wrong_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'text'"):
        make(tmp_path, "text,intent\nx,a\n", inputs=["txt"])
    assert not (tmp_path / "task").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match=r"gone\.csv"):
        make(tmp_path, "text,intent\nx,a\n", examples=[tmp_path / "gone.csv"])


def test_inputs_have_the_types_of_the_rows_and_test_rows_alone_are_enough(tmp_path: Path) -> None:
    rows = [
        '{"q": "a", "options": ["x"], "age": 3, "late": true, "note": null}',
        '{"q": "b", "options": [], "age": 2.5, "late": false, "note": "n"}',
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(rows), encoding="utf-8")
    fields = ["q", "options", "age", "late", "note"]
    task = loop.new(tmp_path / "task", kind="decide", test=[source], inputs=fields, outputs=["answer"])
    types = {name: schema["type"] for name, schema in task.input["properties"].items()}
    assert types == {"q": "string", "options": "array", "age": "number", "late": "boolean", "note": ["null", "string"]}
    assert task.labels == []
    with pytest.raises(ColumnMissing, match="did you mean 'late'"):
        loop.new(tmp_path / "other", kind="decide", test=[source], inputs=["lat"], outputs=["answer"])
