from __future__ import annotations

from pathlib import Path

from proveout import loop

CODE = """
from proveout.families.modular.graph import Graph, StepSpec

def shout(text: str) -> str:
    if text == "no":
        raise ValueError("never")
    return text.upper()

step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
desk = Graph("desk", takes={"text": str}, steps=[step], gives="shout")
"""


def test_times_and_failures_of_the_runs_of_this_version(tmp_path: Path) -> None:
    (tmp_path / "flow_of_a_diagram.py").write_text(CODE, encoding="utf-8")
    before = loop.diagram(tmp_path, "flow_of_a_diagram.py:desk")
    assert (before.runs, before.svg.count("p50")) == (0, 0)
    for text in ("hi", "no", "you"):
        loop.run_reference(tmp_path, "flow_of_a_diagram.py:desk", {"text": text})
    after = loop.diagram(tmp_path, "flow_of_a_diagram.py:desk")
    assert after.runs == 3
    assert (after.stats["shout"].calls, after.stats["shout"].failures) == (2, 1)
    assert "shout" in after.svg
    assert "p50" in after.svg
