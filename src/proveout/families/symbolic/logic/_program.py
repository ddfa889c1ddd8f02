"""What a text says, as facts and rules over literals."""

from __future__ import annotations

from typing import Literal as Choice

import msgspec

__all__ = ["ANYBODY", "Literal", "Program", "Rule", "Sentence", "Statement", "Truth", "World", "instance"]

World = Choice["open", "closed"]
Truth = Choice["true", "false", "unknown", "contradictory"]

# The one variable a sentence can have. No name of a text looks like it: a name begins with a letter or digit.
ANYBODY = "?x"


class Literal(msgspec.Struct, frozen=True, order=True):
    """A predicate of one or two arguments, or its negation.

    Attributes:
        predicate: ``is kind`` for an adjective, ``is a cat`` for a noun, ``chase`` for a verb, in lower case.
        args: who it is about, then whom a verb concerns; ``?x`` stands for anybody.
        positive: False for the negation.

    Example:
        >>> print(Literal("chase", ("the cat", "anne"), False))
        not: the cat chase anne
    """

    predicate: str
    args: tuple[str, ...]
    positive: bool = True

    def denied(self) -> Literal:
        """The negation; the negation of that is the literal again."""
        return Literal(self.predicate, self.args, not self.positive)

    def __str__(self) -> str:
        said = f"{self.args[0]} {' '.join((self.predicate, *self.args[1:]))}"
        return said if self.positive else f"not: {said}"


class Sentence(msgspec.Struct, frozen=True):
    """A sentence at characters ``start`` to ``end`` of its text, its full stop included."""

    text: str
    start: int
    end: int


class Rule(msgspec.Struct, frozen=True):
    """What a sentence says: the head follows from the body; a fact has no body and no variable.

    Attributes:
        head: what follows.
        body: what it follows from.
        sentence: index of the sentence that says so.
    """

    head: Literal
    body: tuple[Literal, ...]
    sentence: int

    @property
    def has_variable(self) -> bool:
        """Whether it is about anybody."""
        return any(ANYBODY in literal.args for literal in (self.head, *self.body))


class Program(msgspec.Struct, frozen=True):
    """All that a text says.

    Attributes:
        text: the text, to which sentences refer.
        sentences: its sentences, in order.
        rules: what they say, facts included, in order of the sentences.
        names: everyone and everything that is named, sorted: what a variable ranges over.
        compounds: kinds named by several words, ``is a painted lady``, of which the text also uses the last word alone.
    """

    text: str
    sentences: tuple[Sentence, ...]
    rules: tuple[Rule, ...]
    names: tuple[str, ...]
    compounds: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True):
    """A statement to be judged: all of its literals hold, and none has a variable."""

    text: str
    literals: tuple[Literal, ...]


def instance(literal: Literal, name: str) -> Literal:
    """The literal with ``name`` in place of the variable.

    Example:
        >>> instance(Literal("is kind", ("?x",)), "anne").args
        ('anne',)
    """
    if ANYBODY not in literal.args:
        return literal
    return Literal(literal.predicate, tuple(name if arg == ANYBODY else arg for arg in literal.args), literal.positive)
