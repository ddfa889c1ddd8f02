from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.data import importers, read_rows
from proveout.errors import DataEmpty, DataUnreadable, ImporterUnknown, ProveoutError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(path: Path, name: str = "") -> list[dict[str, Any]]:
    return [row.values for row in read_rows(path, name)]


def test_csv_keeps_quotes_line_breaks_and_names_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", '\ufefftext,intent\n"a ""b"", c\nd",x\n\ne,y\n')
    rows = list(read_rows(path))
    assert [row.values for row in rows] == [{"text": 'a "b", c\nd', "intent": "x"}, {"text": "e", "intent": "y"}]
    assert rows[1].where == "a.csv:5"


def test_parquet_jsonl_and_tsv(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"], "n": [1, 2]}), tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet")[1] == {"text": "b", "n": 2}
    assert values(write(tmp_path, "a.jsonl", '{"text":"a"}\n\n{"text":"é"}\n')) == [{"text": "a"}, {"text": "é"}]
    assert values(write(tmp_path, "a.tsv", "text\tn\na,b\t1\n")) == [{"text": "a,b", "n": "1"}]


def test_recorded_calls_in_both_shapes(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]
    reply = {"model": "m", "created": 5, "choices": [{"message": {"content": '{"intent": "x"}'}}], "usage": {"n": 1}}
    called: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": []}
    lines = [
        {"request": {"messages": messages}, "response": reply, "label": "x"},
        {"body": {"messages": messages, "model": "m"}, "response": {"body": reply}},
        {"request": {"messages": messages}, "response": {"choices": [{"message": called}]}},
    ]
    rows = list(read_rows(write(tmp_path, "calls.jsonl", "\n".join(map(json.dumps, lines))), "openai"))
    assert rows[0].values == {"input": "hi", "incumbent": {"intent": "x"}, "time": 5, "model": "m", "label": "x"}
    assert rows[0].meta["system"] == "Be brief."
    assert rows[1].values["incumbent"] == {"intent": "x"}
    assert rows[2].values["incumbent"] is None


@pytest.mark.parametrize(
    ("name", "content", "error", "named"),
    [
        ("a.csv", "", DataEmpty, "0 bytes"),
        ("a.csv", "text,intent\n", DataEmpty, "header"),
        ("a.csv", "text,intent\na,b,c\n", DataUnreadable, "3 fields"),
        ("a.csv", 'text\n"open\n', DataUnreadable, "a.csv:2"),
        ("a.csv", "text,text\na,b\n", DataUnreadable, "twice"),
        ("a.csv", b"text\nok\ncaf\xe9\n", DataUnreadable, "a.csv:3"),
        ("a.csv", b"text\na\0b\n", DataUnreadable, "NUL"),
        ("a.csv", b"text\n" + b"x" * 10_000_001 + b"\n", DataUnreadable, "10 MB"),
        ("a.jsonl", '{"a":1}\n{"a":\n', DataUnreadable, "a.jsonl:2"),
        ("a.jsonl", "[1]\n", DataUnreadable, "list"),
        ("a.jsonl", "[" * 100_000, DataUnreadable, "a.jsonl:1"),
        ("a.parquet", b"PAR1 cut off", DataUnreadable, "a.parquet"),
        ("a.xls", "x", ImporterUnknown, ".csv"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: str | bytes, error: type[ProveoutError], named: str
) -> None:
    with pytest.raises(error) as caught:
        values(write(tmp_path, name, content))
    assert named in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match=r"gone\.csv"):
        values(tmp_path / "gone.csv")


def test_a_call_without_messages_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match=r"calls\.jsonl:1"):
        values(write(tmp_path, "calls.jsonl", '{"request": {}}'), "openai")


@pytest.mark.parametrize("name", importers.names())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_give_rows_or_our_errors(tmp_path: Path, name: str, content: bytes) -> None:
    path = write(tmp_path, "fuzz.bin", content)
    try:
        assert all(isinstance(row.values, dict) for row in read_rows(path, name))
    except ProveoutError as error:
        assert error.fix


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["request", "response", "messages", "choices", "message", "content", "role", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.dictionaries(st.sampled_from(["request", "response", "body"]), json_values))
def test_odd_calls_give_rows_or_our_errors(tmp_path: Path, line: dict[str, Any]) -> None:
    path = write(tmp_path, "calls.jsonl", json.dumps(line))
    try:
        list(read_rows(path, "openai"))
    except ProveoutError as error:
        assert error.fix
