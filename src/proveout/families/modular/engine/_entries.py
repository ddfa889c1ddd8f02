"""What the engine writes to the ledger."""

from __future__ import annotations

import msgspec

from proveout.ledger import EntryBody, entry

__all__ = ["RunEnded", "RunStarted", "StepTrace"]


@entry("run.started", version=1)
class RunStarted(EntryBody, frozen=True, kw_only=True):
    """A run of a graph began.

    Attributes:
        run: its id.
        graph: name.
        graph_version: its fingerprint.
        inputs: BLAKE2b-128 of the run's inputs, as JSON with sorted keys.

    Example:
        >>> RunStarted(run="r", graph="desk", graph_version="3f", inputs="ab").kind
        'run.started'
    """

    run: str
    graph: str
    graph_version: str
    inputs: str


class StepTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a step, an answer of a person, or an undoing.

    Attributes:
        name: of the step.
        item: of a mapped step; -1 for what maps nothing.
        attempt: from 1.
        outcome: ``done``, ``failed``, ``asked``, ``approved``, ``refused``, ``undone`` or ``undo_failed``.
        wall_seconds: it took.
        output: BLAKE2b-128 of the output's, the error's or the answer's JSON.
    """

    name: str
    item: int
    attempt: int
    outcome: str
    wall_seconds: float
    output: str


@entry("run.ended", version=1)
class RunEnded(EntryBody, frozen=True, kw_only=True):
    """A run of a graph ended, with all that its steps did, in order.

    Attributes:
        run: its id.
        graph: name.
        graph_version: its fingerprint.
        status: ``done``, ``failed`` or ``cancelled``.
        error: why it failed; "" when it did not.
        wall_seconds: from its start to its end, waits included.
        steps: what they did.

    Example:
        >>> RunEnded(
        ...     run="r", graph="desk", graph_version="3f", status="done", error="", wall_seconds=0.1, steps=()
        ... ).kind
        'run.ended'
    """

    run: str
    graph: str
    graph_version: str
    status: str
    error: str
    wall_seconds: float
    steps: tuple[StepTrace, ...]
