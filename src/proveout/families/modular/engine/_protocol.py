"""What every engine does, whatever it keeps its journal in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.families.modular.engine._model import RunDetail, RunInfo, RunResult, RunStatus

__all__ = ["Engine"]


@runtime_checkable
class Engine(Protocol):
    """Runs graphs so that a run survives the death of its process, and repeats none of its committed steps."""

    def start(
        self,
        graph: str,
        inputs: Mapping[str, Any],
        *,
        run_id: str | None = None,
        key: str | None = None,
        queue: str = "default",
        priority: int = 0,
    ) -> str:
        """Write a run down and put it in a queue; gives its id.

        Args:
            graph: name; its newest version is taken.
            inputs: fields of the run's input.
            run_id: its id; made up when None.
            key: the same key gives the same run.
            queue: from which a worker takes it.
            priority: higher runs first.

        Raises:
            WorkflowInvalid: there is no such graph, the inputs do not fit, or the key stands for other inputs.
        """
        ...

    def run(
        self, graph: str, inputs: Mapping[str, Any], *, run_id: str | None = None, key: str | None = None
    ) -> RunResult:
        """Start a run and drive it here, until it ends or waits for a person. A failed run is a result, not an error.

        Raises:
            WorkflowInvalid: as for `start`.
            RunNotReady: the key's run is at work elsewhere.
        """
        ...

    def resume(self, run_id: str) -> RunResult:
        """Drive a run on from where its journal leaves it; what has ended gives its result.

        Raises:
            RunNotFound: there is none of that id.
            RunNotReady: it waits for a person, or a living worker is at it.
            GraphVersionMissing: the version it began on is not here.
            DeterminismBroken: the journal holds other steps, or other arguments, than the graph asks for.
        """
        ...

    def recover(self) -> tuple[RunResult, ...]:
        """Drive on each run whose worker died; one that cannot go on here is left as it is, with the reason."""
        ...

    def work(self, *queues: str, stop: Callable[[], bool] | None = None) -> int:
        """Start what is scheduled and drive what is due in these queues, or in all; gives the number of runs driven.

        Args:
            *queues: names; none for all.
            stop: asked between runs; None returns when nothing is due.
        """
        ...

    def cancel(self, run_id: str, *, undo: bool = False) -> RunStatus:
        """Cancel a run: at once where nobody is at it, else before its next step; an isolated step is killed.

        Args:
            run_id: of the run.
            undo: whether what it did is undone.

        Raises:
            RunNotFound: there is none of that id.
            RunNotReady: it has ended.
        """
        ...

    def approve(self, run_id: str, step: str, *, yes: bool, by: str, note: str = "") -> None:
        """Answer for a step that waits for a person; the run then stands in its queue. A refused step is skipped.

        Raises:
            RunNotFound: there is none of that id.
            RunNotReady: it does not wait for that step.
        """
        ...

    def show(self, run_id: str) -> RunDetail:
        """All that is known of a run.

        Raises:
            RunNotFound: there is none of that id.
        """
        ...

    def runs(self, *, status: RunStatus | None = None, graph: str | None = None, limit: int = 100) -> list[RunInfo]:
        """Runs, the newest first."""
        ...
