"""What an answer shows for itself, checked against the snapshot by code that had no part in answering."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.families import Claim, check_proof
from proveout.task import Answer, Citation, Example, Neighbour, Task, content_hash
from proveout.trial._scored import label_of
from proveout.trial._texts import Passages, is_supported, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from proveout.families import CandidateCard

__all__ = ["EvidenceChecker", "Evidenced", "learned_rows"]

# A neighbour's vote grows by e for each 0.05 of cosine similarity, as the family that cites them states.
SHARPNESS = 20.0
LABELLED = ("classify", "decide")
Json = dict[str, Any]


class Evidenced(NamedTuple):
    """Of what kind the evidence is, ``none`` without any, and the problems it has; none when it is accepted."""

    kind: str
    problems: tuple[str, ...]


class EvidenceChecker(msgspec.Struct, frozen=True, kw_only=True):
    """Checks evidence.

    A proof is checked by the checker of its kind. Citations are accepted when each names a version of a document of the
    snapshot and characters that are there, and, for kind ``answer``, when the text stands in one of them or each of its
    sentences is supported. Neighbours are accepted when each is a row of the TrainSplit with that content and that
    output, nearest first, and their vote gives the output; similarities are taken as stated.

    Attributes:
        task: of any kind.
        versions: the fingerprints a citation of a document may carry, by path.
        passages: reads the span that a citation names; None without documents.
        learned: rows of the TrainSplit by id, with the fingerprint of their content.
    """

    task: Task
    versions: Callable[[str], frozenset[str]]
    passages: Passages | None
    learned: Mapping[str, tuple[str, Example]]

    def check(self, example: Example, answer: Answer, card: CandidateCard, folder: Path) -> Evidenced:
        """The evidence of one definite answer."""
        evidence = answer.evidence
        output = answer.output or {}
        if evidence.proof is not None:
            claim = Claim(inputs=example.inputs, output=output, proof=evidence.proof, folder=folder)
            return Evidenced("proof", check_proof(claim))
        if evidence.citations:
            return Evidenced("citations", self._citations(evidence.citations, output))
        if evidence.neighbours:
            return Evidenced("neighbours", self._neighbours(evidence.neighbours, output, card))
        return Evidenced("none", ("it shows no evidence",))

    def _citations(self, cited: Sequence[Citation], output: Json) -> tuple[str, ...]:
        spans = [self._span(one) for one in cited]
        problems = [f"citation {number} names nothing" for number, span in enumerate(spans) if span is None]
        text = text_of(self.task, output) if self.task.kind == "answer" else None
        read = [span for span in spans if span is not None]
        if text is not None and not any(text in span for span in read) and not is_supported(text, read):
            problems.append("no cited span supports the answer")
        return tuple(problems)

    def _span(self, cited: Citation) -> str | None:
        """The characters cited; None when the document, the version or the characters are not there."""
        if self.passages is None or cited.fingerprint not in self.versions(cited.document):
            return None
        span = self.passages(cited) if 0 <= cited.start < cited.end else None
        return span if span is not None and len(span) == cited.end - cited.start else None

    def _neighbours(self, near: Sequence[Neighbour], output: Json, card: CandidateCard) -> tuple[str, ...]:
        problems = [f"neighbour {number} is no such row" for number, one in enumerate(near) if not self._is_row(one)]
        if len({one.example for one in near}) != len(near):
            problems.append("a neighbour is cited twice")
        values = [one.similarity for one in near]
        if values != sorted(values, reverse=True) or not all(-1 <= value <= 1 for value in values):
            problems.append("the neighbours are not in the order of their similarity")
        if self.task.kind not in LABELLED:
            problems.append("neighbours prove nothing where an answer is more than a label")
        elif self._voted(near[: _count(card) or len(near)]) != label_of(self.task, output):
            problems.append("the vote of the cited neighbours gives another output")
        return tuple(problems)

    def _is_row(self, near: Neighbour) -> bool:
        fingerprint, example = self.learned.get(near.example, ("", None))
        said = None if example is None else example.expected or example.incumbent
        return fingerprint == near.fingerprint and label_of(self.task, said) == label_of(self.task, near.output)

    def _voted(self, near: Sequence[Neighbour]) -> str | None:
        votes: dict[str | None, float] = defaultdict(float)
        for one in near:
            votes[label_of(self.task, one.output)] += math.exp(SHARPNESS * (one.similarity - 1))
        return max(votes, key=lambda label: votes[label]) if votes else None


def _count(card: CandidateCard) -> int:
    """How many neighbours vote, as the card states; 0 where it does not."""
    stated = card.parameters.get("neighbours")
    value = stated.get("value") if isinstance(stated, dict) else None
    return value if isinstance(value, int) else 0


def learned_rows(examples: Sequence[Example]) -> dict[str, tuple[str, Example]]:
    """Rows by id, with the fingerprint by which neighbours name their content.

    Example:
        >>> rows = learned_rows([Example(id="1", inputs={"text": "hi"}, expected={"y": "a"})])
        >>> len(rows["1"][0])
        16
    """
    return {one.id: (content_hash([one.inputs, one.expected or one.incumbent])[:16], one) for one in examples}
