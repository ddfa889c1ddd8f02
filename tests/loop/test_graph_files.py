from __future__ import annotations

from pathlib import Path

import pytest

from proveout import loop
from proveout.errors import WorkflowInvalid
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
    graph = load_reference(folder, "flow.py:desk").graph
    assert graph.name == "desk"
    assert load_reference(folder, "flow.py:desk").graph.fingerprint == graph.fingerprint


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


TOML = """
name = "desk"
takes = {text = "str"}
gives = "shout"
[steps.shout]
run = "helper_of_a_test:shout"
takes = {text = "input.text"}
"""


def test_a_graph_in_toml(folder: Path) -> None:
    (folder / "desk.toml").write_text(TOML, encoding="utf-8")
    assert load_reference(folder, "desk.toml").graph.name == "desk"
    with pytest.raises(WorkflowInvalid, match="holds one graph"):
        load_reference(folder, "desk.toml:desk")


MIXED = """
name = "loud"
takes = {text = "str"}
gives = "shout"
[steps.intent]
run = "intent"
takes = {text = "input.text"}
[steps.shout]
run = "helper_of_a_test:shout"
takes = {text = "intent.label"}
"""


def test_a_candidate_and_a_graph_of_its_micro_models(folder: Path) -> None:
    rows = [f"{word} {number},{word}" for number in range(60) for word in ("card", "refund")]
    (folder / "train.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    desk = folder / "desk"
    loop.new(desk, kind="classify", examples=[folder / "train.csv"], inputs=["text"], outputs=["intent"])
    with pytest.raises(WorkflowInvalid, match="no candidate"):
        load_reference(desk, "modular")
    built = loop.build(desk, names=["modular"], embedder="tfidf").built[0]
    loaded = load_reference(desk, "modular")
    assert loaded.source == built.id
    assert loaded.prepare({"text": "card 7"}) == {"inputs": {"text": "card 7"}, "text": "card 7"}
    ran = loop.run_reference(desk, "modular", {"text": "card 7"})
    assert ran.output.output == {"intent": "card"}
    assert [step.name for step in loop.show_run(desk, ran.id).steps] == ["intent", "answer"]
    (desk / "loud.toml").write_text(MIXED, encoding="utf-8")
    (desk / "helper_of_a_test.py").write_text((folder / "helper_of_a_test.py").read_text("utf-8"), encoding="utf-8")
    assert loop.run_reference(desk, "loud.toml", {"text": "card 7"}).output == "CARD"
    assert load_reference(desk, "loud.toml").graph.nodes["intent"].version.startswith("intent@")


def test_a_file_that_ends_the_process_and_a_name_no_file_can_have(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(7)\n", encoding="utf-8")
    with pytest.raises(WorkflowInvalid, match="SystemExit: 7"):
        load_reference(tmp_path, "ends.py:desk")
    with pytest.raises(WorkflowInvalid, match="there is no"):
        load_reference(tmp_path, f"{'a' * 300}.toml")
