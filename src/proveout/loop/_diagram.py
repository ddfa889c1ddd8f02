"""Pictures of graphs, with what their runs took and where they failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.families.modular.graph import StepStats, graph_stats, graph_svg
from proveout.loop._graph_files import load_reference
from proveout.loop._runs import list_runs, show_run
from proveout.task import Step

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.families.modular.engine import RunDetail

__all__ = ["Diagram", "diagram"]


class Diagram(msgspec.Struct, frozen=True, kw_only=True):
    """A graph as a picture.

    Attributes:
        graph: its name.
        version: its fingerprint.
        runs: of this version, that times and failures are of.
        stats: by step.
        svg: the picture.
    """

    graph: str
    version: str
    runs: int
    stats: dict[str, StepStats]
    svg: str


def diagram(folder: Path, reference: str, *, limit: int = 200) -> Diagram:
    """Draw a graph, over it the median time and the failures of each step in its latest runs.

    Args:
        folder: that holds the graph's file, and the journal of its runs.
        reference: of the graph, as for `run_reference`.
        limit: runs looked at, the newest first; those of other versions of the graph are left out.

    Raises:
        WorkflowInvalid: there is no such graph.
    """
    graph = load_reference(folder, reference).graph
    ran = [run for run in list_runs(folder, graph=graph.name, limit=limit) if run.version == graph.fingerprint]
    details = [show_run(folder, run.id) for run in ran]
    failed = [one.error["about"] for one in details if one.error and one.run.status == "failed"]
    stats = graph_stats(graph, [_trace(one) for one in details], failed)
    svg = graph_svg(graph, stats=stats if details else None)
    return Diagram(graph=graph.name, version=graph.fingerprint, runs=len(details), stats=stats, svg=svg)


def _trace(detail: RunDetail) -> list[Step]:
    done = [step for step in detail.steps if step.outcome == "done"]
    return [Step(name=step.name, output=step.content, wall_seconds=step.wall_seconds) for step in done]
