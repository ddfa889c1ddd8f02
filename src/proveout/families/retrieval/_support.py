"""Whether passages support a sentence that a model wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families.retrieval._sentences import Sentence, normalised, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.families.retrieval._documents import Hit
    from proveout.families.retrieval._reader import LookedUp
    from proveout.families.retrieval._sentences import SentenceVectors

    Array = np.ndarray[Any, Any]

__all__ = ["FEATURES", "WEIGHTS", "Support", "claims_of", "support"]

FEATURES = ("words", "numbers", "names", "question words", "cosine")
# They add up to 1. Set by hand and stated in the card: a SelectSplit has rows enough for a threshold, not for these.
WEIGHTS = (0.4, 0.1, 0.1, 0.15, 0.25)
DIGITS = 4
# A claim of fewer words is read together with its question.
SHORT = 3
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NAME = re.compile(r"(?<=\s)[A-Z][\w'-]+")
NEGATION = re.compile(
    r"\b(?:not(?! only)|no|never|none|neither|nor|cannot|without|nobody|nothing|nowhere)\b|n['\u2019]t\b", re.IGNORECASE
)
_UNITS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SPELLED = {word: str(value) for value, word in enumerate(_UNITS, start=2)}
SPELLED |= {word: str(10 * value) for value, word in enumerate(_TENS, start=2)}
ENDINGS = ("ingly", "edly", "ing", "ed", "es", "s")
STOP = frozenset(
    [
        "about",
        "after",
        "all",
        "also",
        "am",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "before",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "him",
        "his",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "may",
        "me",
        "might",
        "more",
        "most",
        "must",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "s",
        "she",
        "should",
        "so",
        "some",
        "such",
        "t",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "up",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "yes",
        "you",
        "your",
    ]
)


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """How well the best place of the passages supports a claim.

    Attributes:
        score: from 0 to 1.
        problem: why it is not supported whatever its score; "" when there is no such reason.
        doubt: why a place of a higher score does not count; "" when there is none.
        hit: the passage of the best place.
        start: its first character in the document's text.
        end: one past its last.
    """

    score: float = 0.0
    problem: str = ""
    doubt: str = ""
    hit: int = 0
    start: int = 0
    end: int = 0


class _Facts(msgspec.Struct, frozen=True):
    """What a text says, as far as words tell."""

    words: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    negated: bool

    @property
    def terms(self) -> frozenset[str]:
        return self.words | self.numbers


class _Place(msgspec.Struct, frozen=True):
    """One sentence, or two that follow each other, with the largest cosine to the claim."""

    sentences: tuple[Sentence, ...]
    cosine: float


def claims_of(text: str) -> list[str]:
    """The sentences of a text.

    Example:
        >>> claims_of("It is 12 km long. It is deep.")
        ['It is 12 km long.', 'It is deep.']
    """
    return [text[start:end] for start, end in spans(text)]


def support(question: str, claim: str, looked: LookedUp, vectors: SentenceVectors) -> Support:
    """The best place for a claim among sentences, and pairs of neighbours, of the passages found for the question.

    A place does not count when it lacks a number of the claim, when its passage and the question lack one of its
    names, or when its nearest sentence is negated and the claim is not, or the other way round. The check is lexical
    but for the cosine: opposites without a negation ("rose", "fell") may pass, and a free paraphrase may fail.
    """
    said = _facts(claim)
    if not said.terms:
        return Support(problem="nothing in it can be checked")
    if not looked.sentences:
        return Support(problem="there are no passages")
    asked = _facts(question)
    read = f"{question} {claim}" if len(said.terms) < SHORT else claim
    cosines = vectors.cosines(read, [one.text for one in looked.sentences])
    judged = [
        _judged(said, asked, place, looked.hits[place.sentences[0].hit]) for place in _places(looked.sentences, cosines)
    ]
    # The shorter of two equal places comes first.
    best = max(judged, key=lambda one: (not one.problem, one.score, one.start - one.end))
    nearest = max(judged, key=lambda one: one.score)
    if best.problem:
        return _absent(said, asked, looked.hits, best)
    return msgspec.structs.replace(best, doubt=nearest.problem)


def _judged(said: _Facts, asked: _Facts, place: _Place, hit: Hit) -> Support:
    parts = [_facts(one.text) for one in place.sentences]
    numbers = frozenset().union(*(one.numbers for one in parts))
    terms = frozenset().union(*(one.terms for one in parts))
    nearest = max(parts, key=lambda one: len(one.terms & said.terms))
    known = _facts(hit.text).words | asked.words
    features = (
        _share(said.terms, terms),
        _share(said.numbers, numbers),
        _share(said.names, terms),
        _share(asked.terms, nearest.terms),
        place.cosine,
    )
    score = round(min(1.0, max(0.0, float(np.dot(WEIGHTS, features)))), DIGITS)
    problems = (
        (said.numbers - numbers, "its numbers are not where the rest of it stands"),
        (said.names - known, "its names are not where the rest of it stands"),
        (said.negated != nearest.negated, "the documents say it with, or without, a negation"),
    )
    return Support(
        score=score,
        problem=next((why for wrong, why in problems if wrong), ""),
        hit=place.sentences[0].hit,
        start=place.sentences[0].start,
        end=place.sentences[-1].end,
    )


def _absent(said: _Facts, asked: _Facts, hits: Sequence[Hit], best: Support) -> Support:
    """``best`` with the plainer reason where a number or a name is in no passage at all."""
    every = [_facts(hit.text) for hit in hits]
    known = frozenset().union(asked.words, *(one.words for one in every))
    numbers = sorted(said.numbers.difference(*(one.numbers for one in every)))
    names = sorted(said.names - known)
    missing = (("the number", numbers), ("the name", names))
    why = next((f"{what} {found[0]} is in no passage" for what, found in missing if found), best.problem)
    return msgspec.structs.replace(best, problem=why)


def _places(found: Sequence[Sentence], cosines: Array) -> Iterator[_Place]:
    for at, one in enumerate(found):
        yield _Place((one,), float(cosines[at]))
        if at + 1 < len(found) and found[at + 1].hit == one.hit and found[at + 1].start >= one.end:
            yield _Place((one, found[at + 1]), float(cosines[at : at + 2].max()))


def _facts(text: str) -> _Facts:
    words = normalised(text)
    numbers = {_value(one) for one in NUMBER.findall(text)} | {SPELLED[word] for word in words if word in SPELLED}
    plain = (word for word in words if word not in STOP and word not in SPELLED and not word[0].isdigit())
    named = (part for one in NAME.findall(text) for part in normalised(one))
    names = (_stem(part) for part in named if part not in STOP and part not in SPELLED)
    return _Facts(
        words=frozenset(_stem(word) for word in plain),
        numbers=frozenset(numbers),
        names=frozenset(names),
        negated=NEGATION.search(text) is not None,
    )


def _value(number: str) -> str:
    """One spelling of a number: no commas between thousands, no zeros that say nothing.

    Example:
        >>> _value("1,200"), _value("3.50"), _value("2,5")
        ('1200', '3.5', '2.5')
    """
    plain = re.sub(r",(?=\d{3}(?!\d))", "", number).replace(",", ".")
    return plain.rstrip("0").rstrip(".") if plain.count(".") == 1 else plain


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORT:
            return word[: -len(ending)]
    return word


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part & whole) / len(part) if part else 1.0
