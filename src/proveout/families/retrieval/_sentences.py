"""The sentence of some passages that answers a question best."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.families._embedders import Embedder
    from proveout.families.retrieval._documents import Hit

    Array = np.ndarray[Any, Any]

__all__ = ["FEATURES", "Sentence", "SentenceVectors", "described", "normalised", "sentences"]

# A full stop, question or exclamation mark, perhaps closed by quotes, before white space; or a line's end.
BOUNDARY = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=\S)|\n+")
WORD = re.compile(r"\w+")
ARTICLES = {"a", "an", "the"}
FEATURES = ("cosine", "words shared", "passage rank", "passage score")


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of a passage, at characters ``start`` to ``end`` of the document's text."""

    text: str
    start: int
    end: int
    hit: int


def sentences(hits: Sequence[Hit]) -> list[Sentence]:
    """The sentences of passages, in order; overlapping passages give a sentence once."""
    found: dict[tuple[str, int, int], Sentence] = {}
    for at, hit in enumerate(hits):
        for start, end in _spans(hit.text):
            text = hit.text[start:end]
            if WORD.search(text):
                place = (hit.version, hit.start + start, hit.start + end)
                found.setdefault(place, Sentence(text, place[1], place[2], at))
    return list(found.values())


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for boundary in BOUNDARY.finditer(text):
        yield start, boundary.start()
        start = boundary.end()
    yield start, len(text)


def normalised(text: str) -> list[str]:
    """Words as SQuAD compares them: lower case, without punctuation and articles (Rajpurkar et al. 2016).

    Example:
        >>> normalised("The cat, sat.")
        ['cat', 'sat']
    """
    return [word for word in WORD.findall(text.lower()) if word not in ARTICLES]


class SentenceVectors:
    """Vectors of sentences, computed once each; the oldest are forgotten when there are too many."""

    def __init__(self, embedder: Embedder, most: int = 100_000) -> None:
        self._embedder = embedder
        self._most = most
        self._known: dict[str, Array] = {}

    def cosines(self, question: str, found: Sequence[Sentence]) -> Array:
        """Cosine of each sentence with the question, shape (sentences,)."""
        new = sorted({one.text for one in found} - self._known.keys())
        vectors = _dense(self._embedder.embed([question, *new]))
        self._known.update(zip(new, vectors[1:], strict=True))
        cosines = np.stack([self._known[one.text] for one in found]) @ vectors[0]
        for text in list(self._known)[: max(0, len(self._known) - self._most)]:
            del self._known[text]
        return np.asarray(cosines, dtype=np.float64)


def _dense(vectors: Any) -> Array:
    return np.asarray(vectors.toarray() if hasattr(vectors, "toarray") else vectors)


def described(question: str, found: Sequence[Sentence], hits: Sequence[Hit], vectors: SentenceVectors) -> Array:
    """What speaks for each sentence, shape (sentences, 4), columns as `FEATURES` names them.

    Rare words count more: a word's weight is its inverse frequency among these sentences.
    """
    asked = set(normalised(question))
    bags = [set(normalised(one.text)) for one in found]
    weights = {word: np.log((1 + len(bags)) / (1 + sum(word in bag for bag in bags))) + 1 for word in asked}
    total = sum(weights.values()) or 1.0
    shared = [sum(weights[word] for word in asked & bag) / total for bag in bags]
    best = max((hit.score for hit in hits), default=1.0) or 1.0
    ranks = [1 / (1 + one.hit) for one in found]
    scores = [hits[one.hit].score / best for one in found]
    return np.column_stack([vectors.cosines(question, found), shared, ranks, scores])
