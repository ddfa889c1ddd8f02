from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from proveout.gateway._exchange import Exchange
from proveout.gateway.api import READERS
from proveout.gateway.tasks import Batcher, Stage, TaskAnswerer
from proveout.task import Answer
from proveout.testing import make_task

Say = Callable[[Mapping[str, Any]], Answer]
MakeExchange = Callable[..., Exchange]
MakeAnswerer = Callable[..., TaskAnswerer]


@pytest.fixture
def exchange() -> MakeExchange:
    """An exchange as the path would hand it over."""

    def make(text: Any = "my card is lost", *, operation: Any = "chat", **body: Any) -> Exchange:
        first = {"messages": [{"role": "user", "content": text}]} if operation == "chat" else {"input": text}
        raw = json.dumps({"model": "desk", **first, **body}).encode()
        wanted = READERS[operation](raw)
        return Exchange(id="r1-1", operation=operation, body=raw, wanted=wanted, time=1_700_000_000_000_000_000)

    return make


@pytest.fixture
def answerer() -> MakeAnswerer:
    """A task whose stages say what functions say; keywords of a stage may stand beside its function."""

    def make(*, task: Any = None, **stages: Say | tuple[Say, dict[str, Any]]) -> TaskAnswerer:
        made = {}
        for kind, given in stages.items():
            say, fields = given if isinstance(given, tuple) else (given, {})
            made[kind] = Stage(
                kind=kind,  # type: ignore[arg-type]
                candidate=f"{kind}@0",
                ask=Batcher(kind, all_of(say)),
                **({"seconds": 5.0} | fields),
            )
        return TaskAnswerer("desk", task or make_task(), made)

    return make


def all_of(say: Say) -> Callable[[Sequence[Mapping[str, Any]]], list[Answer]]:
    return lambda inputs: [say(one) for one in inputs]
