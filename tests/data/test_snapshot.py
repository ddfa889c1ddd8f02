from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.data import (
    CertifySplit,
    SelectSplit,
    TestSplit,
    TrainSplit,
    check_task,
    load_snapshot,
    normalised,
    take_snapshot,
    verify_snapshot,
)
from proveout.data._table import SCHEMA, from_table, to_table
from proveout.errors import (
    DataEmpty,
    DataUnreadable,
    LabelOnlyInTest,
    OneClass,
    SnapshotCorrupt,
    SnapshotNotFound,
    SplitTooSmall,
    TaskChanged,
)
from proveout.store import Workspace
from proveout.task import Documents, Task, content_hash

Make = Callable[..., Task]


def rows(folder: Path, name: str, start: int, stop: int, *extra: str) -> None:
    lines = [f"{word} number {number},{word}" for number in range(start, stop) for word in ("card", "refund")]
    (folder / name).write_text("\n".join(["text,intent", *lines, *extra]) + "\n", encoding="utf-8")


@pytest.fixture
def task(tmp_path: Path, make_task: Make) -> Task:
    rows(tmp_path, "train.csv", 0, 60)
    rows(tmp_path, "test.csv", 60, 70)
    return make_task(examples=("train.csv",), test=("test.csv",))


def test_four_splits_of_four_types_disjoint_and_whole(workspace: Workspace, task: Task, ledger: Any) -> None:
    snapshot = take_snapshot(workspace, task, ledger)
    splits = [snapshot.train(), snapshot.select(), snapshot.certify(), snapshot.open_test(ledger, "a test")]
    assert [type(split) for split in splits] == [TrainSplit, SelectSplit, CertifySplit, TestSplit]
    ids = [example.id for split in splits for example in split.examples]
    assert len(ids) == len(set(ids)) == 140
    assert [len(split) for split in splits] == [96, 12, 12, 20]
    texts = [{normalised(example.inputs["text"]) for example in split.examples} for split in splits]
    assert sum(map(len, texts)) == len(set().union(*texts))


def test_opening_test_rows_is_written_down_first(workspace: Workspace, task: Task, ledger: Any) -> None:
    snapshot = take_snapshot(workspace, task, ledger)
    snapshot.train()
    assert [body.kind for body in ledger.bodies] == ["snapshot.taken"]
    snapshot.open_test(ledger, "measure")
    assert (ledger.bodies[-1].kind, ledger.bodies[-1].purpose) == ("snapshot.test_opened", "measure")


def test_the_same_content_is_the_same_snapshot(workspace: Workspace, task: Task, ledger: Any) -> None:
    first = take_snapshot(workspace, task, ledger)
    assert take_snapshot(workspace, task, ledger).id == first.id == load_snapshot(workspace).id
    assert len(ledger.bodies) == 1
    rows(workspace.root, "train.csv", 0, 61)
    assert take_snapshot(workspace, task, ledger).id != first.id
    assert load_snapshot(workspace, first.id).report.rows["train"] == 96


def test_rows_equal_to_a_test_row_are_left_out_and_said(workspace: Workspace, make_task: Make, ledger: Any) -> None:
    rows(workspace.root, "train.csv", 0, 40, "CARD  number 60,card", "card number 1,refund")
    rows(workspace.root, "test.csv", 60, 70)
    report = take_snapshot(workspace, make_task(examples=("train.csv",), test=("test.csv",)), ledger).report
    assert len(report.dropped) == 1
    assert report.exact_duplicates == 1
    assert len(report.conflicts) == 1
    assert any("left out because they equal a test row: 1" in line for line in report.lines())


def test_recorded_answers_are_read_without_labels(workspace: Workspace, make_task: Make, ledger: Any) -> None:
    lines = [f"q{n},{'a' if n % 2 else 'b'},{'a' if n % 3 else 'b'}" for n in range(40)]
    (workspace.root / "x.csv").write_text("\n".join(["text,intent,gpt", *lines]), encoding="utf-8")
    shares = {"train": 0.5, "select": 0.1, "certify": 0.2, "test_share": 0.2}
    task = make_task(examples=("x.csv",), incumbent="gpt", **shares)
    answers = take_snapshot(workspace, task, ledger).incumbent_answers()
    assert len(answers) == 40
    assert answers[content_hash({"text": "q3"})] == {"intent": "b"}
    assert [body.kind for body in ledger.bodies] == ["snapshot.taken"]


def test_test_rows_alone_are_a_task(workspace: Workspace, make_task: Make, ledger: Any) -> None:
    rows(workspace.root, "test.csv", 0, 5)
    snapshot = take_snapshot(workspace, make_task(test=("test.csv",)), ledger)
    assert snapshot.report.rows == {"train": 0, "select": 0, "certify": 0, "test": 10}
    assert len(snapshot.train()) == 0


def test_inputs_of_labelled_rows_are_read_without_opening_the_test_split(
    workspace: Workspace, make_task: Make, ledger: Any
) -> None:
    (workspace.root / "test.csv").write_text("text,intent\nq1,a\nq2,\nq3,b\n", encoding="utf-8")
    snapshot = take_snapshot(workspace, make_task(test=("test.csv",)), ledger)
    assert snapshot.labelled_inputs("test") == [{"text": "q1"}, {"text": "q3"}]
    assert [body.kind for body in ledger.bodies] == ["snapshot.taken"]


