"""How much support a written sentence needs: chosen on rows of the SelectSplit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from proveout.families._calibration import NEVER, Calibrator, fit_calibrator, rejection_threshold
from proveout.families.llm._build import CALIBRATION_ROWS, share_right
from proveout.families.llm._prompt import pool_of
from proveout.families.retrieval._reader import LookedUp, PageReader, answer_field, holds
from proveout.families.retrieval._support import FEATURES, WEIGHTS, Support

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.families.llm._cache import Paid
    from proveout.task import Example, Prices, Task

__all__ = ["PLAIN", "Checked", "Measured", "Trust", "measure"]

DIGITS = 4
# With fewer sentences of either sort nothing is chosen on them; with fewer answers confidence is the share right.
FEWEST = 10
FEWEST_ANSWERS = 20


class Trust(msgspec.Struct, frozen=True):
    """The least score a sentence needs, and what a score means.

    Attributes:
        threshold: a sentence of a lower score is removed.
        calibrator: from a score to the probability that the sentence belongs to its passages.
    """

    threshold: float
    calibrator: Calibrator

    def keeps(self, one: Support) -> bool:
        """Whether a sentence is given."""
        return not one.problem and one.score >= self.threshold

    def probability(self, one: Support) -> float:
        """That a sentence belongs to its passages; 0 where a rule forbids it."""
        return 0.0 if one.problem else round(float(self.calibrator(np.array([one.score]))[0]), DIGITS)

    def reason(self, one: Support) -> str:
        """Why a sentence is not given.

        Example:
            >>> PLAIN.reason(Support(score=0.3))
            'no passage says so: support 0.30 is below 0.60'
        """
        low = f"no passage says so: support {one.score:.2f} is below {self.threshold:.2f}"
        return one.problem or "; ".join(part for part in (one.doubt, low) if part)


# Without rows to choose on: even odds at a score of 0.6.
PLAIN = Trust(0.6, Calibrator(20.0, -12.0))


class Checked(msgspec.Struct, frozen=True):
    """What was written for one question: the answer's text, its sentences, and the support of each."""

    question: str
    looked: LookedUp
    text: str
    claims: list[str]
    supports: list[Support]


class Writes(Protocol):
    """What asks a model and checks what it writes."""

    def ask(
        self,
        inputs: Sequence[Mapping[str, Any]],
        looked: Sequence[LookedUp],
        progress: Callable[[int, int], None] = ...,
    ) -> list[Paid]:
        """What the model says to each input with the passages found for it."""
        ...

    def checked(self, question: str, looked: LookedUp, paid: Paid) -> Checked:
        """What was written for a question, and how well passages support it."""
        ...

    def support(self, question: str, claim: str, looked: LookedUp) -> Support:
        """How well passages support one sentence."""
        ...


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What rows of the SelectSplit said."""

    trust: Trust
    chosen: bool
    sentences: tuple[int, int]
    confidence: float
    calibrator: Calibrator | None
    rows: int
    paid: list[Any]

    def parameters(self, prices: Prices) -> dict[str, Any]:
        """What the card says of it."""
        chosen_on = f"select: {self.sentences[0]} sentences, and {self.sentences[1]} held against other passages"
        usd = sum(prices.usd(one.completion.tokens_in, one.completion.tokens_out) for one in self.paid)
        how = "least support, Platt scaling" if self.calibrator else "share right"
        return {
            "support": {
                "value": self.trust.threshold,
                "weights": dict(zip(FEATURES, WEIGHTS, strict=True)),
                "chosen_on": chosen_on if self.chosen else "nothing: too few sentences of select",
            },
            "confidence": {"value": self.confidence, "from": how, "chosen_on": f"{self.rows} rows of select"},
            "build_usd": {"value": round(usd, 6), "calls": len(self.paid)},
        }


def measure(
    writer: Writes, reader: PageReader, task: Task, examples: Sequence[Example], progress: Callable[[int, int], None]
) -> Measured:
    """Ask labelled rows, and see which support tells their own passages from those of other questions.

    A sentence of a right answer should be supported by the passages it was written from, and not by passages of other
    documents, found for other questions. The threshold removes as many of the latter as it can while it keeps 99 % of
    the former.
    """
    rows = [one for one in pool_of(examples) if task.text(one.inputs).strip()][:CALIBRATION_ROWS]
    seen = [(row, looked) for row in rows if (looked := reader.look_up(task.text(row.inputs))).sentences]
    paid = writer.ask([row.inputs for row, _ in seen], [looked for _, looked in seen], progress)
    checked = [
        writer.checked(task.text(row.inputs), looked, one) for (row, looked), one in zip(seen, paid, strict=True)
    ]
    field = answer_field(task)
    right = [
        holds(one.text, (row.expected or {}).get(field))
        for one, row in zip(checked, (row for row, _ in seen), strict=True)
    ]
    own = [
        item.score for one, hit in zip(checked, right, strict=True) if hit for item in one.supports if not item.problem
    ]
    other = [item.score for item in _held_against_others(writer, checked)]
    trust = _trust(own, other)
    least = [
        (min(item.score for item in one.supports), hit) for one, hit in zip(checked, right, strict=True) if one.claims
    ]
    return Measured(
        trust=trust or PLAIN,
        chosen=trust is not None,
        sentences=(len(own), len(other)),
        confidence=round(share_right(right), DIGITS),
        calibrator=_calibrator(least),
        rows=len(rows),
        paid=paid,
    )


def _held_against_others(writer: Writes, checked: Sequence[Checked]) -> list[Support]:
    """Each sentence against what was found for the next question, in other documents than the one it is from."""
    found = []
    for one, two in zip(checked, [*checked[1:], *checked[:1]], strict=True):
        for claim, own in zip(one.claims, one.supports, strict=True):
            path = one.looked.hits[own.hit].path
            others = [item for item in two.looked.sentences if two.looked.hits[item.hit].path != path]
            looked = msgspec.structs.replace(two.looked, sentences=others)
            found += [writer.support(one.question, claim, looked)] if others else []
    return found


def _trust(own: Sequence[float], other: Sequence[float]) -> Trust | None:
    if min(len(own), len(other)) < FEWEST:
        return None
    inside, outside = np.array(own), np.array(other)
    threshold = rejection_threshold(inside, np.ones(len(inside), dtype=bool), outside)
    if threshold == NEVER:
        return None
    scores = np.concatenate([inside, outside])
    belongs = np.arange(len(scores)) < len(inside)
    return Trust(round(threshold, DIGITS), fit_calibrator(scores, belongs))


def _calibrator(least: Sequence[tuple[float, bool]]) -> Calibrator | None:
    if len(least) < FEWEST_ANSWERS:
        return None
    scores, right = zip(*least, strict=True)
    return fit_calibrator(np.array(scores), np.array(right))
