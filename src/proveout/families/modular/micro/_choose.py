"""The sentence of some passages that answers a question, and whether it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.families._calibration import NEVER, Calibrator, fit_calibrator, rejection_threshold
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._types import Chosen, Passages
from proveout.families.retrieval._answer import FITTED, sentence_weights
from proveout.families.retrieval._reader import holds
from proveout.families.retrieval._sentences import FEATURES
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRow, MicroRows

__all__ = ["ChooseKind", "ChooseModel", "ChooseParameters"]

STATE = "choose.json"
DIGITS = 4


class ChooseParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``choose``: there are none."""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """Weights of a sentence's features, and what was chosen on held-out rows."""

    weights: tuple[float, ...]
    calibrator: Calibrator
    threshold: float
    chosen: dict[str, Any]


class ChooseModel:
    """Scores sentences by a weighted sum of what speaks for them."""

    def __init__(self, state: _State) -> None:
        self._state = state

    @property
    def chosen(self) -> dict[str, Any]:
        """Weights and threshold, and the rows they were chosen on."""
        return self._state.chosen

    def __call__(self, found: Passages) -> Chosen:
        """The likeliest sentence of one question's passages."""
        if not found.sentences:
            return Chosen()
        scores = _scores(found, self._state.weights)
        best = int(np.argmax(scores))
        sure = round(float(self._state.calibrator(scores[best : best + 1])[0]), DIGITS)
        sentence = found.sentences[best]
        answers = bool(scores[best] >= self._state.threshold)
        return Chosen(text=sentence.text, citation=sentence.citation, confidence=sure, answers=answers)

    def save(self, folder: Path) -> None:
        """Write the state."""
        (folder / STATE).write_bytes(canonical_json(self._state))

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        del encoders
        return cls(msgspec.json.decode((folder / STATE).read_bytes(), type=_State))


@micro_kind("choose")
class ChooseKind:
    """Needs the micro-model ``search``, by which questions of the rows are looked up."""

    name = "choose"
    model: type[MicroModel] = ChooseModel
    reads = frozenset({"text", "answer", "labelled"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters, checked."""
        del run
        return dict(msgspec.to_builtins(checked_parameters(given, ChooseParameters, self.name)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> ChooseModel:
        """Fit the weights on the TrainSplit; calibrate, and place the threshold, on the SelectSplit."""
        del parameters
        train = _looked_up(rows.train[:FITTED], needs["search"], run)
        held = _looked_up(rows.select, needs["search"], run)
        weights = sentence_weights(
            (np.array([one.features for one in found.sentences]), _held(found, answer), bool(answer))
            for found, answer in train
        )
        inside, outside = _best(held, weights)
        scores = np.array([score for score, _ in inside])
        right = np.array([is_right for _, is_right in inside], dtype=bool)
        threshold = rejection_threshold(scores, right, np.array(outside))
        chosen: dict[str, Any] = {"weights": dict(zip(FEATURES, weights, strict=True)), "chosen_on": "train"}
        if threshold != NEVER:
            chosen["threshold"] = {"value": threshold, "chosen_on": "select"}
        calibrator = fit_calibrator(scores, right)
        return ChooseModel(_State(weights=weights, calibrator=calibrator, threshold=threshold, chosen=chosen))


def _scores(found: Passages, weights: Sequence[float]) -> Any:
    return np.array([one.features for one in found.sentences]) @ np.array(weights)


def _looked_up(rows: Sequence[MicroRow], search: MicroModel, run: MicroRun) -> list[tuple[Passages, Any]]:
    """Passages and expected answer of each labelled question that finds any."""
    found = []
    for done, row in enumerate(rows):
        run.progress("reading questions", done, len(rows))
        passages: Passages = search(row.text) if row.labelled and row.text.strip() else Passages()
        if passages.sentences:
            found.append((passages, row.answer))
    run.progress("reading questions", len(rows), len(rows))
    return found


def _held(found: Passages, answer: Any) -> Any:
    return np.array([holds(one.text, answer) for one in found.sentences], dtype=bool)


def _best(
    looked: Sequence[tuple[Passages, Any]], weights: Sequence[float]
) -> tuple[list[tuple[float, bool]], list[float]]:
    """(score, right) of the best sentence of answerable questions, and the score of the others."""
    inside, outside = [], []
    for found, answer in looked:
        scores = _scores(found, weights)
        best = int(np.argmax(scores))
        if answer:
            inside.append((float(scores[best]), holds(found.sentences[best].text, answer)))
        else:
            outside.append(float(scores[best]))
    return inside, outside
