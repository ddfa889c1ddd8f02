"""What many runs took and where they failed, step by step."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._words import known, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proveout.families.modular.graph._graph import Graph
    from proveout.task import Step

__all__ = ["StepStats", "graph_stats"]

ITEM = re.compile(r"(.+)\[\d+\]")


class StepStats(msgspec.Struct, frozen=True, kw_only=True):
    """One step over many runs; each item of a mapped step counts as a call.

    Attributes:
        calls: that gave an output.
        failures: runs that ended because a call of this step failed.
        p50_seconds: half of the calls took no longer; None without a call.
        p95_seconds: 95 of 100 calls took no longer (nearest rank).
        total_seconds: of all calls.
        share: of the seconds of all steps, from 0 to 1.
    """

    calls: int
    failures: int
    p50_seconds: float | None
    p95_seconds: float | None
    total_seconds: float
    share: float

    @property
    def failure_rate(self) -> float:
        """Failures among all calls, from 0 to 1."""
        return self.failures / max(1, self.calls + self.failures)


def graph_stats(graph: Graph, traces: Iterable[Sequence[Step]], failed: Iterable[str] = ()) -> dict[str, StepStats]:
    """Times and failures of each step, for `graph_svg` and for people.

    Args:
        graph: that ran, in this version.
        traces: of runs, whole or broken off.
        failed: the call on which a run ended, once for each run that failed: the error's ``about``.

    Raises:
        WorkflowInvalid: a trace has a step that the graph has not.

    Example:
        >>> from proveout.families.modular.graph import Graph, StepSpec
        >>> from proveout.task import Step
        >>> def shout(text: str) -> str:
        ...     return text.upper()
        >>> step = StepSpec(name="a", run=shout, takes={"text": "input.x"})
        >>> graph = Graph("g", takes={"x": str}, steps=[step], gives="a")
        >>> graph_stats(graph, [[Step(name="a", output=1, wall_seconds=0.5)]], ["a"])["a"].failure_rate
        0.5
    """
    seconds: dict[str, list[float]] = {name: [] for name in graph.nodes}
    failures = dict.fromkeys(graph.nodes, 0)
    for trace in traces:
        for step in trace:
            seconds[_step(step.name, graph)].append(step.wall_seconds)
    for call in failed:
        failures[_step(call, graph)] += 1
    whole = sum(map(sum, seconds.values()))
    return {
        name: StepStats(
            calls=len(taken),
            failures=failures[name],
            p50_seconds=median(taken) if taken else None,
            p95_seconds=sorted(taken)[-(-95 * len(taken) // 100) - 1] if taken else None,
            total_seconds=sum(taken),
            share=sum(taken) / whole if whole else 0.0,
        )
        for name, taken in seconds.items()
    }


def _step(call: str, graph: Graph) -> str:
    match = ITEM.fullmatch(call)
    name = match[1] if match else call
    if name in graph.nodes:
        return name
    why = f"a run has {name}, and the steps of {graph.name} are {known(graph.nodes)}"
    fix = f"{near(name, graph.nodes)}leave out runs of other versions of the graph"
    raise WorkflowInvalid("no such step", why=why, fix=fix, about=graph.name)
