"""Tokens that patterns are over: words in lower case with their places, a number with its separators one of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from proveout.families._spans import Token, tokenise

__all__ = ["Words", "is_number", "words_of"]

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


class Words(NamedTuple):
    """The tokens of a text.

    Attributes:
        words: in lower case.
        places: of each, first character and the one after the last.
    """

    words: tuple[str, ...]
    places: tuple[Token, ...]

    def span(self, first: int, stop: int) -> tuple[int, int]:
        """Characters of the tokens from ``first`` to before ``stop``."""
        return self.places[first].start, self.places[stop - 1].end


def words_of(text: str) -> Words:
    """The tokens of a text, a number such as ``1,299.00`` or ``5:30`` as one.

    Example:
        >>> words_of("Pay $1,299.00 at 5pm").words
        ('pay', '$', '1,299.00', 'at', '5', 'pm')
    """
    ends = {found.start(): found.end() for found in NUMBER.finditer(text)}
    places: list[Token] = []
    for token in tokenise(text):
        if places and token.end <= ends.get(places[-1].start, 0):
            places[-1] = Token(places[-1].start, token.end)
        else:
            places.append(token)
    return Words(tuple(text[start:end].lower() for start, end in places), tuple(places))


def is_number(word: str) -> bool:
    """Whether a token is digits, perhaps with separators."""
    return NUMBER.fullmatch(word) is not None
