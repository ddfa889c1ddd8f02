from __future__ import annotations

import importlib.util
import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from proveout.errors import StepLost
from proveout.families.modular.engine import EngineOptions, SqliteEngine, _claims
from proveout.families.modular.graph import Graph, StepSpec

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]


@pytest.fixture
def kill(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_kill", repository / "bench" / "kill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_workers_killed_at_random_lose_no_run_and_repeat_no_committed_step(tmp_path: Path, kill: ModuleType) -> None:
    found = kill.trials(tmp_path, 15, 3)
    assert found["runs"] > 0
    assert found["lost_runs"] == found["repeated_after_commit"] == found["traces_lost_or_doubled"] == 0
    assert found["most_repeated_in_a_life"] <= 1


def test_the_benchmark_sees_what_goes_wrong(tmp_path: Path, kill: ModuleType) -> None:
    kill.trials(tmp_path, 2, 3)
    with SqliteEngine(tmp_path / "runs.sqlite", {}) as engine:
        first = engine.runs(limit=1)[0].id
    with (tmp_path / "effects").open("a", encoding="utf-8") as file:
        file.write(f"2 step {first}:begin\n2 acknowledged 77\n")
    found = kill.judged(tmp_path, [set(), set(), {f"{first}:begin"}])
    assert found["repeated_after_commit"] >= 1
    assert found["lost_runs"] == 1


class Killed(KeyboardInterrupt):
    pass


def test_a_step_that_ends_its_worker_each_time_fails_the_run(
    engine: Make, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is killed gives nothing up.
    monkeypatch.setattr(_claims, "LEAVE", "SELECT ?, ?")
    undone: list[int] = []

    def pay(value: int) -> int:
        return value

    def unpay(value: int, output: int) -> None:
        undone.append(value + output)

    def deadly(value: int) -> int:
        raise Killed

    graph = chain(pay, deadly, pay={"undo": unpay})
    one = engine(graph, options=EngineOptions(most_crashes=2))
    with pytest.raises(Killed):
        one.run("chain", {"value": 4}, run_id="r")
    for _ in range(2):
        one.close()
        one = engine(graph, options=EngineOptions(most_crashes=2))
        if one.show("r").run.status == "running":
            try:
                (result,) = one.recover()
            except Killed:
                continue
    assert result.status == "failed"
    assert isinstance(result.error, StepLost)
    assert result.error.why == "its worker died 2 times before it was done"
    assert undone == [8]


STEPS = """
import os, time
from pathlib import Path
def hang(file: str) -> int:
    Path(file).write_text(str(os.getpid()))
    time.sleep(60)
    return 1
"""


def test_the_process_of_a_step_dies_with_its_engine(
    path: Path, tmp_path: Path, load: Callable[[str], ModuleType]
) -> None:
    hang = load(STEPS).hang
    steps = [StepSpec(name="hang", run=hang, takes={"file": "input.file"}, isolated=True)]
    graph = Graph("g", takes={"file": str}, steps=steps, gives="hang")
    file = tmp_path / "pid"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            SqliteEngine(path, {"g": graph}).run("g", {"file": str(file)})
        finally:
            os._exit(1)
    pid = int(until(lambda: file.exists() and file.read_text(encoding="utf-8")))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until(lambda: not running(pid))


def running(pid: int) -> bool:
    """Whether it runs; one that waits for somebody to take note of its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(found: Callable[[], Any]) -> Any:
    """What it gives once that is true."""
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        value = found()
        if value:
            return value
        time.sleep(0.005)
    raise TimeoutError
