"""Graphs to run, engines to run them with, and a clock that is turned by hand."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from proveout.families.modular.engine import SqliteEngine
from proveout.families.modular.graph import Graph, StepSpec


class Clock:
    """Time that passes only when somebody sleeps or says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


@pytest.fixture
def engine(path: Path, clock: Clock) -> Iterator[Callable[..., SqliteEngine]]:
    """Make an engine on the test's journal; all are closed at the end."""
    made: list[SqliteEngine] = []

    def make(*graphs: Graph, **settings: Any) -> SqliteEngine:
        by_name: dict[str, list[Graph]] = {}
        for graph in graphs:
            by_name.setdefault(graph.name, []).append(graph)
        settings = {"clock": clock, "sleep": clock.sleep, **settings}
        made.append(SqliteEngine(path, by_name, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def chain() -> Callable[..., Graph]:
    """Make a graph whose steps run one after the other, each on the output of the one before."""

    def make(*runs: Callable[..., Any], name: str = "chain", **settings: dict[str, Any]) -> Graph:
        steps, before = [], "input.value"
        for run in runs:
            own = settings.get(run.__name__, {})
            steps.append(StepSpec(name=run.__name__, run=run, takes={"value": before}, **own))
            before = run.__name__
        return Graph(name, takes={"value": int}, steps=steps, gives=before)

    return make


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Load code as a module of its own file, as steps of a process of their own must be."""
    names: list[str] = []

    def make(code: str) -> ModuleType:
        name = f"steps_of_a_test_{len(names)}"
        file = tmp_path / f"{name}.py"
        file.write_text(code, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        names.append(name)
        spec.loader.exec_module(module)
        return module

    yield make
    for name in names:
        del sys.modules[name]
