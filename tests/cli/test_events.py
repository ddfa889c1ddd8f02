from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from proveout import events
from proveout.cli._events import command

TASK = """
name = "desk"
kind = "classify"
target = "intent"
[input]
type = "object"
required = ["text"]
properties = {text = {type = "string"}}
[output]
type = "object"
properties = {intent = {type = "string", enum = ["card", "refund"]}}
"""
TRIGGERS = """
[[triggers]]
name = "intent"
types = ["message.*"]
inputs = {text = "data.text"}
run = "first word"
attempts = 1
gate.fields = [{path = "data.text"}]
"""


def line(number: int, data: Any) -> str:
    event = {"specversion": "1.0", "id": str(number), "source": "/chat", "type": "message.sent", "subject": "ada"}
    return json.dumps(event | {"time": f"2024-01-01T00:00:{number:02d}Z", "data": data})


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call ``proveout events`` in this process, with a handler that needs no model."""
    (tmp_path / "task.toml").write_text(TASK, encoding="utf-8")
    (tmp_path / "events.toml").write_text(TRIGGERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    factories = events.event_handlers._factories
    monkeypatch.setitem(
        factories,
        "first word",
        lambda: lambda _trigger, _setting: lambda _event, inputs, _key: inputs["text"].split()[0],
    )
    return lambda *arguments: CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def test_a_file_is_replayed(run: Run) -> None:
    texts = ["card lost", "card lost", "refund please"]
    lines = [line(number, {"text": text}) for number, text in enumerate(texts)] + [line(9, {}), "{}"]
    Path("events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = json.loads(run("replay", ".", "events.jsonl", "--json").output)
    assert found["outcomes"] == {"dead": 1, "handled": 2, "unchanged": 1, "duplicates": 0}
    assert found["savings"][0]["calls"] == 2
    shown = run("replay", ".", "events.jsonl").output
    assert "intent: 2 calls, 1 avoided (33.3%)" in shown
    assert "line 5 is no event" in shown


def test_stored_events_are_served_shown_and_delivered_again(run: Run) -> None:
    with events.open_inbox(Path()) as inbox:
        bodies = [line(1, {"text": "card"}), line(2, {"text": ""})]
        inbox.accept([events.parse_event(body.encode()) for body in bodies], via="test")
        inbox.refuse(b"x", "it is not JSON", via="nats")
    assert "1 dead · 1 handled" in run("serve", ".").output
    shown = run("show", ".").output
    assert "dead: 2 of /chat: IndexError" in shown
    assert "refused by nats: it is not JSON" in shown
    assert "Next: proveout events replay . --dead" in shown
    again = json.loads(run("replay", ".", "--dead", "--json").output)
    assert again == {"deliveries": 1, "outcomes": {"dead": 1}, "served": False}
    assert "1 deliveries handed out again" in run("replay", ".", "--handled", "--id", "1").output
    states = json.loads(run("show", ".", "--json").output)
    assert states["dead"][0]["trigger"] == "intent"
    assert states["savings"][0]["calls"] == 1


def test_wrong_usage_is_told(run: Run) -> None:
    assert run("replay", ".").exit_code == 2
    assert run("replay", ".", "file", "--dead").exit_code == 2
    assert "--subject" in run("serve", ".", "--nats", "nats://localhost:1").output
    assert "NO_SUCH_VARIABLE" in run("serve", ".", "--token-env", "NO_SUCH_VARIABLE").output
