"""The workload of bench/engine.py on each engine: a chain of steps, each of which adds one.

Run by bench/engine.py, one process a measurement, under the interpreter that has the engine installed. Each engine
keeps its state in FOLDER, which is on the disk of the checkout, with the settings it comes with.

Run: PYTHON bench/engine_ways.py NAME FOLDER RUNS STEPS
"""

from __future__ import annotations

import json
import logging
import operator
import sqlite3
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WARM_UP = 3


def add(value: int) -> int:
    """The work of a step."""
    return value + 1


def plain(folder: Path, steps: int) -> Callable[[int], int]:
    """Function calls; nothing is kept."""
    del folder

    def run(number: int) -> int:
        for _ in range(steps):
            number = add(number)
        return number

    return run


def proveout(folder: Path, steps: int, durable: Any = "run") -> Callable[[int], int]:
    """Proveout's journal, one sync a run."""
    from proveout.families.modular.engine import EngineOptions, SqliteEngine
    from proveout.families.modular.graph import Graph, StepSpec

    names = [f"s{at}" for at in range(steps)]
    reads = ["input.value", *names]
    chain = [StepSpec(name=name, run=add, takes={"value": reads[at]}) for at, name in enumerate(names)]
    graph = Graph("chain", takes={"value": int}, steps=chain, gives=names[-1])
    engine = SqliteEngine(folder / "runs.sqlite", {"chain": graph}, options=EngineOptions(durable=durable))
    return lambda number: engine.run("chain", {"value": number}).output


def proveout_unsynced(folder: Path, steps: int) -> Callable[[int], int]:
    """The same with no sync: what is lost in a power cut and never in a kill."""
    return proveout(folder, steps, "none")


def proveout_step(folder: Path, steps: int) -> Callable[[int], int]:
    """The same with one sync a step."""
    return proveout(folder, steps, "step")


def langgraph(folder: Path, steps: int) -> Callable[[int], int]:
    """LangGraph with its SQLite checkpointer, each checkpoint written before the next step."""
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph

    class State(TypedDict):
        value: int
        trail: Annotated[list[int], operator.add]

    graph = StateGraph(State)
    names = [f"s{at}" for at in range(steps)]
    for name in names:
        graph.add_node(name, lambda state: {"value": add(state["value"])})
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    connection = sqlite3.connect(folder / "langgraph.sqlite", check_same_thread=False)
    app = graph.compile(checkpointer=SqliteSaver(connection))

    def run(number: int) -> int:
        settings: Any = {"configurable": {"thread_id": str(number)}, "recursion_limit": steps + 5}
        return int(app.invoke({"value": number, "trail": []}, settings, durability="sync")["value"])

    return run


def dbos(folder: Path, steps: int) -> Callable[[int], int]:
    """DBOS with its SQLite system database."""
    from dbos import DBOS

    step = DBOS.step()(add)

    @DBOS.workflow()
    def chain(value: int) -> int:
        for _ in range(steps):
            value = step(value)
        return value

    DBOS(
        config={
            "name": "bench-engine",
            "system_database_url": f"sqlite:///{folder / 'dbos.sqlite'}",
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    run: Callable[[int], int] = chain
    return run


def haystack(folder: Path, steps: int) -> Callable[[int], int]:
    """A Haystack pipeline; it keeps nothing."""
    del folder
    from haystack import Pipeline, component

    @component
    class Add:
        @component.output_types(value=int)
        def run(self, value: int) -> dict[str, int]:
            return {"value": add(value)}

    pipeline = Pipeline()
    names = [f"s{at}" for at in range(steps)]
    for name in names:
        pipeline.add_component(name, Add())
    for before, after in pairwise(names):
        pipeline.connect(f"{before}.value", f"{after}.value")
    return lambda number: int(pipeline.run({names[0]: {"value": number}})[names[-1]]["value"])


def burr(folder: Path, steps: int) -> Callable[[int], int]:
    """Burr with its SQLite persister, which saves the state after each step."""
    from burr.core import ApplicationBuilder, State, action
    from burr.core.persistence import SQLitePersister

    @action(reads=["value"], writes=["value"])
    def step(state: State) -> State:
        return state.update(value=add(state["value"]))

    names = [f"s{at}" for at in range(steps)]
    keeper = SQLitePersister(db_path=str(folder / "burr.sqlite"), table_name="states")
    keeper.initialize()

    def run(number: int) -> int:
        app = (
            ApplicationBuilder()
            .with_actions(**dict.fromkeys(names, step))
            .with_transitions(*pairwise(names))
            .with_entrypoint(names[0])
            .with_state(value=number)
            .with_identifiers(app_id=str(number))
            .with_state_persister(keeper)
            .build()
        )
        return int(app.run(halt_after=[names[-1]])[2]["value"])

    return run


WAYS: dict[str, Callable[[Path, int], Callable[[int], int]]] = {
    "plain Python": plain,
    "Proveout": proveout,
    "Proveout, a sync a step": proveout_step,
    "Proveout, no sync": proveout_unsynced,
    "LangGraph + SQLite": langgraph,
    "DBOS + SQLite": dbos,
    "Haystack, keeps nothing": haystack,
    "Burr + SQLite": burr,
}


def numbers(runs: int) -> Iterator[int]:
    """A number for each run, none twice."""
    yield from range(1000, 1000 + runs)


def measure(name: str, folder: Path, runs: int, steps: int) -> dict[str, float]:
    """Wall and CPU seconds of so many runs, after a warm-up."""
    run = WAYS[name](folder, steps)
    for number in range(WARM_UP):
        if run(number) != number + steps:
            raise RuntimeError(f"{name} gave another result")
    wall, processor = time.perf_counter(), time.process_time()
    for number in numbers(runs):
        run(number)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))), flush=True)
    # DBOS keeps threads that would go on.
    import os

    os._exit(0)
