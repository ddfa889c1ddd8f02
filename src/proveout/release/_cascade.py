"""A cascade: the cheapest candidate answers what it is sure of, and the next is asked the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.errors import BuildFailed
from proveout.families import route
from proveout.families.modular.graph import Graph, StepSpec, run_graph
from proveout.release._parts import Judged, Part, load_part, merged, said_step, shared_card
from proveout.task import Answer, canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families import CandidateCard

__all__ = ["CascadeCandidate", "Stage", "build_cascade", "choose_thresholds"]

NAME, STATE = "cascade", "cascade.json"
# Thresholds tried for each stage, at most.
GRID = 200
# Sums of the same points in another order differ by this at most.
ROUNDING = 1e-9


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate of a cascade.

    Attributes:
        candidate: its id.
        family: its name in graph and trace.
        threshold: the least confidence with which its answer goes out; 0 for the last, which answers all that is left.
    """

    candidate: str
    family: str
    threshold: float


class Escalation(msgspec.Struct, frozen=True):
    """One row on its way through the cascade: what was said so far, and whether the last of it goes out."""

    said: tuple[Answer, ...] = ()
    settled: bool = False


class _Asks:
    """A step that asks one candidate about the rows that are not settled, and carries along what was said before."""

    def __init__(self, part: Part, threshold: float) -> None:
        self._part, self._threshold = part, threshold
        self.version = f"{part.id} from {threshold}"

    def __call__(self, rows: list[dict[str, Any]], before: list[Escalation] | None = None) -> list[Escalation]:
        """Each row with one answer more, where it was not settled."""
        so_far = [Escalation() for _ in rows] if before is None else list(before)
        asked = [at for at, one in enumerate(so_far) if not one.settled]
        answers = self._part.candidate.answer([rows[at] for at in asked]) if asked else []
        for at, answer in zip(asked, answers, strict=True):
            settled = not answer.abstained and answer.confidence >= self._threshold
            so_far[at] = Escalation((*so_far[at].said, answer), settled)
        return so_far


class CascadeCandidate:
    """A route made of candidates, the cheapest first. It tunes no promise: a certificate makes one."""

    def __init__(self, card: CandidateCard, stages: Sequence[Stage], parts: Sequence[Part]) -> None:
        self._card, self._stages = card, tuple(stages)
        self.graph = cascade_graph(stages, parts)

    @property
    def card(self) -> CandidateCard:
        """What its candidates are tied to."""
        return self._card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The first answer that is sure enough, or the last; the trace holds every answer on the way."""
        found: list[Escalation] = run_graph(self.graph, {"rows": [dict(one) for one in inputs]}).output
        return [self._merged(one.said) for one in found]

    def _merged(self, said: tuple[Answer, ...]) -> Answer:
        *before, final = said
        steps = [said_step(stage.family, answer) for stage, answer in zip(self._stages, said, strict=False)]
        last = self._stages[len(before)]
        note = f"answered by {last.family}" + (f", after {len(before)} escalation(s)." if before else ".")
        return merged(final, last.candidate, steps, before, note)

    def save(self, folder: Path) -> None:
        """Write the card and the stages; the candidates are stored beside the route."""
        state = {"card": msgspec.to_builtins(self._card), "stages": msgspec.to_builtins(self._stages)}
        (folder / STATE).write_bytes(canonical_json(state))

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote, and the candidates beside it."""
        from proveout.families import CandidateCard  # noqa: PLC0415  msgspec decodes into it

        state = msgspec.json.decode((folder / STATE).read_bytes())
        stages = msgspec.convert(state["stages"], tuple[Stage, ...])
        parts = [load_part(folder, stage.candidate, cache) for stage in stages]
        return cls(msgspec.convert(state["card"], CandidateCard), stages, parts)


