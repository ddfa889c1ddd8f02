from __future__ import annotations

from pathlib import Path

import pytest

from proveout import events, loop
from proveout.errors import TriggerInvalid
from proveout.events import Event

FLOW = """
name = "loud"
takes = {text = "str"}
gives = "shout"
[steps.shout]
run = "loud_of_a_test:shout"
takes = {text = "input.text"}
"""
TRIGGERS = """
[[triggers]]
name = "loud"
types = ["message.sent"]
inputs = {{text = "data.text"}}
run = "graph"
options = {{{options}}}
"""
CODE = "def shout(text: str) -> str:\n    return text.upper()\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rows = [f"{word} {number},{word}" for number in range(40) for word in ("card", "refund")]
    (tmp_path / "train.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    desk = tmp_path / "desk"
    loop.new(desk, kind="classify", examples=[tmp_path / "train.csv"], inputs=["text"], outputs=["intent"])
    (desk / "flow.toml").write_text(FLOW, encoding="utf-8")
    (desk / "loud_of_a_test.py").write_text(CODE, encoding="utf-8")
    return desk


def said(number: int) -> Event:
    return Event(id=str(number), source="/chat", type="message.sent", subject="ada", data={"text": f"hi {number}"})


def test_an_event_is_one_run_however_often_it_comes(desk: Path) -> None:
    (desk / "events.toml").write_text(TRIGGERS.format(options='graph = "flow.toml"'), encoding="utf-8")
    with events.open_inbox(desk) as inbox:
        inbox.accept([said(1), said(2), said(1)], via="test")
    events.serve(desk)
    with events.open_inbox(desk) as inbox:
        inbox.accept([said(1)], via="test")
    events.serve(desk)
    runs = loop.list_runs(desk)
    assert [run.status for run in runs] == ["done", "done"]
    assert sorted(loop.show_run(desk, run.id).output for run in runs) == ["HI 1", "HI 2"]


def test_a_trigger_must_name_its_graph(desk: Path) -> None:
    (desk / "events.toml").write_text(TRIGGERS.format(options='colour = "red"'), encoding="utf-8")
    with pytest.raises(TriggerInvalid, match="no graph to run"):
        events.serve(desk)
