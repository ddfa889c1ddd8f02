"""Scores by criteria that have no price, each with what it stands on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ScenarioInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.economics._inputs import Inputs
    from proveout.economics._scenario import Criterion

__all__ = ["Score", "evidence_named", "scored"]

EVIDENCE = re.compile(r"trial@[0-9a-f]+|ledger:\d+|certificate@\S+")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How well one option does by one criterion, and the evidence of it."""

    criterion: str
    weight: float
    option: str
    score: float
    evidence: str


def scored(inputs: Inputs, options: Sequence[str]) -> tuple[Score, ...]:
    """A score for each criterion and option.

    Raises:
        ScenarioInvalid: an option has no score, or a score names no evidence.
    """
    return tuple(
        Score(criterion=one.name, weight=one.weight, option=option, score=score, evidence=evidence)
        for one in inputs.scenario.criteria
        for option in options
        for score, evidence in [_score(inputs, one, option)]
    )


def _score(inputs: Inputs, criterion: Criterion, option: str) -> tuple[float, str]:
    about = f"criterion {criterion.name!r}"
    if criterion.measured:
        measured = inputs.architecture(option).measured
        found: float | None = getattr(measured, criterion.measured, None)
        if found is None:
            why = f"the latest trial measured no {criterion.measured} of {option}"
            fix = "compare again with that axis, or state scores with their evidence"
            raise ScenarioInvalid("a score is missing", why=why, fix=fix, about=about)
        return found, inputs.measurements.trial
    stated = criterion.scores.get(option)
    if stated is None:
        fix = f'add scores.{option} = {{ score = 0.5, evidence = "ledger:INDEX" }}'
        raise ScenarioInvalid("a score is missing", why=f"it has none for {option}", fix=fix, about=about)
    if not EVIDENCE.fullmatch(stated.evidence):
        why = f"{stated.evidence!r} of {option} is no trial, ledger entry or certificate"
        fix = "name trial@…, ledger:INDEX or certificate@…"
        raise ScenarioInvalid("a score without evidence", why=why, fix=fix, about=about)
    return stated.score, stated.evidence


def evidence_named(inputs: Inputs) -> tuple[str, ...]:
    """All that the scenario's scores say they stand on, for a caller who can look it up."""
    return tuple(dict.fromkeys(score.evidence for one in inputs.scenario.criteria for score in one.scores.values()))
