"""A home with a ledger, and records for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from proveout.gateway._entries import RequestServed
from proveout.gateway.record import Ring, rings_folder
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    with Ledger.open(workspace) as opened:
        yield opened


@pytest.fixture
def ring(workspace: Workspace) -> Iterator[Ring]:
    with Ring.create(rings_folder(workspace) / "w0.ring", 64 * 1024) as made:
        yield made


def record(name: object, *, padding: int = 0) -> bytes:
    served = RequestServed(id=f"req_{name}", operation="chat", received=1, model="m", status=200, answer="x" * padding)
    return msgspec.json.encode(served)


@pytest.fixture
def make() -> Callable[..., bytes]:
    """The JSON of a record with this id and so much padding."""
    return record


@pytest.fixture
def served(workspace: Workspace) -> Callable[[], list[str]]:
    """Ids of the requests in the ledger, in order, without their ``req_``."""

    def ids() -> list[str]:
        with LedgerReader.open(workspace) as reader:
            return [str(entry.body().id)[4:] for entry in reader.entries("gateway.request")]  # type: ignore[attr-defined]

    return ids
