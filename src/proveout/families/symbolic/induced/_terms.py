"""Terms: words of a text and runs of them."""

from __future__ import annotations

import re

__all__ = ["LONGEST", "terms_of", "words_in"]

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
LONGEST = 3

Span = tuple[int, int]


def words_in(text: str) -> list[tuple[str, int, int]]:
    """Words in lower case with their places.

    Example:
        >>> words_in("What's my balance?")
        [("what's", 0, 6), ('my', 7, 9), ('balance', 10, 17)]
    """
    found = WORD.finditer(text)
    return [(one.group().lower().replace("\u2019", "'"), one.start(), one.end()) for one in found]


def terms_of(text: str) -> dict[str, Span]:
    """Runs of up to three words, and where each first stands.

    Example:
        >>> sorted(terms_of("my bank account"))
        ['account', 'bank', 'bank account', 'my', 'my bank', 'my bank account']
    """
    words = words_in(text)
    found: dict[str, Span] = {}
    for at, (_, start, _) in enumerate(words):
        for stop in range(at + 1, min(at + LONGEST, len(words)) + 1):
            name = " ".join(word for word, _, _ in words[at:stop])
            found.setdefault(name, (start, words[stop - 1][2]))
    return found
