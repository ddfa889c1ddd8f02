"""What micro-models give: plain data, so that each result can be checked, written down and replaced."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from proveout.task import Citation

__all__ = [
    "Chosen",
    "Decision",
    "FoundSentence",
    "Intent",
    "Passages",
    "Reply",
    "Scope",
    "Slot",
    "Slots",
    "Value",
    "ValueKind",
    "Values",
]

ValueKind = Literal["date", "time", "datetime", "money", "number", "duration", "text"]


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a text asks for.

    Attributes:
        label: the likeliest intent.
        confidence: calibrated probability that it is right.
        domain: of the intent; "" where intents have none.
        alternatives: intents one of which is right with the probability the model was fitted for, likeliest first;
            empty where one is likely enough alone.
    """

    label: str
    confidence: float = 0.0
    domain: str = ""
    alternatives: tuple[str, ...] = ()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a text is one the models were made for.

    Attributes:
        inside: it is.
        score: higher means more like the texts seen; ``inside`` where it is at least 0.
    """

    inside: bool
    score: float = 0.0


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A value in a text: characters from ``start`` to ``end``, exclusive, and the probability the model gives it."""

    name: str
    start: int
    end: int
    text: str
    confidence: float = 1.0


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a text, from left to right, and the calibrated probability that all of them are right."""

    slots: tuple[Slot, ...] = ()
    confidence: float = 0.0


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A slot's value as a type.

    Attributes:
        name: of the slot.
        text: as it was written.
        kind: of the value; ``text`` where it could be read as nothing else.
        value: a number, or a text: ``2026-01-31``, ``15:00``, ``2026-01-31T15:00``.
        unit: of money, its currency; of a duration, ``day``, ``hour``, ``minute`` or ``second``; else "".
        grain: of a date: ``day``, ``week``, ``month`` or ``year``, the rest of it being that of the reference day.
        doubtful: it has another reading, or is hedged.
    """

    name: str
    text: str
    kind: ValueKind = "text"
    value: int | float | str = ""
    unit: str = ""
    grain: str = ""
    doubtful: bool = False


class Values(msgspec.Struct, frozen=True):
    """The values of a text, as types, from left to right."""

    values: tuple[Value, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy makes of a case.

    Attributes:
        decision: "" where there is none.
        abstention: why there is none; "" where there is one.
        guess: the likeliest decision, were something confirmed; equals ``decision`` where there is one.
        proof: JSON for the checker of decisions; None where there is none.
        note: one line a person can read.
    """

    decision: str = ""
    abstention: str = ""
    guess: str = ""
    proof: dict[str, Any] | None = None
    note: str = ""


class FoundSentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of a passage.

    Attributes:
        text: of it.
        citation: where it stands.
        passage: number of its passage.
        features: what speaks for it.
    """

    text: str
    citation: Citation
    passage: int
    features: tuple[float, ...]


class Passages(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for a question: passages, best first, and their sentences."""

    passages: tuple[Citation, ...] = ()
    sentences: tuple[FoundSentence, ...] = ()


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The sentence that is likeliest to answer a question.

    Attributes:
        text: of it; "" where nothing was found.
        citation: where it stands; None where nothing was found.
        confidence: calibrated probability that it holds the answer.
        answers: whether it is sure enough.
    """

    text: str = ""
    citation: Citation | None = None
    confidence: float = 0.0
    answers: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A text for a person.

    Attributes:
        text: the template with its placeholders filled.
        template: the label whose template it is; ``*`` where none has that label.
        missing: placeholders for which the fallback stands.
    """

    text: str
    template: str = ""
    missing: tuple[str, ...] = ()
