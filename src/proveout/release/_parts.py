"""What routes share: the candidates they are made of, what those say, and how answers become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families import Candidate, load_from
from proveout.task import Answer, Step, canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families import CandidateCard

__all__ = ["ROUTED", "Judged", "Part", "answer_key", "guess_key", "load_part", "merged", "said_step", "shared_card"]

# Kind of a proof that one of a route's candidates gave.
ROUTED = "routed"


class Part(msgspec.Struct, frozen=True):
    """One candidate of a route, ready to answer."""

    id: str
    candidate: Candidate

    @property
    def family(self) -> str:
        """The name under which it stands in a graph and in a trace."""
        return self.candidate.card.family


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What one candidate says to the rows a route is tuned on.

    Attributes:
        answers: one a row.
        points: how right each guess is, from 0 to 1; of a row that is out of scope, 1 where it is left without an
            answer.
        outside: numbers of the rows that are out of scope.
    """

    answers: tuple[Answer, ...]
    points: tuple[float, ...]
    outside: tuple[int, ...] = ()


def answer_key(output: Mapping[str, Any] | None) -> bytes | None:
    """What two answers must share to say the same.

    Example:
        >>> answer_key({"b": 1, "a": 2}) == answer_key({"a": 2, "b": 1})
        True
    """
    return None if output is None else canonical_json(dict(output))


def guess_key(answer: Answer) -> bytes | None:
    """What an answer says, were nothing rejected; None where it says nothing.

    Example:
        >>> guess_key(Answer(output={"a": 1})) == guess_key(Answer(guess={"a": 1}, abstention="unsure"))
        True
    """
    return answer_key(answer.output if answer.guess is None else answer.guess)


def load_part(route: Path, identifier: str, cache: Path) -> Part:
    """A candidate of a route, which is stored beside it.

    Raises:
        CandidateNotFound: it is not there any more.
        ArtifactCorrupt: a file of it was altered.
    """
    return Part(identifier, load_from(route.parent / identifier, cache))


def shared_card(name: str, parts: Sequence[Part], parameters: Mapping[str, Any]) -> CandidateCard:
    """The card of a route: what its first candidate is tied to, and simulated where any of them is."""
    return msgspec.structs.replace(
        parts[0].candidate.card,
        family=name,
        parameters={"candidates": [part.id for part in parts], **parameters},
        simulated=any(part.candidate.card.simulated for part in parts),
    )


def said_step(family: str, answer: Answer) -> Step:
    """What one candidate said, as a step of the route's trace."""
    output = {"guess": answer.guess, "confidence": answer.confidence, "abstention": answer.abstention}
    return Step(name=family, output=output, wall_seconds=answer.usage.wall_seconds)


def merged(final: Answer, by: str, steps: Sequence[Step], others: Sequence[Answer], note: str) -> Answer:
    """The answer a route gives: ``final``, with the trace of all who were asked, and all that they took.

    Args:
        final: the answer that counts.
        by: id of the candidate that gave it; a proof is checked against that one's files.
        steps: who said what, in order; those of ``final`` itself stand behind.
        others: who was asked too, and is paid too.
        note: put before that of ``final``.
    """
    usage = final.usage
    for answer in others:
        usage = usage + answer.usage
    trace = (*steps, *final.evidence.trace)
    notes = " ".join(filter(None, (note, final.evidence.note)))
    proof = final.evidence.proof and {"kind": ROUTED, "by": by, "proof": final.evidence.proof}
    evidence = msgspec.structs.replace(final.evidence, trace=trace, note=notes, proof=proof)
    return msgspec.structs.replace(final, evidence=evidence, usage=usage)
