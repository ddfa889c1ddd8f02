"""Words of a text with their places, sentences and the spelling they were meant to have."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Word", "repair_table", "repaired", "words_of"]

# Numbers with their separators, words with inner apostrophes, and the signs that the grammars read.
PIECE = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[$€£#%/-]|[.!?;\n]+|[,:(]")
BREAK = frozenset(".!?;\n")
CLAUSE = frozenset(",:(")
SHORTEST_REPAIRED = 4
# A longer text is read to here; nobody writes so much to state a fact.
MOST_CHARACTERS = 20_000


class Word(NamedTuple):
    """One word, number or sign.

    Attributes:
        text: lower-cased, with a straight apostrophe.
        start: first character.
        end: exclusive.
        sentence: number of the sentence it is in.
        clause: number of the clause, counted through the text.
    """

    text: str
    start: int
    end: int
    sentence: int
    clause: int


# The readers of one text share its words.
@lru_cache(maxsize=1)
def words_of(text: str) -> tuple[Word, ...]:
    """The words; sentences end at ``.!?;``, a line break or a free-standing dash, clauses at commas and colons too.

    Example:
        >>> [(word.text, word.sentence) for word in words_of("Paid $24.99. It's broken")]
        [('paid', 0), ('$', 0), ('24.99', 0), ("it's", 1), ('broken', 1)]
    """
    words: list[Word] = []
    sentence = clause = 0
    for found in PIECE.finditer(text[:MOST_CHARACTERS]):
        piece = found[0]
        if piece[0] in BREAK:
            sentence, clause = sentence + 1, clause + 1
        elif piece in CLAUSE:
            clause += 1
        elif piece != "-":
            start, end = found.span()
            words.append(Word(piece.lower().replace("\u2019", "'"), start, end, sentence, clause))
        elif _is_free(text, found.start()):
            sentence, clause = sentence + 1, clause + 1
    return tuple(words)


def _is_free(text: str, at: int) -> bool:
    """Whether nothing stands beside a character."""
    return (text[max(at - 1, 0) : at] + text[at + 1 : at + 2]).strip() == ""


def repair_table(vocabulary: Iterable[str]) -> dict[str, str]:
    """By misspelling, the one word of a vocabulary that it can come from.

    A misspelling drops a letter, doubles one or swaps two, and keeps the first; of letters alone, since another number
    is another fact. Where it may come from two words, it comes from none (Damerau 1964, less substitutions, which turn
    one word into another too often).

    Example:
        >>> table = repair_table(["order", "photo"])
        >>> table["oredr"], table["phto"], table.get("older")
        ('order', 'photo', None)
    """
    known = {word for word in vocabulary if word.isalpha()}
    found: dict[str, str | None] = {}
    for word in sorted(known):
        for wrong in _misspellings(word) - known:
            found[wrong] = word if found.get(wrong, word) == word else None
    return {wrong: word for wrong, word in found.items() if word is not None}


def _misspellings(word: str) -> set[str]:
    at = range(1, len(word))
    dropped = {word[:i] + word[i + 1 :] for i in at}
    doubled = {word[:i] + word[i - 1] + word[i:] for i in range(1, len(word) + 1)}
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1)}
    return {one for one in dropped | doubled | swapped if len(one) >= SHORTEST_REPAIRED}


def repaired(words: Sequence[Word], table: Mapping[str, str]) -> list[Word]:
    """The words as they were meant; their places stay.

    Example:
        >>> [word.text for word in repaired(words_of("my oredr"), {"oredr": "order"})]
        ['my', 'order']
    """
    return [word._replace(text=table[word.text]) if word.text in table else word for word in words]