def cascade_graph(stages: Sequence[Stage], parts: Sequence[Part]) -> Graph:
    """A cascade as a graph: one step a candidate, each behind the one before."""
    steps: list[StepSpec] = []
    for stage, part in zip(stages, parts, strict=True):
        takes = {"rows": "input.rows"} | ({"before": steps[-1].name} if steps else {})
        steps.append(StepSpec(name=stage.family, run=_Asks(part, stage.threshold), takes=takes))
    return Graph(NAME, takes={"rows": list[dict[str, Any]]}, steps=steps, gives=steps[-1].name)


def build_cascade(parts: Sequence[Part], judged: Sequence[Judged]) -> CascadeCandidate:
    """A cascade whose thresholds are chosen on the rows that its candidates were judged on.

    Args:
        parts: candidates, the cheapest first.
        judged: what each of them said to the same rows of the SelectSplit.

    Raises:
        BuildFailed: there are fewer than two candidates, or one stands twice.
    """
    _check_parts(parts)
    thresholds = choose_thresholds(judged)
    stages = [
        Stage(candidate=part.id, family=part.family, threshold=threshold)
        for part, threshold in zip(parts, (*thresholds, 0.0), strict=True)
    ]
    chosen = {"thresholds": {"value": list(thresholds), "chosen_on": "select"}}
    return CascadeCandidate(shared_card(NAME, parts, chosen), stages, parts)


def _check_parts(parts: Sequence[Part]) -> None:
    names = [part.family for part in parts]
    if len(names) < 2 or len(set(names)) < len(names):  # noqa: PLR2004  one candidate is no route
        why = f"it has {', '.join(names) or 'no candidate'}"
        raise BuildFailed("no route", why=why, fix="name two or more different families", about=NAME)


def choose_thresholds(judged: Sequence[Judged]) -> tuple[float, ...]:
    """For each candidate but the last, the least confidence with which its answer goes out.

    From the first on, each threshold is the smallest at which the cascade so far, with the last candidate behind it, is
    right at least as much as the last candidate alone; above 1, so that all is escalated, when there is none. Chosen
    like this a threshold says what was best on these rows, and promises nothing for others.

    Args:
        judged: what each candidate said to the same rows, in the order of the cascade.

    Example:
        >>> cheap = Judged(
        ...     answers=tuple(Answer(output={"y": 1}, guess={"y": 1}, confidence=c) for c in (0.9, 0.8, 0.2)),
        ...     points=(1, 1, 0),
        ... )
        >>> dear = Judged(answers=cheap.answers, points=(1, 1, 1))
        >>> choose_thresholds([cheap, dear])
        (0.8,)
    """
    last = np.array(judged[-1].points, dtype=np.float64)
    left = np.ones(len(last), dtype=bool)
    served = 0.0
    found: list[float] = []
    for one in judged[:-1]:
        confidence = np.array([0.0 if answer.abstained else answer.confidence for answer in one.answers])
        answers = np.array([not answer.abstained for answer in one.answers], dtype=bool)
        points = np.array(one.points, dtype=np.float64)
        threshold = _smallest(confidence, answers & left, points, last, (served, left))
        goes_out = left & answers & (confidence >= threshold)
        served += float(points[goes_out].sum())
        left &= ~goes_out
        found.append(threshold)
    return tuple(found)


def _smallest(confidence: Any, mine: Any, points: Any, last: Any, state: tuple[float, Any]) -> float:
    """The smallest threshold that costs nothing against the last candidate alone."""
    served, left = state
    tried = np.unique(confidence[mine])
    if len(tried) > GRID:
        tried = tried[np.linspace(0, len(tried) - 1, GRID).astype(int)]
    for threshold in tried:
        goes_out = mine & (confidence >= threshold)
        total = served + points[goes_out].sum() + last[left & ~goes_out].sum()
        if total >= last.sum() - ROUNDING:
            return float(threshold)
    return 1.01


@route(NAME)
def _cascade() -> type[CascadeCandidate]:
    return CascadeCandidate
