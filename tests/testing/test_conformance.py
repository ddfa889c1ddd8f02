"""The suite catches a family that breaks a promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun, CandidateCard, Fit, card_of
from proveout.task import Answer, Task, Usage
from proveout.testing import check_family, make_splits, make_task


class Constant:
    """Always says the same; tests break it in one way each."""

    def __init__(self, card: CandidateCard, fault: str = "", built: int = 0) -> None:
        self.card = card
        self.fault = fault
        self.built = built
        self.calls = 0

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        self.calls += 1
        sure = {"confidence": 1.5, "batch": 0.1 * min(len(inputs), 9), "unsteady": 0.1 * (self.calls % 9)}
        guess = {"intent": "card"}
        usage = Usage(wall_seconds=-1.0 if self.fault == "usage" else 0.0)
        one = Answer(output=guess, guess=guess, confidence=sure.get(self.fault, 0.5), usage=usage)
        return [one] * (len(inputs) + (self.fault == "count"))

    def save(self, folder: Path) -> None:
        (folder / "a.txt").write_text(str(self.built) if self.fault == "bytes" else "x", encoding="utf-8")


class ConstantFamily:
    name = "constant"

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.builds = 0

    @property
    def candidate(self) -> Any:
        return self

    def fits(self, task: Task) -> Fit:
        return Fit(ok=self.fault != "fit", reason="it will not")

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Constant:
        self.builds += 1
        name = "another" if self.fault == "card" else self.name
        self.last = card_of(name, task, run)
        return Constant(self.last, self.fault, self.builds)

    def load(self, folder: Path, cache: Path) -> Constant:
        return Constant(self.last, "confidence" if self.fault == "load" else self.fault)


def test_a_sound_family_passes(tmp_path: Path) -> None:
    check_family(ConstantFamily(), make_task(), make_splits(), tmp_path)


@pytest.mark.parametrize("fault", ["fit", "card", "bytes", "load", "confidence", "batch", "unsteady", "usage", "count"])
def test_each_broken_promise_is_caught(tmp_path: Path, fault: str) -> None:
    with pytest.raises(AssertionError, match="a candidate"):
        check_family(ConstantFamily(fault), make_task(), make_splits(), tmp_path)
