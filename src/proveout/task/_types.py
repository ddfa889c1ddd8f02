"""Example, Answer, Evidence and Usage: what goes into a candidate and what comes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = ["Answer", "Citation", "Evidence", "Example", "Neighbour", "Step", "Usage"]

Json = dict[str, Any]


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input with optional expected output, time, segment and provenance.

    Attributes:
        id: unique within a snapshot.
        inputs: input fields by name, as the task's input schema says.
        expected: the right output, an object as the task's output schema says; None when unlabelled.
        incumbent: what the incumbent answered in production, if recorded.
        time: when the request was made.
        segment: the part of the traffic it belongs to (a customer tier, a language).
        session: rows of one session are dependent and stay in one split.
        provenance: where it was read: ``train.csv:12``.
        relevant: paths, file names or ids of the documents that the right answer stands in, where known.
        meta: anything else the source held; candidates never see it.

    Example:
        >>> Example(id="1", inputs={"text": "where is my card?"}, expected={"intent": "card_arrival"}).inputs["text"]
        'where is my card?'
    """

    id: str
    inputs: Json
    expected: Json | None = None
    incumbent: Json | None = None
    time: datetime | None = None
    segment: str | None = None
    session: str | None = None
    provenance: str = ""
    relevant: tuple[str, ...] = ()
    meta: Json = {}


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer took. Values add up with ``+``.

    Attributes:
        tokens_in: prompt tokens.
        tokens_out: completion tokens.
        cpu_seconds: processor time on this machine.
        wall_seconds: elapsed time.
        usd: money paid to a provider, in US dollars; CPU time is priced by ``economics``, not here.
        cached: how many of the answers were read from the answer cache: tokens, seconds and money are then those of
            the call that was paid for, which is what serving costs; nothing was paid again.
        estimated: how many of the answers have tokens that were estimated, because the provider counted none.

    Example:
        >>> (Usage(tokens_in=3) + Usage(tokens_in=4, usd=0.5)).tokens_in
        7
    """

    tokens_in: int = 0
    tokens_out: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    usd: float = 0.0
    cached: int = 0
    estimated: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            wall_seconds=self.wall_seconds + other.wall_seconds,
            usd=self.usd + other.usd,
            cached=self.cached + other.cached,
            estimated=self.estimated + other.estimated,
        )


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """A span of one version of one document. ``start`` and ``end`` count characters, end exclusive."""

    document: str
    fingerprint: str
    start: int
    end: int


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A labelled example an answer leans on, with its content fingerprint and cosine similarity."""

    example: str
    fingerprint: str
    similarity: float
    output: Json


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a trace: its name, what it produced and the seconds it took."""

    name: str
    output: Any
    wall_seconds: float = 0.0


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer stands on.

    Attributes:
        citations: passages of documents.
        neighbours: labelled examples, nearest first.
        proof: a proof tree, in the form its checker reads; None when there is none.
        trace: the steps taken, in order.
        alternatives: the labels one of which is right with the probability the candidate's card states, likeliest
            first; empty when one label is likely enough alone.
        note: one line a person can read: ``"replayed from a simulated incumbent"``.
    """

    citations: tuple[Citation, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    proof: Json | None = None
    trace: tuple[Step, ...] = ()
    alternatives: tuple[str, ...] = ()
    note: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Output, confidence, Evidence and Usage; or an abstention with its reason.

    Attributes:
        output: the answer, an object as the task's output schema says; None when abstaining.
        guess: the best output were nothing rejected; equals ``output`` when not abstaining.
        confidence: calibrated probability in [0, 1] that ``guess`` is right.
        abstention: why there is no output: ``"out of scope"``, ``"low confidence"``, ``"empty input"``; "" when
            answering.

    Example:
        >>> Answer(guess={"intent": "oos"}, confidence=0.2, abstention="low confidence").abstained
        True
    """

    output: Json | None = None
    guess: Json | None = None
    confidence: float = 0.0
    abstention: str = ""
    evidence: Evidence = Evidence()
    usage: Usage = Usage()

    def __post_init__(self) -> None:
        if (self.output is None) != bool(self.abstention):
            raise ValueError("an answer has an output, or an abstention with its reason; never both or neither")

    @property
    def abstained(self) -> bool:
        """Whether it declined to answer."""
        return self.output is None
