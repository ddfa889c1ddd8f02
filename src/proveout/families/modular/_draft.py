"""What the last step of a graph gives: an answer without its trace and its usage."""

from __future__ import annotations

from typing import Any

import msgspec

from proveout.task import Citation

__all__ = ["Draft"]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as a step can give it.

    Attributes:
        output: None where it abstains.
        guess: the likeliest output.
        confidence: probability that the guess is right.
        abstention: why there is no output.
        proof: for its checker; None without one.
        alternatives: labels one of which is right.
        citations: of documents, that of the answer first.
        note: one line for people.
    """

    output: dict[str, Any] | None = None
    guess: dict[str, Any] | None = None
    confidence: float = 0.0
    abstention: str = ""
    proof: dict[str, Any] | None = None
    alternatives: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if (self.output is None) != bool(self.abstention):
            raise ValueError("a draft has an output, or an abstention with its reason; never both or neither")
