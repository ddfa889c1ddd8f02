"""What candidates that choose a label share: empty inputs, rejection, usage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from proveout.task import Answer, Evidence, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Choice = tuple[str, float, bool, Evidence]

__all__ = ["answer_labels", "measured"]

DIGITS = 4


def answer_labels(
    target: str, texts: Sequence[str], choose: Callable[[Sequence[str]], Sequence[Choice]]
) -> list[Answer]:
    """Answers in order; ``choose`` gives (label, confidence, rejected, evidence) for the texts that are not blank."""
    wall, cpu = time.perf_counter(), time.process_time()
    filled = [row for row, text in enumerate(texts) if text.strip()]
    chosen = dict(zip(filled, choose([texts[row] for row in filled]) if filled else (), strict=True))
    share = max(len(texts), 1)
    usage = measured((time.perf_counter() - wall) / share, (time.process_time() - cpu) / share)
    return [_answer(target, chosen.get(row), usage) for row in range(len(texts))]


def measured(wall_seconds: float, cpu_seconds: float) -> Usage:
    """Usage of one local answer."""
    return Usage(wall_seconds=wall_seconds, cpu_seconds=cpu_seconds)


def _answer(target: str, choice: Choice | None, usage: Usage) -> Answer:
    if choice is None:
        return Answer(abstention="empty input", usage=usage)
    label, confidence, rejected, evidence = choice
    guess: Mapping[str, Any] = {target: label}
    # Rounded, because a batch and a single input may differ in the last bits of a float.
    shared: dict[str, Any] = {
        "guess": guess,
        "confidence": round(confidence, DIGITS),
        "evidence": evidence,
        "usage": usage,
    }
    if rejected:
        return Answer(abstention="out of scope", **shared)
    return Answer(output=dict(guess), **shared)
