"""symbolic for kind ``classify`` without a policy: an induced rule list that answers, and cites the rule that fired."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold, threshold_parameter
from proveout.families._labels import labelled, require_labels
from proveout.families._protocol import CandidateCard, card_of
from proveout.families._serving import answer_labels
from proveout.families.symbolic.induced._induce import induce, precision_of
from proveout.families.symbolic.induced._rules import DOCUMENT, Matcher, RuleList, read_rules, written_rules
from proveout.task import Evidence, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun
    from proveout.families.symbolic.induced._rules import Fired
    from proveout.task import Answer, Task

    Array = np.ndarray[Any, Any]

__all__ = ["RuleCandidate", "build_rules", "proof_of", "wilson_bounds"]

NAME = "symbolic"
STATE = "induced.json"
CONFIDENCE = 1.959963984540054
# Log-odds of the default, which nothing in the text speaks for.
UNFIRED = -5.0
LEAST_SLOPE = 0.3


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the candidate needs besides its rules."""

    card: CandidateCard
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    calibrator: Calibrator
    threshold: float


class RuleCandidate:
    """Answers with the label of the first rule that fires; the proof shows it, and that no earlier one did."""

    def __init__(self, state: _State, rules: RuleList) -> None:
        self._state = state
        self._matcher = Matcher(rules)
        self.rules = rules

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The label of each input with its proof, or an abstention where no rule is sure enough."""
        texts = [input_text(self._state.fields, one) for one in inputs]
        return answer_labels(self.rules.target, texts, self._choose)

    def _choose(self, texts: Sequence[str]) -> list[tuple[str, float, bool, Evidence]]:
        chosen = []
        for text in texts:
            fired = self._matcher.fire(text)
            score = _score(self.rules, fired.at)
            sure = float(self._state.calibrator(np.array([score]))[0])
            proof = proof_of(self.rules, fired)
            rejected = score < self._state.threshold or fired.at == len(self.rules.rules)
            chosen.append((proof["label"], sure, rejected, Evidence(proof=proof, note=_note(self.rules, fired))))
        return chosen

    def save(self, folder: Path) -> None:
        """Write ``rules.yaml`` and the rest of its state."""
        (folder / DOCUMENT).write_bytes(written_rules(self.rules))
        (folder / STATE).write_bytes(canonical_json(self._state))

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a candidate of this class was saved there."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        del cache
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, read_rules((folder / DOCUMENT).read_bytes(), state.labels))


def proof_of(rules: RuleList, fired: Fired) -> dict[str, Any]:
    rule = rules.rules[fired.at] if fired.at < len(rules.rules) else None
    return {
        "kind": "rules",
        "rule": rule.id if rule else "default",
        "label": rule.then if rule else rules.default,
        "matched": [
            {"concept": concept, "term": term, "start": start, "end": end}
            for concept, (term, start, end) in zip(rule.all if rule else (), fired.matched, strict=True)
        ],
        "missing": list(fired.missing),
    }


def _note(rules: RuleList, fired: Fired) -> str:
    if fired.at == len(rules.rules):
        return "no rule fires"
    rule = rules.rules[fired.at]
    low, high = wilson_bounds(rule.select.right, rule.select.fired)
    when = " and ".join(f"{term!r}" for term, _, _ in fired.matched)
    counts = f"{rule.select.right} of {rule.select.fired} held-out rows, {low:.0%} to {high:.0%}"
    return f"rule {rule.id}: {when}: right on {counts}"


def wilson_bounds(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share; all of it for no rows (Wilson 1927).

    Example:
        >>> [round(bound, 3) for bound in wilson_bounds(95, 100)], wilson_bounds(0, 0)
        ([0.888, 0.978], (0.0, 1.0))
    """
    if n == 0:
        return 0.0, 1.0
    share, square = right / n, CONFIDENCE**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    spread = CONFIDENCE / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(middle - spread, 0.0), min(middle + spread, 1.0)


def _score(rules: RuleList, at: int, *, held_right: bool | None = None) -> float:
    """Log-odds of the precision of the rule at a place; of a held-out row, without that row."""
    if at == len(rules.rules):
        return UNFIRED
    left_out = (0, 0) if held_right is None else (int(held_right), 1)
    precision = precision_of(rules.rules[at], *left_out)
    return math.log(precision / (1 - precision))


def build_rules(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> RuleCandidate:
    """Induce rules on the TrainSplit; order, prune, calibrate and choose the threshold on ``select``.

    Raises:
        BuildFailed: the TrainSplit holds fewer than two labels.
    """
    rows, held = labelled(task, train.examples), labelled(task, select.examples)
    require_labels(rows, NAME)
    rules = induce((rows.texts, rows.labels), (held.texts, held.labels), rows.outside, task.target, run.progress)
    scores, right = _judged(rules, held.texts, held.labels)
    outside = _judged(rules, [*rows.outside, *held.outside], [""] * (len(rows.outside) + len(held.outside)))[0]
    wrong = np.concatenate([scores[~right], outside])
    threshold = rejection_threshold(scores[right], right[right], wrong)
    card = card_of(
        NAME,
        task,
        run,
        rules={"value": len(rules.rules), "chosen_on": "select"},
        concepts={"value": len(rules.concepts), "chosen_on": "train"},
        **threshold_parameter(threshold),
    )
    state = _State(
        card=card,
        fields=tuple(task.input_fields),
        labels=tuple(sorted(set(rows.labels))),
        calibrator=_calibrator(scores, right),
        threshold=threshold,
    )
    return RuleCandidate(state, rules)


def _calibrator(scores: Array, right: Array) -> Calibrator:
    """Fitted; where held-out rows hold no error that says how confidence falls, the rules' own precision counts."""
    fitted = fit_calibrator(scores, right)
    return fitted if fitted.slope >= LEAST_SLOPE else Calibrator(1.0, 0.0)


def _judged(rules: RuleList, texts: Sequence[str], labels: Sequence[str]) -> tuple[Array, Array]:
    matcher = Matcher(rules)
    scores, right = [], []
    for text, label in zip(texts, labels, strict=True):
        at = matcher.first(text)
        is_right = label == (rules.rules[at].then if at < len(rules.rules) else rules.default)
        scores.append(_score(rules, at, held_right=is_right if label else None))
        right.append(is_right)
    return np.array(scores, dtype=np.float64), np.array(right, dtype=bool)
