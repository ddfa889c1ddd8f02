"""One candidate's row of the comparison, from its recorded answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.trial._calibration import calibration
from proveout.trial._comparison import (
    BuildCost,
    CandidateResult,
    Cost,
    Latency,
    LatencyInterval,
    Ledgered,
    Quality,
    Segment,
    WrongAnswer,
)
from proveout.trial._incumbent import versus
from proveout.trial._intervals import quantile_interval
from proveout.trial._metrics import (
    accuracy,
    accuracy_all_rows,
    class_quality,
    confusion,
    metrics,
)
from proveout.trial._scored import label_of, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families import Built, CandidateCard
    from proveout.task import Example, Task
    from proveout.trial._compare import TrialOptions
    from proveout.trial._entries import LatencyRecorded
    from proveout.trial._incumbent import Incumbent
    from proveout.trial._recording import Recording
    from proveout.trial._scored import Scored

__all__ = ["candidate_result", "is_replayed", "keeps_answers", "latency_figures", "quality_of"]

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
WRONG_SHOWN = 12
NEIGHBOURS_SHOWN = 3
SECONDS_PER_HOUR = 3600.0


def candidate_result(
    task: Task,
    one: Built,
    examples: Sequence[Example],
    recording: Recording,
    *,
    latency: tuple[int, LatencyRecorded] | None,
    incumbent: Incumbent | None,
    options: TrialOptions,
) -> CandidateResult:
    """Join quality, calibration, latency, cost and provenance."""
    card = one.candidate.card
    replayed = latency is None
    scored = score(task, examples, recording.answers, seed=options.seed)
    in_scope = scored.rows(scored.in_scope)
    rows = max(1, len(examples))
    usage_cpu = sum(answer.usage.cpu_seconds for answer in recording.answers)
    cpu_per_1000 = (usage_cpu if replayed else recording.cpu_seconds) / rows * 1000
    cost = Cost(
        provider_per_1000=sum(answer.usage.usd for answer in recording.answers) / rows * 1000,
        cpu_per_1000=cpu_per_1000 / SECONDS_PER_HOUR * options.usd_per_cpu_hour,
        usd_per_cpu_hour=options.usd_per_cpu_hour,
    )
    waited = [answer.usage.wall_seconds for answer in recording.answers]
    seconds = np.array(waited if latency is None else latency[1].seconds, dtype=np.float64)
    return CandidateResult(
        family=card.family,
        id=one.id,
        simulated=card.simulated,
        replayed=replayed,
        seed=card.seed,
        code=card.code,
        parameters=card.parameters,
        quality=quality_of(scored, examples, incumbent if incumbent and incumbent.id != one.id else None),
        calibration=calibration(in_scope.confidence, in_scope.guessed_right),
        latency_ms=latency_figures(seconds * 1000, measured=not replayed),
        throughput_per_second=_rate(len(examples), recording.wall_seconds) if not replayed else None,
        cpu_seconds_per_1000=cpu_per_1000,
        cost_per_1000=cost.provider_per_1000 + cost.cpu_per_1000,
        cost=cost,
        artifact_bytes=sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file()),
        build=BuildCost(one.wall_seconds, one.cpu_seconds, one.reused),
        ledger=Ledgered(recording.entries, None if latency is None else latency[0]),
        wrong=_wrong(task, examples, recording, scored),
    )


def is_replayed(card: CandidateCard) -> bool:
    """Whether its answers were recorded or simulated, so that timing it here would say nothing about it.

    Example:
        >>> from proveout.families import CandidateCard
        >>> fields = {"family": "llm", "task": "f", "snapshot": "s", "code": "1", "seed": 0}
        >>> is_replayed(CandidateCard(**fields, parameters={"mode": "recorded"}))
        True
    """
    mode: Any = card.parameters.get("mode")
    value = mode.get("value") if isinstance(mode, dict) else mode
    return card.simulated or value in {"recorded", "replay", "simulated"}


def keeps_answers(card: CandidateCard) -> bool:
    """Whether asking it once more reads an answer it keeps: the time is then the one recorded with each answer.

    Example:
        >>> from proveout.families import CandidateCard
        >>> fields = {"family": "llm", "task": "f", "snapshot": "s", "code": "1", "seed": 0}
        >>> keeps_answers(CandidateCard(**fields, parameters={"mode": {"value": "endpoint"}}))
        True
    """
    mode: Any = card.parameters.get("mode")
    return isinstance(mode, dict) and mode.get("value") == "endpoint"


def quality_of(scored: Scored, examples: Sequence[Example], incumbent: Incumbent | None) -> Quality:
    """All registered metrics, and the finer tables."""
    values = {name: metrics.create(name)(scored) for name in metrics.names()}
    own: dict[str, Any] = {name: value for name, value in values.items() if name in Quality.__struct_fields__}
    return Quality(
        **own,
        other={name: value for name, value in values.items() if name not in own},
        segments=_segments(scored, examples),
        classes=class_quality(scored),
        confusion=confusion(scored),
        vs_incumbent=versus(scored, incumbent) if incumbent else None,
    )


def _segments(scored: Scored, examples: Sequence[Example]) -> tuple[Segment, ...]:
    names = np.array([example.segment or "" for example in examples], dtype=object)
    parts = {name: scored.rows(names == name) for name in sorted(set(names)) if name}
    return tuple(
        Segment(name, len(part.truth), accuracy(part), accuracy_all_rows(part)) for name, part in parts.items()
    )


def latency_figures(milliseconds: np.ndarray[Any, Any], *, measured: bool) -> Latency:
    """Quantiles with their intervals; None without any request."""
    named = [(name, quantile_interval(milliseconds, share)) for name, share in QUANTILES.items()]
    ends = {name: LatencyInterval(*(found[1:] if found else (None, None))) for name, found in named}
    values = {name: found.value if found else None for name, found in named}
    return Latency(**values, intervals=ends, n=len(milliseconds), measured=measured)


def _rate(rows: int, seconds: float) -> float | None:
    return rows / seconds if seconds > 0 else None


def _wrong(task: Task, examples: Sequence[Example], recording: Recording, scored: Scored) -> tuple[WrongAnswer, ...]:
    """The most confident mistakes on in-scope rows: they teach most."""
    rows = np.flatnonzero(scored.in_scope & ~scored.guessed_right)
    order = rows[np.argsort(-scored.confidence[rows], kind="stable")][:WRONG_SHOWN]
    return tuple(_wrong_answer(task, examples[row], recording, int(row)) for row in order)


def _wrong_answer(task: Task, example: Example, recording: Recording, row: int) -> WrongAnswer:
    answer = recording.answers[row]
    guess = label_of(task, answer.guess if answer.guess is not None else answer.output)
    return WrongAnswer(
        id=example.id,
        text=task.text(example.inputs),
        expected=label_of(task, example.expected) or "",
        answered=guess if guess is not None else f"no answer: {answer.abstention}",
        confidence=answer.confidence,
        neighbours=answer.evidence.neighbours[:NEIGHBOURS_SHOWN],
        citations=answer.evidence.citations[:NEIGHBOURS_SHOWN],
        note=answer.evidence.note,
    )
