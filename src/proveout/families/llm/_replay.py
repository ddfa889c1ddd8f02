"""llm by replay: recorded or simulated answers of the incumbent, marked as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.families._incumbent import Recorded
from proveout.families._protocol import CandidateCard
from proveout.task import Answer, Evidence, Usage, canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["ReplayCandidate"]

FILE = "answers.json"


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """The card, the confidence all answers get, and the answers by content hash of the input."""

    card: CandidateCard
    confidence: float
    note: str
    answers: dict[str, Recorded]


class ReplayCandidate:
    """Answers as they were given; an input that was never seen is an abstention."""

    def __init__(self, state: _State) -> None:
        self._state = state

    @classmethod
    def of(cls, card: CandidateCard, answers: dict[str, Recorded], *, confidence: float, note: str) -> Self:
        """A replay of ``answers``, all with one confidence: none was recorded with them."""
        return cls(_State(card=card, confidence=round(confidence, 4), note=note, answers=answers))

    @property
    def card(self) -> CandidateCard:
        """What it is tied to; ``simulated`` says whether its answers are."""
        return self._state.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The recorded answers, with the latency and price they had."""
        return [self._one(one) for one in inputs]

    def _one(self, inputs: Mapping[str, Any]) -> Answer:
        found = self._state.answers.get(content_hash(inputs))
        evidence = Evidence(note=self._state.note)
        if found is None:
            return Answer(abstention="not recorded", evidence=evidence)
        usage = Usage(wall_seconds=found.wall_seconds, usd=found.usd)
        shared: dict[str, Any] = {"confidence": self._state.confidence, "evidence": evidence, "usage": usage}
        return Answer(output=found.output, guess=found.output, **shared)

    def save(self, folder: Path) -> None:
        """Write the answers."""
        (folder / FILE).write_bytes(canonical_json(self._state))

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        del cache
        return cls(msgspec.json.decode((folder / FILE).read_bytes(), type=_State))