def test_documents_are_frozen(workspace: Workspace, make_task: Make, ledger: Any) -> None:
    rows(workspace.root, "train.csv", 0, 60)
    rows(workspace.root, "test.csv", 60, 70)
    (workspace.root / "page.md").write_text("# Returns\n", encoding="utf-8")
    top = {"documents": Documents(paths=("*.md",))}
    snapshot = take_snapshot(workspace, make_task(top, examples=("train.csv",), test=("test.csv",)), ledger)
    assert snapshot.read_document(snapshot.documents[0]) == b"# Returns\n"
    nothing = {"documents": Documents(paths=("*.pdf",))}
    with pytest.raises(DataUnreadable, match=r"\*\.pdf"):
        take_snapshot(workspace, make_task(nothing, examples=("train.csv",), test=("test.csv",)), ledger)


def test_relevant_documents_are_kept_and_tables_without_them_keep_their_bytes(
    workspace: Workspace, make_task: Make, ledger: Any
) -> None:
    lines = [f"t{number},{'xy'[number % 2]},{number}" for number in range(20)]
    (workspace.root / "a.csv").write_text("\n".join(["text,intent,gold", *lines]) + "\n", encoding="utf-8")
    task = make_task(test=("a.csv",), relevant="gold")
    snapshot = load_snapshot(workspace, take_snapshot(workspace, task, ledger).id)
    assert [row.relevant for row in snapshot.open_test(ledger, "a test").examples] == [(f"{n}",) for n in range(20)]
    without = take_snapshot(workspace, make_task(test=("a.csv",)), ledger).open_test(ledger, "a test").examples
    assert to_table(without).schema.names == SCHEMA.names
    assert from_table(to_table(without)) == without


@pytest.mark.parametrize(
    ("train", "test", "error"),
    [
        (["a,x", "b,x", "c,x", "d,x"], ["e,x"], OneClass),
        (["a,x", "b,y", "c,x", "d,y"] * 5, ["e,z"], LabelOnlyInTest),
        (["a,x", "b,y"], ["e,x"], SplitTooSmall),
    ],
)
def test_rows_that_make_no_comparison(
    workspace: Workspace, make_task: Make, ledger: Any, train: list[str], test: list[str], error: type[Exception]
) -> None:
    for name, lines in (("train.csv", train), ("test.csv", test)):
        (workspace.root / name).write_text("\n".join(["text,intent", *lines]), encoding="utf-8")
    with pytest.raises(error):
        take_snapshot(workspace, make_task(examples=("train.csv",), test=("test.csv",)), ledger)
    assert not workspace.snapshots.exists()
    assert ledger.bodies == []


def test_no_files_no_snapshot(workspace: Workspace, make_task: Make, ledger: Any) -> None:
    with pytest.raises(DataEmpty, match=r"data\.examples"):
        take_snapshot(workspace, make_task(), ledger)
    with pytest.raises(SnapshotNotFound, match="proveout snapshot"):
        load_snapshot(workspace)


def test_every_altered_byte_of_a_manifest_is_found(workspace: Workspace, task: Task, ledger: Any) -> None:
    snapshot = take_snapshot(workspace, task, ledger)
    path = workspace.snapshots / f"{snapshot.id}.json"
    content = path.read_bytes()
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(SnapshotCorrupt):
            load_snapshot(workspace)
    path.write_bytes(content)
    assert "140 rows" in verify_snapshot(workspace, snapshot.id)


def test_an_edited_task_is_refused(workspace: Workspace, task: Task, make_task: Make, ledger: Any) -> None:
    snapshot = take_snapshot(workspace, task, ledger)
    check_task(snapshot, task)
    with pytest.raises(TaskChanged, match="proveout snapshot"):
        check_task(snapshot, make_task({"out_of_scope": "oos"}, examples=("train.csv",), test=("test.csv",)))


def test_a_kill_before_the_manifest_leaves_the_snapshot_before(workspace: Workspace, task: Task, ledger: Any) -> None:
    before = take_snapshot(workspace, task, ledger)
    rows(workspace.root, "train.csv", 0, 90)
    code = (
        "import os, signal, sys, pathlib, pickle\n"
        "from proveout.data import _snapshot\n"
        "from proveout.store import Workspace\n"
        "from proveout.task import DataSpec, Task\n"
        "_snapshot.write_atomic = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "schema = lambda name: {'type': 'object', 'properties': {name: {'type': 'string'}}}\n"
        "task = Task(name='t', kind='classify', target='intent', input=schema('text'), output=schema('intent'),\n"
        "    data=DataSpec(examples=('train.csv',), test=('test.csv',)), root=root)\n"
        "_snapshot.take_snapshot(Workspace(root), task, None)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(workspace.root)], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert load_snapshot(workspace).id == before.id
    assert verify_snapshot(workspace, before.id)
    assert take_snapshot(workspace, task, ledger).id != before.id


@pytest.mark.data
def test_clinc150(shared_data: Path, workspace: Workspace, make_task: Make, ledger: Any) -> None:
    folder = shared_data / "clinc150"
    files = {"examples": (str(folder / "train.csv"),), "test": (str(folder / "test.csv"),)}
    snapshot = take_snapshot(workspace, make_task({"out_of_scope": "oos"}, **files), ledger)
    assert snapshot.report.rows["test"] == 3667
    assert sum(snapshot.report.rows.values()) + len(snapshot.report.dropped) == 3667 + 15100
    assert len(snapshot.report.labels) == 151
