"""One candidate's row of the comparison, from its recorded answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.task import Answer, Example, Task
from proveout.trial._calibration import calibration
from proveout.trial._comparison import (
    BuildCost,
    CandidateResult,
    Cost,
    Ledgered,
    Quality,
    Ranking,
    Segment,
    VsIncumbent,
    WrongAnswer,
)
from proveout.trial._facts_read import facts_read
from proveout.trial._incumbent import Incumbent, Said, versus
from proveout.trial._kinds import Measure, measure_of
from proveout.trial._latency import latency_figures
from proveout.trial._metrics import accuracy, accuracy_all_rows
from proveout.trial._ranking import ranking_of
from proveout.trial._scored import ScoredRows, guess_of, label_of
from proveout.trial._texts import Passages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families import Built, CandidateCard
    from proveout.trial._axes import Axes
    from proveout.trial._entries import LatencyRecorded
    from proveout.trial._recording import Recording

__all__ = ["Measuring", "candidate_result", "is_replayed", "keeps_answers"]

WRONG_SHOWN = 12
NEIGHBOURS_SHOWN = 3
SECONDS_PER_HOUR = 3600.0


class Measuring(msgspec.Struct, frozen=True, kw_only=True):
    """What the candidates of one trial share.

    Attributes:
        task: of any kind.
        examples: labelled test rows.
        learned: rows of the TrainSplit.
        passages: reads the span that a citation names; None when the snapshot holds no documents.
        incumbent: and what it said to the same rows; None without one.
        seed: of resampling.
        usd_per_cpu_hour: price of processor time.
    """

    task: Task
    examples: tuple[Example, ...]
    learned: tuple[Example, ...]
    passages: Passages | None
    incumbent: Incumbent | None
    seed: int
    usd_per_cpu_hour: float

    @property
    def measure(self) -> Measure:
        """How this kind of task is measured."""
        return measure_of(self.task.kind)

    def score(self, answers: Sequence[Answer]) -> ScoredRows:
        """Answers beside the expected outputs."""
        return self.measure.score(self.task, self.examples, answers, self.seed, self.passages)

    def said(self, answers: Sequence[Answer]) -> Said:
        """Answers as one side of a pairing."""
        keys = tuple(self.measure.key(self.task, guess_of(answer)) for answer in answers)
        return Said(self.measure.score(self.task, self.examples, answers, self.seed, None).points, keys)


def candidate_result(
    shared: Measuring, one: Built, recording: Recording, latency: tuple[int, LatencyRecorded] | None, axes: Axes
) -> CandidateResult:
    """Join quality, calibration, latency, cost, axes and provenance."""
    card = one.candidate.card
    replayed = latency is None
    scored = shared.score(recording.answers)
    in_scope = scored.rows(scored.in_scope)
    rows = len(shared.examples)
    cost, cpu_per_1000 = _cost(shared, recording, replayed=replayed)
    waited = [answer.usage.wall_seconds for answer in recording.answers]
    seconds = np.array(waited if latency is None else latency[1].seconds, dtype=np.float64)
    ranking = ranking_of(
        shared.task, shared.examples, recording.answers, learned=shared.learned, seed=shared.seed, measured=not replayed
    )
    return CandidateResult(
        family=card.family,
        id=one.id,
        simulated=card.simulated,
        replayed=replayed,
        seed=card.seed,
        code=card.code,
        parameters=card.parameters,
        quality=_quality(shared, one.id, scored, recording, ranking),
        calibration=calibration(in_scope.confidence, in_scope.guessed_right),
        latency_ms=latency_figures(seconds * 1000, measured=not replayed),
        throughput_per_second=_rate(rows, recording.wall_seconds) if not replayed else None,
        cpu_seconds_per_1000=cpu_per_1000,
        cost_per_1000=cost.provider_per_1000 + cost.cpu_per_1000,
        cost=cost,
        artifact_bytes=sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file()),
        build=BuildCost(one.wall_seconds, one.cpu_seconds, one.reused),
        ledger=Ledgered(recording.entries, None if latency is None else latency[0]),
        axes=axes,
        wrong=_wrong(shared, recording, scored),
    )


def _cost(shared: Measuring, recording: Recording, *, replayed: bool) -> tuple[Cost, float]:
    """Cost, and processor seconds per 1,000 requests."""
    rows = max(1, len(shared.examples))
    usage_cpu = sum(answer.usage.cpu_seconds for answer in recording.answers)
    cpu_per_1000 = (usage_cpu if replayed else recording.cpu_seconds) / rows * 1000
    cost = Cost(
        provider_per_1000=sum(answer.usage.usd for answer in recording.answers) / rows * 1000,
        cpu_per_1000=cpu_per_1000 / SECONDS_PER_HOUR * shared.usd_per_cpu_hour,
        usd_per_cpu_hour=shared.usd_per_cpu_hour,
    )
    return cost, cpu_per_1000


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
    return isinstance(mode, dict) and mode.get("value") in {"endpoint", "local"}


def _quality(
    shared: Measuring, candidate: str, scored: ScoredRows, recording: Recording, ranking: Ranking | None
) -> Quality:
    """All registered metrics of the kind, and the finer tables."""
    registry = shared.measure.metrics
    values = {name: registry.create(name)(scored) for name in registry.names()}
    own: dict[str, Any] = {name: value for name, value in values.items() if name in Quality.__struct_fields__}
    incumbent = shared.incumbent if shared.incumbent and shared.incumbent.id != candidate else None
    return Quality(
        **own,
        **shared.measure.tables(scored),
        other={name: value for name, value in values.items() if name not in own},
        segments=_segments(shared, scored),
        ranking=ranking,
        facts=facts_read(shared.task, shared.examples, recording.answers),
        vs_incumbent=_versus(shared, scored, recording, incumbent) if incumbent else None,
    )


def _versus(shared: Measuring, scored: ScoredRows, recording: Recording, incumbent: Incumbent) -> VsIncumbent | None:
    keep = scored.in_scope & np.array(incumbent.present, dtype=bool)
    theirs = shared.said([_as_answer(output) for output in incumbent.outputs])
    return versus(shared.said(recording.answers), theirs, keep, seed=shared.seed)


def _as_answer(output: dict[str, Any] | None) -> Answer:
    return Answer(output=output, abstention="none recorded" if output is None else "")


def _segments(shared: Measuring, scored: ScoredRows) -> tuple[Segment, ...]:
    names = np.array([example.segment or "" for example in shared.examples], dtype=object)
    parts = {name: scored.rows(names == name) for name in sorted(set(names)) if name}
    headline = shared.measure.metrics.create(shared.measure.headline)
    return tuple(
        Segment(name, len(part.confidence), accuracy(part), accuracy_all_rows(part), headline(part))
        for name, part in parts.items()
    )


def _rate(rows: int, seconds: float) -> float | None:
    return rows / seconds if seconds > 0 else None


def _wrong(shared: Measuring, recording: Recording, scored: ScoredRows) -> tuple[WrongAnswer, ...]:
    """The most confident mistakes on in-scope rows: they teach most."""
    rows = np.flatnonzero(scored.in_scope & (scored.points < 1))
    order = rows[np.argsort(-scored.confidence[rows], kind="stable")][:WRONG_SHOWN]
    return tuple(_wrong_answer(shared, recording, int(row)) for row in order)


def _wrong_answer(shared: Measuring, recording: Recording, row: int) -> WrongAnswer:
    task, example, answer = shared.task, shared.examples[row], recording.answers[row]
    guess = label_of(task, guess_of(answer))
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
