"""A mixture: all candidates answer, and the output with most weight goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.families import Calibrator, CandidateCard, fit_calibrator, route
from proveout.families.modular.graph import Graph, StepSpec, run_graph
from proveout.release._parts import Judged, Part, guess_key, load_part, merged, said_step, shared_card
from proveout.task import Answer, canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["MixtureCandidate", "build_mixture"]

NAME, STATE = "mixture", "mixture.json"
# Confidence is never taken for certainty: one sure candidate may not outvote all others for ever.
SUREST = 0.995
DIGITS = 4
# Points from which an answer counts as right; labels have 0 or 1.
RIGHT = 0.5


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """The card and the calibrator; the card names the candidates."""

    card: CandidateCard
    calibrator: Calibrator


class _Asks:
    """A step that asks one candidate."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self.version = part.id

    def __call__(self, rows: list[dict[str, Any]]) -> list[Answer]:
        """Its answers, in order."""
        return self._part.candidate.answer(rows)


class Vote(msgspec.Struct, frozen=True):
    """Whose output goes out, and by how much its weight is above that of the next output."""

    winner: str
    margin: float


class _Weighs:
    """A step that weighs the answers of all candidates against each other."""

    def __init__(self, outputs: int) -> None:
        self._outputs = outputs
        self.version = f"log-odds of {outputs} outputs"

    def __call__(self, **said: list[Answer]) -> list[Vote]:
        """One vote a row."""
        names = sorted(said)
        rows = range(len(said[names[0]]))
        return [vote({name: said[name][row] for name in names}, self._outputs) for row in rows]


def vote(answers: Mapping[str, Answer], outputs: int = 2) -> Vote:
    """Whose output goes out: each output has the weights of those who give it.

    The weight of a voter who is right with probability p, and else gives any of the k - 1 other outputs as likely, is
    log(p / (1 - p)) + log(k - 1): the likelihood ratio of its output against another, so that the sum is best for
    independent voters. For two outputs these are the weights of Nitzan and Paroush, International Economic Review 23
    (1982) 289-297.

    Args:
        answers: by name of the voter.
        outputs: how many different ones there are; two at least.

    Example:
        >>> def says(label, confidence):
        ...     return Answer(output={"y": label}, guess={"y": label}, confidence=confidence)
        >>> vote({"a": says("x", 0.9), "b": says("z", 0.6), "c": says("z", 0.6)}).winner
        'a'
        >>> vote({"a": says("x", 0.5), "b": says("z", 0.4), "c": says("z", 0.4)}, outputs=77).winner
        'c'
    """
    others = float(np.log(max(outputs, 2) - 1))
    weights: dict[bytes | None, float] = {}
    for answer in answers.values():
        key = guess_key(answer)
        weights[key] = weights.get(key, 0.0) + (_log_odds(answer) + others if key is not None else 0.0)
    ranked = sorted((weight for key, weight in weights.items() if key is not None), reverse=True)
    if not ranked:
        return Vote(next(iter(answers)), 0.0)
    best = max((key for key in weights if key is not None), key=lambda key: (weights[key], key))
    backers = {name: answer for name, answer in answers.items() if guess_key(answer) == best}
    winner = max(backers, key=lambda name: (not backers[name].abstained, backers[name].confidence, name))
    return Vote(winner, ranked[0] - (ranked[1] if len(ranked) > 1 else 0.0))


def _log_odds(answer: Answer) -> float:
    sure = float(np.clip(answer.confidence, 1 - SUREST, SUREST))
    return float(np.log(sure / (1 - sure)))


class MixtureCandidate:
    """A route on which every candidate is asked and paid."""

    def __init__(self, card: CandidateCard, calibrator: Calibrator, parts: Sequence[Part]) -> None:
        self._card, self._calibrator = card, calibrator
        self._ids = {part.family: part.id for part in parts}
        self.graph = mixture_graph(parts, card.parameters["outputs"]["value"])

    @property
    def card(self) -> CandidateCard:
        """What its candidates are tied to."""
        return self._card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The output with most weight, with the evidence of the surest candidate that gives it."""
        found = run_graph(self.graph, {"rows": [dict(one) for one in inputs]})
        said = {name: found.outputs[name] for name in self._ids}
        return [
            self._merged({name: said[name][row] for name in self._ids}, one) for row, one in enumerate(found.output)
        ]

    def _merged(self, said: Mapping[str, Answer], found: Vote) -> Answer:
        final = said[found.winner]
        sure = 0.0 if guess_key(final) is None else round(float(self._calibrator(np.array([found.margin]))[0]), DIGITS)
        others = [answer for name, answer in said.items() if name != found.winner]
        steps = [said_step(name, answer) for name, answer in said.items()]
        backers = sum(guess_key(answer) == guess_key(final) for answer in said.values())
        note = f"{backers} of {len(said)} agree."
        return msgspec.structs.replace(merged(final, self._ids[found.winner], steps, others, note), confidence=sure)

    def save(self, folder: Path) -> None:
        """Write card and calibrator; the candidates are stored beside the route."""
        (folder / STATE).write_bytes(canonical_json(_State(card=self._card, calibrator=self._calibrator)))

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote, and the candidates beside it."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        parts = [load_part(folder, one, cache) for one in state.card.parameters["candidates"]]
        return cls(state.card, state.calibrator, parts)


def mixture_graph(parts: Sequence[Part], outputs: int) -> Graph:
    """A mixture as a graph: candidates side by side, and one step that weighs what they say of so many outputs."""
    asks = [StepSpec(name=part.family, run=_Asks(part), takes={"rows": "input.rows"}) for part in parts]
    weighs = StepSpec(name="vote", run=_Weighs(outputs), takes={step.name: step.name for step in asks})
    return Graph(NAME, takes={"rows": list[dict[str, Any]]}, steps=[*asks, weighs], gives="vote")


def build_mixture(parts: Sequence[Part], judged: Sequence[Judged]) -> MixtureCandidate:
    """A mixture whose confidence is calibrated on the rows that its candidates were judged on.

    Args:
        parts: candidates, in any order.
        judged: what each of them said to the same rows of the SelectSplit.
    """
    names = [part.family for part in parts]
    guesses = {key for one in judged for answer in one.answers if (key := guess_key(answer)) is not None}
    outputs = max(len(guesses), 2)
    margins, right = [], []
    for row in sorted(set(range(len(judged[0].points))) - set(judged[0].outside)):
        found = vote({name: one.answers[row] for name, one in zip(names, judged, strict=True)}, outputs)
        winner = judged[names.index(found.winner)]
        if guess_key(winner.answers[row]) is not None:
            margins.append(found.margin)
            right.append(winner.points[row] >= RIGHT)
    calibrator = fit_calibrator(np.array(margins), np.array(right, dtype=bool))
    chosen = {"outputs": {"value": outputs, "chosen_on": "select"}}
    return MixtureCandidate(shared_card(NAME, parts, chosen), calibrator, parts)


@route(NAME)
def _mixture() -> type[MixtureCandidate]:
    return MixtureCandidate
