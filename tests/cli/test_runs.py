from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from proveout.cli import main

CODE = """
from proveout.families.modular.graph import Graph, StepSpec

def size(text: str) -> int:
    if not text:
        raise ValueError("there is no text")
    return len(text)

def double(value: int) -> int:
    return 2 * value

steps = [
    StepSpec(name="size", run=size, takes={"text": "input.text"}),
    StepSpec(name="double", run=double, takes={"value": "size"}, approval="Double it?"),
]
asks = Graph("asks", takes={"text": str}, steps=steps, gives="double")
desk = Graph("desk", takes={"text": str}, steps=steps[:1], gives="size")
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "flow.py").write_text(CODE, encoding="utf-8")
    return str(tmp_path)


@pytest.fixture
def proveout(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out + shown.err

    return run


def test_a_run_is_shown_and_listed(proveout: Any, folder: str) -> None:
    code, shown = proveout("run", folder, "flow.py:desk", "--input", '{"text": "four"}')
    assert code == 0
    assert "of desk" in shown
    assert "done" in shown
    assert "Output: 4" in shown
    assert f"Next: proveout runs list {folder}" in shown
    code, shown = proveout("runs", "list", folder)
    assert "desk" in shown
    _, listed = proveout("runs", "list", folder, "--status", "done", "--json")
    (run,) = json.loads(listed)
    _, shown = proveout("runs", "show", folder, run["id"], "--json")
    detail = json.loads(shown)
    assert (detail["status"], detail["output"], detail["inputs"]) == ("done", 4, {"text": "four"})
    assert [step["name"] for step in detail["steps"]] == ["size"]


def test_inputs_come_from_a_file_or_standard_input_too(
    proveout: Any, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.json").write_text('{"text": "abc"}', encoding="utf-8")
    _, shown = proveout("run", folder, "flow.py:desk", "--input", f"@{tmp_path / 'in.json'}", "--json")
    assert json.loads(shown)["output"] == 3
    with (tmp_path / "in.json").open(encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        _, shown = proveout("run", folder, "flow.py:desk", "--input", "-", "--json")
    assert json.loads(shown)["output"] == 3
    for bad in ("[1]", "{", "@nowhere.json"):
        code, shown = proveout("run", folder, "flow.py:desk", "--input", bad)
        assert code == 2
        assert "Invalid value for '--input'" in shown


def test_a_failed_run_says_why(proveout: Any, folder: str) -> None:
    code, shown = proveout("run", folder, "flow.py:desk", "--input", '{"text": ""}')
    assert code == 3
    assert "failed" in shown
    assert "size: a step raised: ValueError: there is no text. Next: correct the step or its input." in shown


def test_a_graph_that_is_not_there_is_said(proveout: Any, folder: str) -> None:
    code, shown = proveout("run", folder, "flow.py:gone", "--json")
    assert code == 3
    assert json.loads(shown.splitlines()[0])["error"] == "WorkflowInvalid"


def test_a_person_approves_and_the_run_goes_on(proveout: Any, folder: str) -> None:
    code, shown = proveout("run", folder, "flow.py:asks", "--input", '{"text": "abc"}')
    assert code == 0
    assert "double waits for an answer: Double it?" in shown
    command = next(line for line in shown.splitlines() if "Next:" in line).split("proveout ")[1].split()
    code, shown = proveout(*command, "--by", "ada", "--note", "fine")
    assert code == 0
    command = next(line for line in shown.splitlines() if "Next:" in line).split("proveout ")[1].split()
    assert command[:2] == ["runs", "resume"]
    code, shown = proveout(*command)
    assert "Output: 6" in shown
    assert '"by":"ada"' in shown
    code, shown = proveout("runs", "approve", folder, command[-1], "double", "--no")
    assert code == 3
    assert "does not wait for that step" in shown


def test_a_queued_run_is_cancelled_or_driven(proveout: Any, folder: str) -> None:
    queue = ("run", folder, "flow.py:desk", "--input", '{"text": "abc"}', "--queue", "slow", "--json")
    first, second = (json.loads(proveout(*queue)[1])["id"] for _ in range(2))
    code, shown = proveout("runs", "cancel", folder, first)
    assert code == 0
    assert "cancelled" in shown
    _, shown = proveout("runs", "work", folder, "--queue", "slow", "--json")
    assert json.loads(shown) == {"driven": 1}
    _, shown = proveout("runs", "work", folder)
    assert "0 runs driven" in shown
    assert json.loads(proveout("runs", "show", folder, second, "--json")[1])["output"] == 3


def test_where_nothing_ran(proveout: Any, tmp_path: Path) -> None:
    code, shown = proveout("runs", "list", str(tmp_path))
    assert code == 0
    assert "No runs." in shown
    code, shown = proveout("runs", "show", str(tmp_path), "r")
    assert code == 3
    assert "no such run" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "DIR", "flow.py:desk", "--input", '{"text": "\udcff"}'),
        ("run", "DIR", "flow.py:desk", "--input", '{"text": ' + "[" * 100_000),
        ("run", "DIR", "flow.py:desk", "--queue", "q", "--priority", "99999999999999999999"),
        ("runs", "list", "DIR", "--limit", "99999999999999999999"),
        ("runs", "diagram", "DIR", "flow.py:desk", "--svg", "DIR"),
        ("run", "DIR", "flow.py:desk", "--input", '{"text": "a"}', "--json", "DIR"),
    ],
)
def test_wrong_usage_is_said(proveout: Any, folder: str, arguments: tuple[str, ...]) -> None:
    code, shown = proveout(*(folder if one == "DIR" else one for one in arguments))
    assert code == 2
    assert "Error: " in shown


def test_markup_in_a_name_is_shown_as_it_is(proveout: Any, folder: str) -> None:
    proveout("run", folder, "flow.py:desk", "--input", '{"text": "a"}', "--queue", "[/x]")
    code, shown = proveout("runs", "list", folder)
    assert code == 0
    assert "[/x]" in shown


def test_a_user_without_a_name_says_who_answers(proveout: Any, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = json.loads(proveout("run", folder, "flow.py:asks", "--input", '{"text": "a"}', "--json")[1])["id"]

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    code, shown = proveout("runs", "approve", folder, run, "double", "--yes")
    assert code == 2
    assert "--by" in shown
    assert proveout("runs", "approve", folder, run, "double", "--yes", "--by", "ada")[0] == 0


def test_json_goes_into_a_pipe_and_leaves_it_one(proveout: Any, folder: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)
    assert proveout("run", folder, "flow.py:desk", "--input", '{"text": "a"}', "--json", str(pipe))[0] == 0
    assert json.loads(os.read(end, 100_000))["output"] == 1
    os.close(end)
    assert pipe.is_fifo()


def test_what_a_step_prints_is_no_part_of_the_json(folder: str, capfd: pytest.CaptureFixture[str]) -> None:
    code = CODE.replace("    return len(text)", '    print("loud")\n    os.system("echo louder")\n    return len(text)')
    Path(folder, "flow.py").write_text(f"import os{code}", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["run", folder, "flow.py:desk", "--input", '{"text": "a"}', "--json"])
    shown = capfd.readouterr()
    assert json.loads(shown.out)["output"] == 1
    assert shown.err.split() == ["loud", "louder"]


WAITS = """
import os, signal, time
from pathlib import Path
from proveout.families.modular.graph import Graph, StepSpec

def wait(text: str) -> str:
    if not Path(text).exists():
        Path(text).touch()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)
    return "done"

step = StepSpec(name="wait", run=wait, takes={"text": "input.text"})
desk = Graph("waits", takes={"text": str}, steps=[step], gives="wait")
"""


def test_a_supervisor_that_stops_a_run_leaves_it_to_be_resumed(proveout: Any, tmp_path: Path) -> None:
    (tmp_path / "stopped_flow.py").write_text(WAITS, encoding="utf-8")
    inputs = json.dumps({"text": str(tmp_path / "mark")})
    code, shown = proveout("run", str(tmp_path), "stopped_flow.py:desk", "--input", inputs, "--key", "once")
    assert code == 130
    assert "finished work is kept" in shown
    code, shown = proveout("run", str(tmp_path), "stopped_flow.py:desk", "--input", inputs, "--key", "once")
    assert code == 0
    assert "done" in shown
