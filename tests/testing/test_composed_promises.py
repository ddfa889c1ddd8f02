"""The suite catches a composed candidate that breaks a promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from proveout.families import ComposedStep, Override
from proveout.task import Answer, Evidence, Example, Step
from proveout.testing import FakeComposed, check_composed

ROWS = FakeComposed.rows(12)
CARD = FakeComposed.card_for("s")


def numbered(own: Override) -> Override:
    """The override, always called for the first row."""
    return lambda _row, value: own(0, value)


class Broken(FakeComposed):
    """The fake, broken in one way."""

    fault = ""

    @property
    def steps(self) -> tuple[ComposedStep, ...]:
        steps = super().steps
        judged = [msgspec.structs.replace(step, judged=()) for step in steps]
        ways = {"judged": tuple(judged), "order": steps[::-1], "twice": (*steps, steps[0]), "none": ()}
        return ways.get(self.fault, steps)

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        answers = super().answer_with(inputs, {})
        return [self._changed(answer, number) for number, answer in enumerate(answers)]

    def answer_with(self, inputs: Sequence[Mapping[str, Any]], overrides: Mapping[str, Override]) -> list[Answer]:
        if self.fault == "deaf" and overrides:
            overrides = {}
        if self.fault == "number":
            overrides = {name: numbered(own) for name, own in overrides.items()}
        if self.fault == "entangled" and "intent" in overrides:
            overrides = {"days": lambda _row, value: {"days": value["days"] + 1}, **overrides}
        if self.fault == "spread" and "intent" in overrides:
            first = super().answer_with(inputs[:1], overrides)[0].evidence.trace[0].output
            overrides = {**overrides, "intent": lambda _row, _value: first}
        answers = super().answer_with(inputs, overrides)
        if self.fault == "raises" and any(answer.abstained for answer in answers):
            raise RuntimeError("the next step had nothing to read")
        if self.fault == "count":
            answers = answers[: 1 if any(answer.abstained for answer in answers) else None]
        return (
            [self._changed(answer, number) for number, answer in enumerate(answers)]
            if self.fault != "plain"
            else [msgspec.structs.replace(answer, confidence=0.1) for answer in answers]
        )

    def gold(self, example: Example) -> dict[str, Any]:
        gold = super().gold(example)
        half = {**super().gold(example), "intent": {"confidence": 1.0}}
        del half["decide"]
        ways = {
            "stranger": {**gold, "reply": 1},
            "gold": {**gold, "decide": {"decision": "nothing"}},
            "half": half,
        }
        return ways.get(self.fault, gold)

    def _changed(self, answer: Answer, _number: int) -> Answer:
        trace = answer.evidence.trace
        ways = {
            "backwards": trace[::-1],
            "tuple": tuple(Step(name=step.name, output=(1, 2)) for step in trace),
        }
        if self.fault not in ways:
            return answer
        return msgspec.structs.replace(answer, evidence=Evidence(trace=ways[self.fault]))


@pytest.mark.parametrize("errors", [{}, {"intent": 0.3, "days": 0.2, "decide": 0.2}])
def test_a_sound_candidate_passes(errors: dict[str, float]) -> None:
    check_composed(FakeComposed(CARD, errors=errors), ROWS)
    check_composed(FakeComposed(CARD, errors=errors, labelled=("intent",)), ROWS)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("none", "has steps"),
        ("twice", "each step once"),
        ("order", "behind those it needs"),
        ("plain", "no overrides"),
        ("backwards", "in its trace, in order"),
        ("tuple", "plain JSON"),
        ("deaf", "calls an override"),
        ("number", "calls an override"),
        ("spread", "own output"),
        ("entangled", "own output"),
        ("stranger", "gold for its steps alone"),
        ("gold", "gives the expected output"),
        ("half", "a whole output"),
        ("judged", "state the fields that are judged"),
        ("raises", "it raised RuntimeError"),
        ("count", "1 answers came"),
    ],
)
def test_each_broken_promise_is_caught(fault: str, said: str) -> None:
    desk = Broken(CARD, errors={"intent": 0.3, "days": 0.2})
    desk.fault = fault
    with pytest.raises(AssertionError, match=said):
        check_composed(desk, ROWS)


def test_a_candidate_of_one_piece_is_none() -> None:
    class Whole:
        card = CARD

        def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
            return []

        def save(self, folder: Any) -> None:
            raise NotImplementedError

    with pytest.raises(AssertionError, match="has steps, answer_with and gold"):
        check_composed(Whole(), ROWS)


def test_right_may_be_told() -> None:
    with pytest.raises(AssertionError, match="gives the expected output"):
        check_composed(FakeComposed(CARD), ROWS, right=lambda _example, _answer: False)
