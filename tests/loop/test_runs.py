from __future__ import annotations

import os
from pathlib import Path

import pytest

from proveout import loop
from proveout.errors import GraphVersionMissing, RunNotFound, RunNotReady, WorkflowInvalid
from proveout.families.modular.engine import SqliteEngine
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace

CODE = """
from pathlib import Path
from proveout.families.modular.graph import Graph, StepSpec

def size(text: str) -> int:
    return len(text)

def double(value: int) -> int:
    if Path(__file__).with_name("broken").exists():
        raise KeyboardInterrupt
    return 2 * value

def graph(name, **settings):
    steps = [
        StepSpec(name="size", run=size, takes={"text": "input.text"}),
        StepSpec(name="double", run=double, takes={"value": "size"}, **settings),
    ]
    return Graph(name, takes={"text": str}, steps=steps, gives="double")

desk = graph("desk")
asks = graph("asks", approval="Double it?")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(CODE, encoding="utf-8")
    return tmp_path


def kinds(folder: Path) -> list[str]:
    with LedgerReader.open(Workspace(folder)) as reader:
        return [entry.kind for entry in reader.entries()]


def test_a_run_is_kept_in_the_folder_and_in_its_ledger(folder: Path) -> None:
    result = loop.run_reference(folder, "flow.py:desk", {"text": "four"}, key="k")
    assert result.output == 8
    assert loop.run_reference(folder, "flow.py:desk", {"text": "four"}, key="k") == result
    assert [run.id for run in loop.list_runs(folder)] == [result.id]
    assert loop.show_run(folder, result.id).run.source == "flow.py:desk"
    assert kinds(folder) == ["run.started", "run.ended"]
    assert (folder / ".proveout" / "runs.sqlite").exists()


def test_a_run_that_is_cut_off_is_resumed_from_where_its_graph_was_loaded(folder: Path) -> None:
    (folder / "broken").touch()
    with pytest.raises(KeyboardInterrupt):
        loop.run_reference(folder, "flow.py:desk", {"text": "four"})
    (run,) = loop.list_runs(folder)
    assert run.status == "running"
    (folder / "broken").unlink()
    assert loop.resume_run(folder, run.id).output == 8
    assert [step.name for step in loop.show_run(folder, run.id).steps] == ["size", "double"]


def test_work_finishes_what_was_cut_off_and_drives_what_is_queued(folder: Path) -> None:
    (folder / "broken").touch()
    with pytest.raises(KeyboardInterrupt):
        loop.run_reference(folder, "flow.py:desk", {"text": "four"})
    (folder / "broken").unlink()
    queued = loop.queue_run(folder, "flow.py:desk", {"text": "a"}, queue="slow", priority=1)
    assert loop.work_runs(folder, ["fast"]) == 1
    assert loop.work_runs(folder) == 1
    assert loop.show_run(folder, queued).output == 2


def test_a_changed_graph_leaves_the_run_as_it_is(folder: Path) -> None:
    run = loop.queue_run(folder, "flow.py:desk", {"text": "a"})
    (folder / "flow.py").write_text(CODE.replace("2 * value", "3 * value"), encoding="utf-8")
    os.utime(folder / "flow.py", (1, 1))
    with pytest.raises(GraphVersionMissing):
        loop.resume_run(folder, run)
    assert loop.cancel_run(folder, run) == "cancelled"


def test_a_person_is_asked(folder: Path) -> None:
    run = loop.run_reference(folder, "flow.py:asks", {"text": "a"}).id
    with pytest.raises(RunNotReady):
        loop.resume_run(folder, run)
    loop.approve_run(folder, run, "double", yes=True, by="ada")
    assert loop.resume_run(folder, run).output == 2


def test_where_nothing_is_nothing_is_made(tmp_path: Path) -> None:
    assert loop.list_runs(tmp_path) == []
    for call in (loop.show_run, loop.resume_run, loop.cancel_run):
        with pytest.raises(RunNotFound):
            call(tmp_path, "r")
    with pytest.raises(WorkflowInvalid, match="no such folder"):
        loop.run_reference(tmp_path / "gone", "flow.py:desk", {})
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_in_other_hands_gets_its_traces_later(folder: Path) -> None:
    workspace = Workspace(folder)
    workspace.ensure()
    with Ledger.open(workspace):
        assert loop.run_reference(folder, "flow.py:desk", {"text": "a"}).output == 2
    assert kinds(folder) == []
    loop.run_reference(folder, "flow.py:desk", {"text": "b"})
    assert kinds(folder) == ["run.started", "run.ended"] * 2
    with SqliteEngine(workspace.runs, {}) as engine:
        assert engine._journal.query("SELECT DISTINCT traced FROM runs") == [(2,)]


def test_a_graph_that_cannot_be_loaded_keeps_no_other_run_waiting(folder: Path) -> None:
    (folder / "gone.py").write_text(CODE.replace('"desk"', '"other"'), encoding="utf-8")
    lost = loop.queue_run(folder, "gone.py:desk", {"text": "a"})
    queued = loop.queue_run(folder, "flow.py:desk", {"text": "a"})
    (folder / "gone.py").unlink()
    with pytest.raises(WorkflowInvalid, match=r"there is no .*gone\.py"):
        loop.work_runs(folder)
    assert loop.show_run(folder, queued).run.status == "done"
    assert loop.show_run(folder, lost).run.status == "queued"
