"""Who may answer a task's request, in which order, and whether an answer may go out: pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proveout.task import Answer

__all__ = ["Stage", "StageKind", "refusal", "stages_for"]

StageKind = Literal["rules", "certified", "candidate", "incumbent"]


class Stage(msgspec.Struct, kw_only=True, frozen=True):
    """One of those who may answer a task.

    Attributes:
        kind: by what right.
        candidate: its id.
        ask: the `Batcher` that asks it.
        certificate: id of the certificate that lets it answer.
        thresholds: by segment, the least confidence with which its answer goes out; "" is all traffic.
        model: of the provider that it asks; "" where it asks none.
        pays: whether its answers cost money when they are given.
        unpriced: whether nobody knows what they cost.
        calibrated: whether its confidence is a probability that was measured.
        seconds: in which it has to answer.
    """

    kind: StageKind
    candidate: str
    ask: Any
    certificate: str = ""
    thresholds: dict[str, float] = {}
    model: str = ""
    pays: bool = False
    unpriced: bool = False
    calibrated: bool = True
    seconds: float = 30.0


def stages_for(answers: Iterable[str], stages: Mapping[str, Stage]) -> tuple[Stage, ...]:
    """Those of a task that a tier lets answer, in the tier's order.

    Args:
        answers: of the tier.
        stages: of the task, by kind; its route decides which there are.

    Example:
        >>> made = {kind: Stage(kind=kind, candidate="c", ask=None) for kind in ("certified", "incumbent")}
        >>> [one.kind for one in stages_for(("cache", "incumbent", "rules", "certified"), made)]
        ['incumbent', 'certified']
    """
    return tuple(stages[kind] for kind in answers if kind in stages)


def refusal(stage: Stage, answer: Answer, segment: str) -> str:
    """Why an answer does not go out; "" when it does.

    A certified candidate has to be as sure as its certificate says for the segment; a segment that the certificate does
    not name is not certified. Rules have to prove what they say.

    Example:
        >>> from proveout.task import Answer
        >>> certified = Stage(kind="certified", candidate="c", ask=None, thresholds={"": 0.8})
        >>> refusal(certified, Answer(output={}, confidence=0.7), "")
        'confidence 0.7 is under the certified 0.8'
        >>> refusal(certified, Answer(output={}, confidence=0.8), "")
        ''
    """
    if answer.abstained:
        return f"abstained: {answer.abstention}"
    if stage.kind == "rules" and answer.evidence.proof is None:
        return "no proof"
    if stage.kind != "certified":
        return ""
    threshold = stage.thresholds.get("", stage.thresholds.get(segment))
    if threshold is None:
        return f"segment {segment[:40]!r} is not certified"
    if answer.confidence < threshold:
        return f"confidence {answer.confidence:g} is under the certified {threshold:g}"
    return ""
