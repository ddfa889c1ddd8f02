"""A workspace and entries to put in its ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proveout.ledger import EntryBody, Ledger, entry
from proveout.store import Workspace


@entry("test.noted", version=1)
class Noted(EntryBody, frozen=True):
    number: int
    text: str = ""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def note() -> type[Noted]:
    return Noted


Fill = Callable[..., None]


@pytest.fixture
def fill(workspace: Workspace) -> Fill:
    """Append ``count`` notes in commits of ``batch``; ``seal`` is the size of a segment."""

    def append(count: int, *, batch: int = 1, seal: int = 1 << 20, subject: str | None = None) -> None:
        with Ledger.open(workspace, segment_bytes=seal) as ledger:
            for start in range(0, count, batch):
                ledger.append_many(
                    [Noted(number=number) for number in range(start, min(start + batch, count))], subject
                )

    return append
