from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun
from proveout.families.symbolic._decisions import DecisionCandidate, build_decisions
from proveout.task import Example, Rules, Task

SNAPSHOT = "0" * 64
POLICY = """
version: 1
name: returns
decisions: [approve, refuse, ask]
undetermined: ask
facts:
  - {name: since, type: duration, unit: day, range: [0, 365], question: "When was it delivered?"}
  - {name: opened, type: boolean, question: "Has it been opened?"}
  - {name: price, type: money, unit: USD, range: [1, 5000], question: "What did it cost?"}
  - {name: photo, type: boolean, world: closed, default: false, mutable: true, question: "Can you send a photo?"}
  - {name: damaged, type: boolean, world: closed, default: false, question: "Is it damaged?"}
rules:
  - {id: damage, if: damaged and (photo or price < 25), then: approve, priority: 20, cites: {document: a.md}}
  - {id: no-photo, if: damaged and price >= 25 and not photo, then: refuse, priority: 20, cites: {document: a.md}}
  - {id: late, if: not damaged and since > 30, then: refuse, priority: 10, cites: {document: b.md}}
  - {id: used, if: not damaged and opened, then: refuse, priority: 10, cites: {document: b.md}}
  - {id: window, if: not damaged and since <= 30 and not opened, then: approve, cites: {document: b.md}}
"""
READERS = """
facts:
  since: {amount: ["{duration} ago"]}
  opened:
    values:
      true: ["i opened it"]
      false: ["never opened"]
  price: {amount: ["{money}"]}
  photo: {values: {true: ["photo attached"]}}
  damaged: {values: {true: ["broken"]}}
"""


def task_of(folder: Path, fields: dict[str, Any], **rules: Any) -> Task:
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "facts.yaml").write_text(READERS, encoding="utf-8")
    return Task(
        name="returns",
        kind="decide",
        target="decision",
        input={"type": "object", "properties": fields},
        output={
            "type": "object",
            "properties": {"decision": {"type": "string", "enum": ["approve", "refuse", "ask"]}},
        },
        rules=Rules(**{"policy": "policy.yaml", "recourse": {"refuse": "approve"}, **rules}),
        root=folder,
    )


@pytest.fixture
def fields_task(tmp_path: Path) -> Task:
    """Its input fields are the facts."""
    kinds = {"since": "number", "opened": "boolean", "price": "number", "photo": "boolean", "damaged": "boolean"}
    return task_of(tmp_path, {name: {"type": kind} for name, kind in kinds.items()})


@pytest.fixture
def text_task(tmp_path: Path) -> Task:
    """Its input is a message."""
    return task_of(tmp_path, {"text": {"type": "string"}}, readers="facts.yaml")


@pytest.fixture
def make_splits() -> Callable[..., tuple[TrainSplit, SelectSplit]]:
    def make(*rows: tuple[dict[str, Any], str, dict[str, Any]]) -> tuple[TrainSplit, SelectSplit]:
        examples = tuple(
            Example(
                id=str(at),
                inputs=inputs,
                expected={"decision": decision},
                meta={"facts": msgspec.json.encode(facts).decode()},
            )
            for at, (inputs, decision, facts) in enumerate(rows)
        )
        return TrainSplit(snapshot=SNAPSHOT, examples=examples), SelectSplit(snapshot=SNAPSHOT, examples=examples)

    return make


@pytest.fixture
def build(tmp_path: Path, make_splits: Callable[..., Any]) -> Callable[..., DecisionCandidate]:
    def make(task: Task, *rows: tuple[dict[str, Any], str, dict[str, Any]]) -> DecisionCandidate:
        run = BuildRun(seed=0, snapshot=SNAPSHOT, cache=tmp_path / "cache")
        train, select = make_splits(*rows)
        return build_decisions(task, train, select, run)

    return make
