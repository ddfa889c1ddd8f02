"""Tasks and a ledger to take snapshots with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.ledger import EntryBody
from proveout.store import Workspace
from proveout.task import DataSpec, Task


class Notes:
    """A ledger that remembers."""

    def __init__(self) -> None:
        self.bodies: list[EntryBody] = []

    def append(self, body: EntryBody, subject: str | None = None) -> None:
        del subject
        self.bodies.append(body)


@pytest.fixture
def ledger() -> Any:
    return Notes()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.ensure()
    return workspace


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """A classify task in the test's folder; keywords go into [data], ``top`` into the task."""

    def make(top: dict[str, Any] | None = None, **data: Any) -> Task:
        given: dict[str, Any] = {
            "name": "t",
            "kind": "classify",
            "target": "intent",
            "input": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
            "output": {"type": "object", "properties": {"intent": {"type": "string"}}},
        }
        return Task(**(given | (top or {})), data=DataSpec(**data), root=tmp_path)

    return make
