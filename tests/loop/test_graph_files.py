from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import Graph, StepSpec
from proveout.loop import load_reference

CODE = """
from helper_of_a_test import shout
from proveout.families.modular.graph import Graph, StepSpec
step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
desk = Graph("desk", takes={"text": str}, steps=[step], gives="shout")
other = 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(CODE, encoding="utf-8")
    helper = "def shout(text: str) -> str:\n    return text.upper()\n"
    (tmp_path / "helper_of_a_test.py").write_text(helper, encoding="utf-8")
    return tmp_path


def test_a_graph_is_loaded_from_a_file_with_what_stands_beside_it(folder: Path) -> None:
    graph = load_reference(folder, "flow.py:desk")
    assert graph.name == "desk"
    assert load_reference(folder, "flow.py:desk").fingerprint == graph.fingerprint


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("flow.py:nothing", "has no graph called nothing"),
        ("flow.py:other", "has no graph called other"),
        ("flow.py", "may hold several"),
        ("gone.py:desk", "there is no "),
        ("flow.txt:desk", "flow.txt is no file of graphs"),
        ("broken.py:desk", "SyntaxError"),
    ],
)
def test_what_is_no_graph_is_said(folder: Path, reference: str, said: str) -> None:
    (folder / "broken.py").write_text("def (", encoding="utf-8")
    with pytest.raises(WorkflowInvalid, match=said):
        load_reference(folder, reference)


def test_files_of_other_kinds_have_loaders_of_their_own(folder: Path) -> None:
    def shout(text: str) -> str:
        return text.upper()

    step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
    made = Graph("desk", takes={"text": str}, steps=[step], gives="shout")
    (folder / "desk.toml").write_text("", encoding="utf-8")
    assert load_reference(folder, "desk.toml", {".toml": lambda _file, _name: made}) is made
