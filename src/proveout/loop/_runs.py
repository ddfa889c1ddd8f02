"""Durable runs of graphs in a folder: started, listed, resumed, cancelled, approved."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from proveout.errors import ProveoutError, RunNotFound, WorkflowInvalid, WriterBusy
from proveout.families.modular.engine import EngineOptions, SqliteEngine
from proveout.ledger import Ledger
from proveout.loop._graph_files import load_reference
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from proveout.families.modular.engine import RunDetail, RunInfo, RunResult, RunStatus
    from proveout.families.modular.graph import Graph
    from proveout.loop._graph_files import LoadedGraph

__all__ = [
    "approve_run",
    "cancel_run",
    "list_runs",
    "queue_run",
    "resume_run",
    "run_reference",
    "show_run",
    "work_runs",
]

# More than a journal holds.
MOST = 1_000_000_000


def run_reference(folder: Path, reference: str, inputs: Mapping[str, Any], *, key: str | None = None) -> RunResult:
    """Run a graph to its end, or until it waits for a person.

    Args:
        folder: that holds the graph's file; runs are kept in its ``.proveout/``.
        reference: of the graph, as ``desk.py:refunds``, ``flow.toml`` or ``modular``.
        inputs: fields of the run's input; of a candidate, those of its task.
        key: the same key gives the same run.

    Raises:
        WorkflowInvalid: there is no such graph, or the inputs do not fit.
        RunNotReady: the key's run is at work elsewhere.
    """
    with _loaded(folder, reference) as (engine, one):
        return engine.run(one.graph.name, one.prepare(inputs), key=key)


def queue_run(
    folder: Path,
    reference: str,
    inputs: Mapping[str, Any],
    *,
    key: str | None = None,
    queue: str = "default",
    priority: int = 0,
) -> str:
    """Put a run into a queue, for `work_runs` to drive; gives its id. See `run_reference`."""
    with _loaded(folder, reference) as (engine, one):
        return engine.start(one.graph.name, one.prepare(inputs), key=key, queue=queue, priority=priority)


def work_runs(folder: Path, queues: Sequence[str] = ()) -> int:
    """Finish what dead workers left, and drive all that is due in these queues, or in all; gives the number of runs.

    The graphs are loaded from where the runs were started from.

    Raises:
        WorkflowInvalid: a graph cannot be loaded any more; its runs are left as they are, and all others are driven.
    """
    if not Workspace(folder).runs.exists():
        return 0
    with _reading(folder) as engine:
        unfinished = [*engine.runs(status="queued", limit=MOST), *engine.runs(status="running", limit=MOST)]
    loaded: list[LoadedGraph] = []
    refused: list[ProveoutError] = []
    for reference in sorted({run.source for run in unfinished if run.source}):
        try:
            loaded.append(load_reference(folder, reference))
        except ProveoutError as error:
            refused.append(error)
    with _engine(folder, loaded) as engine:
        driven = len(engine.recover()) + engine.work(*queues)
    if refused:
        raise refused[0]
    return driven


def resume_run(folder: Path, run_id: str) -> RunResult:
    """Drive a run on, on the graph it was started from.

    Raises:
        RunNotFound: there is none of that id.
        RunNotReady: it waits for a person, or a living worker is at it.
        GraphVersionMissing: the graph has changed since.
        DeterminismBroken: the journal holds other steps, or other arguments, than the graph asks for.
    """
    source = show_run(folder, run_id).run.source
    loaded = [load_reference(folder, source)] if source else []
    with _engine(folder, loaded) as engine:
        return engine.resume(run_id)


def cancel_run(folder: Path, run_id: str, *, undo: bool = False) -> RunStatus:
    """Cancel a run, and have what it did undone where that is wanted; gives the status it has now.

    Raises:
        RunNotFound: there is none of that id.
        RunNotReady: it has ended.
    """
    show_run(folder, run_id)
    with _engine(folder, []) as engine:
        return engine.cancel(run_id, undo=undo)


def approve_run(folder: Path, run_id: str, step: str, *, yes: bool, by: str, note: str = "") -> None:
    """Answer for a step that waits for a person.

    Raises:
        RunNotFound: there is none of that id.
        RunNotReady: it does not wait for that step.
    """
    show_run(folder, run_id)
    with _engine(folder, []) as engine:
        engine.approve(run_id, step, yes=yes, by=by, note=note)


def show_run(folder: Path, run_id: str) -> RunDetail:
    """All that is known of a run.

    Raises:
        RunNotFound: there is none of that id.
    """
    if not Workspace(folder).runs.exists():
        fix = f"start one with: proveout run {folder} GRAPH"
        raise RunNotFound("no such run", why="there is no journal here", fix=fix, about=run_id)
    with _reading(folder) as engine:
        return engine.show(run_id)


def list_runs(
    folder: Path, *, status: RunStatus | None = None, graph: str | None = None, limit: int = 20
) -> list[RunInfo]:
    """Runs, the newest first; none where there is no journal."""
    if not Workspace(folder).runs.exists():
        return []
    with _reading(folder) as engine:
        return engine.runs(status=status, graph=graph, limit=limit)


@contextmanager
def _reading(folder: Path) -> Iterator[SqliteEngine]:
    with SqliteEngine(Workspace(folder).runs, {}) as engine:
        yield engine


@contextmanager
def _loaded(folder: Path, reference: str) -> Iterator[tuple[SqliteEngine, LoadedGraph]]:
    """A graph, and an engine with it."""
    if not folder.is_dir():
        raise WorkflowInvalid("no such folder", why="it is not there", fix="name a folder", about=str(folder))
    one = load_reference(folder, reference)
    with _engine(folder, [one]) as engine:
        yield engine, one


@contextmanager
def _engine(folder: Path, loaded: Sequence[LoadedGraph]) -> Iterator[SqliteEngine]:
    """An engine with these graphs."""
    sources = {one.graph.name: one.source for one in loaded}
    workspace = Workspace(folder)
    workspace.ensure()
    with (
        _ledger(workspace) as ledger,
        SqliteEngine(
            workspace.runs,
            _versions(loaded),
            ledger=ledger,
            options=EngineOptions(sources=sources),
        ) as engine,
    ):
        engine.publish()
        yield engine


def _versions(loaded: Sequence[LoadedGraph]) -> dict[str, list[Graph]]:
    """Graphs by name: several candidates are versions of one."""
    found: dict[str, list[Graph]] = {}
    for one in loaded:
        found.setdefault(one.graph.name, []).append(one.graph)
    return found


@contextmanager
def _ledger(workspace: Workspace) -> Iterator[Ledger | None]:
    """The ledger; None while another process writes to it: traces wait in the journal for whoever comes next."""
    try:
        ledger = Ledger.open(workspace)
    except WriterBusy:
        yield None
        return
    with ledger:
        yield ledger
