"""Candidates that say what a test tells them to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from proveout.families import CandidateCard
from proveout.release._parts import Part
from proveout.task import Answer, Usage

Say = Callable[[Mapping[str, Any]], tuple[str | None, float]]


class Saying:
    """Answers with what ``say`` gives: a label, or None to abstain, and a confidence. Counts the rows it is asked."""

    def __init__(self, family: str, say: Say, usd: float = 0.0) -> None:
        self.card = CandidateCard(family=family, task="t", snapshot="s", code="c", seed=0, parameters={})
        self.asked = 0
        self._say, self._usd = say, usd

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        self.asked += len(inputs)
        return [self._one(one) for one in inputs]

    def _one(self, inputs: Mapping[str, Any]) -> Answer:
        label, confidence = self._say(inputs)
        usage = Usage(usd=self._usd, wall_seconds=0.5)
        if label is None:
            return Answer(abstention="unsure", confidence=confidence, usage=usage)
        return Answer(output={"label": label}, guess={"label": label}, confidence=confidence, usage=usage)

    def save(self, folder: Path) -> None:
        (folder / "said.json").write_text(json.dumps(self.card.family), encoding="utf-8")


@pytest.fixture
def part() -> Callable[..., Part]:
    """A candidate of a route, by family and what it says."""

    def made(family: str, say: Say, usd: float = 0.0) -> Part:
        return Part(f"{family}@1", Saying(family, say, usd))

    return made
