"""What candidates that choose a label share: empty inputs, rejection, usage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from proveout.task import Answer, Evidence, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Choice = tuple[str, float, bool, Evidence]
    Output = tuple[dict[str, Any], float, bool, Evidence]

__all__ = ["answer_labels", "answer_outputs", "measured"]

DIGITS = 4


def answer_labels(
    target: str, texts: Sequence[str], choose: Callable[[Sequence[str]], Sequence[Choice]]
) -> list[Answer]:
    """Answers in order; ``choose`` gives (label, confidence, rejected, evidence) for the texts that are not blank."""

    def outputs(filled: Sequence[str]) -> list[Output]:
        return [({target: label}, sure, out, shown) for label, sure, out, shown in choose(filled)]

    return answer_outputs(texts, outputs, "out of scope")


def answer_outputs(
    texts: Sequence[str], choose: Callable[[Sequence[str]], Sequence[Output]], reason: str
) -> list[Answer]:
    """Answers in order; ``choose`` gives (output, confidence, rejected, evidence) for the texts that are not blank.

    Args:
        texts: of the inputs.
        choose: what answers them.
        reason: for the abstention of what is rejected.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    filled = [row for row, text in enumerate(texts) if text.strip()]
    chosen = dict(zip(filled, choose([texts[row] for row in filled]) if filled else (), strict=True))
    share = max(len(texts), 1)
    usage = measured((time.perf_counter() - wall) / share, (time.process_time() - cpu) / share)
    return [_answer(chosen.get(row), usage, reason) for row in range(len(texts))]


def measured(wall_seconds: float, cpu_seconds: float) -> Usage:
    """Usage of one local answer."""
    return Usage(wall_seconds=wall_seconds, cpu_seconds=cpu_seconds)


def _answer(choice: Output | None, usage: Usage, reason: str) -> Answer:
    if choice is None:
        return Answer(abstention="empty input", usage=usage)
    guess, confidence, rejected, evidence = choice
    # Rounded, because a batch and a single input may differ in the last bits of a float.
    shared: dict[str, Any] = {
        "guess": guess,
        "confidence": round(confidence, DIGITS),
        "evidence": evidence,
        "usage": usage,
    }
    if rejected:
        return Answer(abstention=reason, **shared)
    return Answer(output=dict(guess), **shared)
