from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proveout.data import read_examples
from proveout.errors import ColumnMissing, DuplicateIds, RowInvalid
from proveout.task import Task

Make = Callable[..., Task]


def csv(folder: Path, *lines: str) -> None:
    (folder / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_columns_become_fields(tmp_path: Path, make_task: Make) -> None:
    csv(tmp_path, "q,label,at,who,tier,old,extra", "hi,x,2026-01-02T03:04:05+01:00,s1,gold,y,7", "ho,,1767312245,,,,")
    names = {"inputs": {"text": "q"}, "expected": {"intent": "label"}, "time": "at", "session": "who"}
    first, second = read_examples(make_task(**names, segment="tier", incumbent="old"), ["a.csv"])
    assert first.inputs == {"text": "hi"}
    assert (first.expected, first.incumbent) == ({"intent": "x"}, {"intent": "y"})
    assert first.time == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert (first.session, first.segment, first.meta, first.provenance) == ("s1", "gold", {"extra": "7"}, "a.csv:2")
    assert (second.expected, second.incumbent, second.session) == (None, None, None)
    assert second.time == datetime(2026, 1, 2, 0, 4, 5, tzinfo=UTC)


def test_ids_come_from_content_so_that_an_inserted_row_renames_no_other(tmp_path: Path, make_task: Make) -> None:
    csv(tmp_path, "text,intent", "a,x", "b,y", "a,x")
    before = {example.id for example in read_examples(make_task(), ["a.csv"])}
    csv(tmp_path, "text,intent", "new,z", "a,x", "b,y", "a,x")
    after = {example.id for example in read_examples(make_task(), ["a.csv"])}
    assert len(before) == 3
    assert before < after


def test_csv_text_takes_the_type_of_its_schema(tmp_path: Path, make_task: Make) -> None:
    properties = {"n": {"type": "integer", "minimum": 1}, "ok": {"type": "boolean"}, "tags": {"type": "array"}}
    task = make_task({"input": {"type": "object", "properties": properties}})
    csv(tmp_path, "n,ok,tags,intent", '3,true,"[""a""]",x')
    assert read_examples(task, ["a.csv"])[0].inputs == {"n": 3, "ok": True, "tags": ["a"]}
    csv(tmp_path, "n,ok,tags,intent", "0,true,[],x")
    with pytest.raises(RowInvalid, match=r"a\.csv:2.*0 is refused.*minimum"):
        read_examples(task, ["a.csv"])


def test_a_value_outside_the_enum_names_the_nearest(tmp_path: Path, make_task: Make) -> None:
    task = make_task({"output": {"type": "object", "properties": {"intent": {"enum": ["refund", "card"]}}}})
    csv(tmp_path, "text,intent", "a,card", "b,refnd")
    with pytest.raises(RowInvalid, match=r"a\.csv:3.*'refnd' is not in the enum, where 'refund' is"):
        read_examples(task, ["a.csv"])


def test_a_missing_column_names_the_nearest(tmp_path: Path, make_task: Make) -> None:
    csv(tmp_path, "txt,intent", "a,x")
    with pytest.raises(ColumnMissing, match="did you mean 'txt'"):
        read_examples(make_task(), ["a.csv"])


def test_two_rows_with_one_id(tmp_path: Path, make_task: Make) -> None:
    csv(tmp_path, "id,text,intent", "1,a,x", "1,b,y")
    with pytest.raises(DuplicateIds, match=r"a\.csv:2 and of a\.csv:3"):
        read_examples(make_task(id="id"), ["a.csv"])


@pytest.mark.parametrize("value", ["yesterday", "2026-02-30", "1e400"])
def test_a_time_that_does_not_exist(tmp_path: Path, make_task: Make, value: str) -> None:
    csv(tmp_path, "text,intent,at", f"a,x,{value}")
    with pytest.raises(RowInvalid, match="not a time"):
        read_examples(make_task(time="at"), ["a.csv"])


def test_relevant_documents_are_one_name_or_an_array(tmp_path: Path, make_task: Make) -> None:
    csv(tmp_path, "text,intent,gold", "a,x,12", 'b,x,"[""1.md"", 2]"', "c,x,", "d,x,[draft")
    found = read_examples(make_task(relevant="gold"), ["a.csv"])
    assert [example.relevant for example in found] == [("12",), ("1.md", "2"), (), ("[draft",)]
    assert found[0].meta == {}
    lines = ['{"text": "a", "intent": "x", "gold": ["1", "2"]}', '{"text": "b", "intent": "x", "gold": null}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert [row.relevant for row in read_examples(make_task(relevant="gold"), ["a.jsonl"])] == [("1", "2"), ()]
    with pytest.raises(ColumnMissing, match="did you mean 'gold'"):
        read_examples(make_task(relevant="golden"), ["a.csv"])


def test_a_written_null_is_an_expected_output_where_the_schema_allows_it(tmp_path: Path, make_task: Make) -> None:
    lines = [
        '{"text": "a", "reply": null}',
        '{"text": "b"}',
        '{"text": "c", "reply": "3"}',
        '{"text": "d", "reply": ""}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")

    def read(kind: object) -> list[object]:
        output = {"type": "object", "properties": {"reply": {"type": kind}}}
        top = {"kind": "answer", "target": "reply", "output": output}
        return [example.expected for example in read_examples(make_task(top), ["a.jsonl"])]

    assert read(["string", "null"]) == [{"reply": None}, None, {"reply": "3"}, None]
    assert read("string") == [None, None, {"reply": "3"}, None]
